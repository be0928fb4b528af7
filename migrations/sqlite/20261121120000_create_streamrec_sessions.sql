-- Sessions of StreamRec clients and of the supervisors that watch them. state is CREATED until its client has sent an
-- offer. opened_at is when its socket was opened; supervisors counts those of a client that have not ended. key_id is
-- the master key that its token came from. webhook_url is where its end is told.
CREATE TABLE streamrec_sessions (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    generation TEXT NOT NULL,
    client_id TEXT NOT NULL,
    monitored_id TEXT,
    node_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    state TEXT NOT NULL,
    termination_cause TEXT,
    supervisors BIGINT NOT NULL DEFAULT 0,
    webhook_url TEXT,
    sdk_version TEXT,
    created_at BIGINT NOT NULL,
    opened_at BIGINT,
    started_at BIGINT,
    stopped_at BIGINT,
    CONSTRAINT streamrec_sessions_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT streamrec_sessions_id_key UNIQUE (id),
    CONSTRAINT streamrec_sessions_application_fkey
        FOREIGN KEY (org_id, application_id) REFERENCES applications (org_id, id),
    CONSTRAINT streamrec_sessions_monitored_fkey
        FOREIGN KEY (org_id, monitored_id) REFERENCES streamrec_sessions (org_id, id),
    CONSTRAINT streamrec_sessions_kind_known CHECK (kind IN ('client', 'supervisor')),
    CONSTRAINT streamrec_sessions_generation_known CHECK (generation IN ('v1', 'v2')),
    CONSTRAINT streamrec_sessions_monitors CHECK ((kind = 'supervisor') = (monitored_id IS NOT NULL)),
    CONSTRAINT streamrec_sessions_state_known CHECK (state IN ('CREATED', 'ACTIVE', 'TERMINATED')),
    CONSTRAINT streamrec_sessions_end_caused CHECK ((state = 'TERMINATED') = (termination_cause IS NOT NULL)),
    CONSTRAINT streamrec_sessions_supervisors_bounded CHECK (supervisors BETWEEN 0 AND 3)
);

-- One session of a client at a time, and one of a supervisor.
CREATE UNIQUE INDEX streamrec_sessions_live_key ON streamrec_sessions (org_id, application_id, kind, client_id)
    WHERE state <> 'TERMINATED';

CREATE INDEX streamrec_sessions_application_idx ON streamrec_sessions (org_id, application_id, kind, id);
CREATE INDEX streamrec_sessions_live_idx ON streamrec_sessions (node_id) WHERE state <> 'TERMINATED';
CREATE INDEX streamrec_sessions_monitored_idx ON streamrec_sessions (org_id, monitored_id);

-- Tokens that work no longer although they have not expired: the one of this name, or all of a client up to then.
CREATE TABLE streamrec_revocations (
    org_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    revoked_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT streamrec_revocations_pkey PRIMARY KEY (org_id, application_id, subject),
    CONSTRAINT streamrec_revocations_application_fkey
        FOREIGN KEY (org_id, application_id) REFERENCES applications (org_id, id)
);

CREATE INDEX streamrec_revocations_expires_idx ON streamrec_revocations (expires_at);
