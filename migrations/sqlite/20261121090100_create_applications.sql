-- What an org configures: its storage and its applications.

CREATE TABLE storages (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    bucket TEXT NOT NULL,
    validated_at BIGINT,
    steps TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT storages_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT storages_org_key UNIQUE (org_id),
    CONSTRAINT storages_org_fkey FOREIGN KEY (org_id) REFERENCES orgs (id),
    CONSTRAINT storages_kind_known CHECK (kind IN ('embedded'))
);

-- The checks repeat the rule that recording needs relay, so no path can write the contradiction.
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
    webhook_url TEXT,
    webhook_secret TEXT,
    created_at BIGINT NOT NULL,
    CONSTRAINT applications_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT applications_id_key UNIQUE (id),
    CONSTRAINT applications_name_key UNIQUE (org_id, name),
    CONSTRAINT applications_org_fkey FOREIGN KEY (org_id) REFERENCES orgs (id),
    CONSTRAINT applications_retention_bounded CHECK (retention_days BETWEEN 1 AND 3650),
    CONSTRAINT applications_link_validity_bounded CHECK (link_validity_seconds BETWEEN 3600 AND 31536000),
    CONSTRAINT applications_recording_needs_relay CHECK (relay OR NOT recording),
    CONSTRAINT applications_webhook_whole CHECK ((webhook_url IS NULL) = (webhook_secret IS NULL))
);

CREATE TABLE app_keys (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    CONSTRAINT app_keys_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT app_keys_id_key UNIQUE (id),
    CONSTRAINT app_keys_application_fkey FOREIGN KEY (org_id, application_id) REFERENCES applications (org_id, id)
);

CREATE INDEX app_keys_application_idx ON app_keys (org_id, application_id);
