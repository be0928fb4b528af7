-- Background work and mails. claims counts up with every claim and fences late workers; a job with a
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
