-- Background work and what it delivers. claims counts up with every claim and fences late workers; a job with a
-- unique_key exists once.

CREATE TABLE jobs (
    id TEXT NOT NULL,
    org_id TEXT,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    lane TEXT NOT NULL,
    unique_key TEXT,
    state TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    claims BIGINT NOT NULL,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    CONSTRAINT jobs_pkey PRIMARY KEY (id),
    CONSTRAINT jobs_unique_key UNIQUE (unique_key),
    CONSTRAINT jobs_state_known CHECK (state IN ('waiting', 'dead'))
);

CREATE INDEX jobs_due_idx ON jobs (lane, due_at) WHERE state = 'waiting';

CREATE TABLE messages (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    event TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    delivered_at BIGINT,
    CONSTRAINT messages_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT messages_application_fkey FOREIGN KEY (org_id, application_id) REFERENCES applications (org_id, id)
);

CREATE INDEX messages_application_idx ON messages (org_id, application_id, id);

CREATE TABLE deliveries (
    org_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    at BIGINT NOT NULL,
    delivered BOOLEAN NOT NULL,
    status BIGINT,
    latency_ms BIGINT NOT NULL,
    answer TEXT NOT NULL,
    next_at BIGINT,
    CONSTRAINT deliveries_pkey PRIMARY KEY (org_id, message_id, attempt),
    CONSTRAINT deliveries_message_fkey FOREIGN KEY (org_id, message_id) REFERENCES messages (org_id, id)
);
CREATE INDEX deliveries_at_idx ON deliveries (org_id, at);

CREATE TABLE mails (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    text_body TEXT NOT NULL,
    html_body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    sent_at BIGINT,
    CONSTRAINT mails_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT mails_org_fkey FOREIGN KEY (org_id) REFERENCES orgs (id)
);
