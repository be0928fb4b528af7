-- Recordings. capture_key is NULL once the recording has ended: that erases the capture. seen_at is the last time
-- the node said it has the capture; the lease is counted from there.

CREATE TABLE recordings (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    storage_id TEXT NOT NULL,
    room TEXT NOT NULL,
    peer_id TEXT NOT NULL,
    node_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    state TEXT NOT NULL,
    stop_cause TEXT,
    failure_cause TEXT,
    failure_detail TEXT,
    capture_key TEXT,
    max_duration_seconds BIGINT NOT NULL,
    idle_timeout_seconds BIGINT NOT NULL,
    bucket TEXT NOT NULL,
    object_key TEXT NOT NULL,
    upload_id TEXT,
    upload_parts TEXT,
    duration_ms BIGINT,
    bytes BIGINT,
    width BIGINT,
    height BIGINT,
    approximate_sync BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    stopped_at BIGINT,
    ready_at BIGINT,
    changed_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    CONSTRAINT recordings_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT recordings_id_key UNIQUE (id),
    CONSTRAINT recordings_request_key UNIQUE (node_id, request_id),
    CONSTRAINT recordings_application_fkey FOREIGN KEY (org_id, application_id) REFERENCES applications (org_id, id),
    CONSTRAINT recordings_storage_fkey FOREIGN KEY (org_id, storage_id) REFERENCES storages (org_id, id),
    CONSTRAINT recordings_state_known
        CHECK (state IN ('requested', 'recording', 'stopping', 'mixing', 'uploading', 'ready', 'failed')),
    CONSTRAINT recordings_failure_named CHECK ((state = 'failed') = (failure_cause IS NOT NULL)),
    CONSTRAINT recordings_key_erased CHECK (capture_key IS NULL OR state NOT IN ('ready', 'failed'))
);

-- One recording at a time in a room; the next may start while this one is mixed.
CREATE UNIQUE INDEX recordings_active_room ON recordings (org_id, application_id, room)
    WHERE state IN ('requested', 'recording');

CREATE INDEX recordings_unfinished_idx ON recordings (id) WHERE state NOT IN ('ready', 'failed');
CREATE INDEX recordings_application_idx ON recordings (org_id, application_id, id);
