-- Recordings that go to an address of their client's choice instead of a storage; bucket is the host of that address.
-- SQLite changes a column by copying the table, and with it the one that refers to it.
CREATE TABLE recordings_new (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    storage_id TEXT,
    room TEXT NOT NULL,
    peer_id TEXT,
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
    held_since BIGINT,
    uploads BIGINT NOT NULL DEFAULT 0,
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
    legal_hold TEXT,
    delete_requested_at BIGINT,
    delete_cause TEXT,
    delete_attempt_until BIGINT,
    delete_problem TEXT,
    deleted_at BIGINT,
    poster BOOLEAN NOT NULL DEFAULT FALSE,
    CONSTRAINT recordings_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT recordings_id_key UNIQUE (id),
    CONSTRAINT recordings_request_key UNIQUE (node_id, request_id),
    CONSTRAINT recordings_application_fkey FOREIGN KEY (org_id, application_id) REFERENCES applications (org_id, id),
    CONSTRAINT recordings_storage_fkey FOREIGN KEY (org_id, storage_id) REFERENCES storages (org_id, id),
    CONSTRAINT recordings_state_known
        CHECK (state IN ('requested', 'recording', 'stopping', 'mixing', 'uploading', 'ready', 'failed')),
    CONSTRAINT recordings_failure_named CHECK ((state = 'failed') = (failure_cause IS NOT NULL)),
    CONSTRAINT recordings_key_erased CHECK (capture_key IS NULL OR state NOT IN ('ready', 'failed')),
    CONSTRAINT recordings_delete_cause_known CHECK (delete_cause IN ('requested', 'retention')),
    CONSTRAINT recordings_delete_caused CHECK ((delete_requested_at IS NULL) = (delete_cause IS NULL)),
    CONSTRAINT recordings_delete_after_end CHECK (delete_requested_at IS NULL OR state IN ('ready', 'failed')),
    CONSTRAINT recordings_hold_keeps CHECK (legal_hold IS NULL OR delete_requested_at IS NULL)
);

INSERT INTO recordings_new SELECT * FROM recordings;
CREATE TABLE link_uses_new (
    org_id TEXT NOT NULL,
    link_hash TEXT NOT NULL,
    recording_id TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    uses BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    audited_at BIGINT,
    CONSTRAINT link_uses_pkey PRIMARY KEY (org_id, link_hash),
    CONSTRAINT link_uses_recording_fkey FOREIGN KEY (org_id, recording_id) REFERENCES recordings_new (org_id, id)
);

INSERT INTO link_uses_new SELECT * FROM link_uses;
DROP TABLE link_uses;
DROP TABLE recordings;
ALTER TABLE recordings_new RENAME TO recordings;
ALTER TABLE link_uses_new RENAME TO link_uses;

-- One recording at a time in a room; the next may start while this one is mixed.
CREATE UNIQUE INDEX recordings_active_room ON recordings (org_id, application_id, room)
    WHERE state IN ('requested', 'recording');

CREATE INDEX recordings_unfinished_idx ON recordings (id) WHERE state NOT IN ('ready', 'failed');
CREATE INDEX recordings_kept_idx ON recordings (org_id, application_id, ready_at)
    WHERE state = 'ready' AND delete_requested_at IS NULL AND legal_hold IS NULL;
CREATE INDEX recordings_deleting_idx ON recordings (id) WHERE delete_requested_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX recordings_application_idx ON recordings (org_id, application_id, id);

CREATE INDEX link_uses_expires_idx ON link_uses (expires_at);

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
