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

-- A mail with a link that only its reader may have keeps text and HTML in sealed_body, which is NULL again once the
-- mail was sent or the link has ended (expires_at). problem is what the mail server said last; next_at is when it is
-- asked again.
CREATE TABLE mails (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    text_body TEXT NOT NULL,
    html_body TEXT NOT NULL,
    sealed_body TEXT,
    unsubscribe_url TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    sent_at BIGINT,
    failed_at BIGINT,
    problem TEXT,
    next_at BIGINT,
    CONSTRAINT mails_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT mails_org_fkey FOREIGN KEY (org_id) REFERENCES orgs (id),
    CONSTRAINT mails_one_end CHECK (sent_at IS NULL OR failed_at IS NULL)
);

CREATE INDEX mails_sealed_idx ON mails (expires_at) WHERE sealed_body IS NOT NULL;
