-- Whether there is a picture of the recording beside its object, under the object's key and .jpg.
ALTER TABLE recordings ADD COLUMN poster BOOLEAN NOT NULL DEFAULT FALSE;
