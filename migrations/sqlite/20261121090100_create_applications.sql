-- What an org configures: its storage and its applications.

-- target and options are JSON; secret is sealed. failing_since is when requests began to fail in a way that may pass;
-- degraded_at is when recordings began to be held; refusals is how often that happened since one was delivered.
CREATE TABLE storages (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    standing TEXT NOT NULL,
    target TEXT NOT NULL,
    options TEXT NOT NULL,
    secret TEXT,
    revision BIGINT NOT NULL,
    validated_at BIGINT,
    checked_at BIGINT,
    failing_since BIGINT,
    degraded_at BIGINT,
    degraded_reason TEXT,
    refusals BIGINT NOT NULL DEFAULT 0,
    removed_at BIGINT,
    created_at BIGINT NOT NULL,
    CONSTRAINT storages_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT storages_org_fkey FOREIGN KEY (org_id) REFERENCES orgs (id),
    CONSTRAINT storages_kind_known CHECK (kind IN ('embedded', 'aws_keys', 'aws_role', 's3_compatible')),
    CONSTRAINT storages_standing_known CHECK (standing IN ('primary', 'second', 'spare')),
    CONSTRAINT storages_removed_is_spare CHECK (removed_at IS NULL OR (standing = 'spare' AND secret IS NULL)),
    CONSTRAINT storages_degraded_named CHECK ((degraded_at IS NULL) = (degraded_reason IS NULL))
);

CREATE UNIQUE INDEX storages_standing_key ON storages (org_id, standing) WHERE standing <> 'spare';

-- The checks repeat the rule that recording needs relay, so no path can write the contradiction. storage_id is NULL
-- for the org's primary storage.
CREATE TABLE applications (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    relay BOOLEAN NOT NULL,
    recording BOOLEAN NOT NULL,
    revision BIGINT NOT NULL,
    max_duration_seconds BIGINT NOT NULL,
    idle_timeout_seconds BIGINT NOT NULL,
    allowed_origins TEXT NOT NULL,
    retention_days BIGINT,
    link_validity_seconds BIGINT NOT NULL DEFAULT 604800,
    storage_id TEXT,
    created_at BIGINT NOT NULL,
    CONSTRAINT applications_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT applications_id_key UNIQUE (id),
    CONSTRAINT applications_name_key UNIQUE (org_id, name),
    CONSTRAINT applications_org_fkey FOREIGN KEY (org_id) REFERENCES orgs (id),
    CONSTRAINT applications_retention_bounded CHECK (retention_days BETWEEN 1 AND 3650),
    CONSTRAINT applications_link_validity_bounded CHECK (link_validity_seconds BETWEEN 3600 AND 31536000),
    CONSTRAINT applications_storage_fkey FOREIGN KEY (org_id, storage_id) REFERENCES storages (org_id, id),
    CONSTRAINT applications_recording_needs_relay CHECK (relay OR NOT recording)
);

-- Whom mails about an application's recordings go to. Who unsubscribed stays, so that nobody adds them again unseen.
CREATE TABLE mail_addresses (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    email TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    unsubscribed_at BIGINT,
    CONSTRAINT mail_addresses_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT mail_addresses_id_key UNIQUE (id),
    CONSTRAINT mail_addresses_email_key UNIQUE (org_id, application_id, email),
    CONSTRAINT mail_addresses_application_fkey
        FOREIGN KEY (org_id, application_id) REFERENCES applications (org_id, id)
);

CREATE TABLE app_keys (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    secret TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    CONSTRAINT app_keys_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT app_keys_id_key UNIQUE (id),
    CONSTRAINT app_keys_application_fkey FOREIGN KEY (org_id, application_id) REFERENCES applications (org_id, id)
);

CREATE INDEX app_keys_application_idx ON app_keys (org_id, application_id);

-- Runs through everything a recording needs of a storage. One at a time per storage.
CREATE TABLE validations (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL,
    storage_id TEXT NOT NULL,
    cause TEXT NOT NULL,
    state TEXT NOT NULL,
    steps TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    CONSTRAINT validations_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT validations_storage_fkey FOREIGN KEY (org_id, storage_id) REFERENCES storages (org_id, id),
    CONSTRAINT validations_cause_known CHECK (cause IN ('requested', 'daily', 'refused', 'recovery')),
    CONSTRAINT validations_state_known CHECK (state IN ('running', 'passed', 'failed')),
    CONSTRAINT validations_end_known CHECK ((state = 'running') = (finished_at IS NULL))
);

CREATE UNIQUE INDEX validations_running_idx ON validations (org_id, storage_id) WHERE state = 'running';
CREATE INDEX validations_storage_idx ON validations (org_id, storage_id, started_at);
