-- What a backend made for Temasys has set for an org by /rest/recording/notifications. The endpoints, addresses and the
-- storage that follow from it are ordinary ones. storage_pending: the storage becomes the primary one once it is proven.
CREATE TABLE temasys_settings (
    org_id TEXT NOT NULL,
    notify BOOLEAN NOT NULL,
    url TEXT,
    emails TEXT NOT NULL,
    s3_arn TEXT,
    storage_id TEXT,
    storage_pending BOOLEAN NOT NULL DEFAULT FALSE,
    CONSTRAINT temasys_settings_pkey PRIMARY KEY (org_id),
    CONSTRAINT temasys_settings_org_fkey FOREIGN KEY (org_id) REFERENCES orgs (id),
    CONSTRAINT temasys_settings_storage_fkey FOREIGN KEY (org_id, storage_id) REFERENCES storages (org_id, id),
    CONSTRAINT temasys_settings_storage_whole CHECK ((s3_arn IS NULL) = (storage_id IS NULL))
);
