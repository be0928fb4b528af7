-- Recordings that go to an address of their client's choice instead of a storage; bucket is the host of that address.
ALTER TABLE recordings ALTER COLUMN storage_id DROP NOT NULL;

-- Where they go. upload_url is sealed, and NULL once the recording has ended. refused_at and refused_status are of the
-- last time the address did not take the file, for good. Times are of the first picture in the file: when it was
-- written, and when it was captured by the client's clock.
CREATE TABLE upload_targets (
    org_id TEXT NOT NULL,
    recording_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    stream BIGINT NOT NULL,
    upload_url TEXT,
    webhook_url TEXT,
    refused_at BIGINT,
    refused_status BIGINT,
    first_frame_at BIGINT,
    first_captured_at BIGINT,
    CONSTRAINT upload_targets_pkey PRIMARY KEY (org_id, recording_id),
    CONSTRAINT upload_targets_recording_fkey FOREIGN KEY (org_id, recording_id) REFERENCES recordings (org_id, id),
    CONSTRAINT upload_targets_session_fkey FOREIGN KEY (org_id, session_id) REFERENCES streamrec_sessions (org_id, id)
);

CREATE INDEX upload_targets_session_idx ON upload_targets (org_id, session_id);

-- Endpoints that a request named, as opposed to those that an application lists.
ALTER TABLE webhook_endpoints ADD COLUMN requested BOOLEAN NOT NULL DEFAULT FALSE;
CREATE UNIQUE INDEX webhook_endpoints_requested_key ON webhook_endpoints (org_id, application_id, url)
    WHERE requested AND removed_at IS NULL;
