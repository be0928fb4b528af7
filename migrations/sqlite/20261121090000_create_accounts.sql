-- Who may sign in, to which org. Times are Unix milliseconds, ids their prefixed text form.

-- One row for each master key that seals or sealed here, sealed with that key: a start with other keys is refused.
CREATE TABLE key_checks (
    key_id TEXT NOT NULL,
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT key_checks_pkey PRIMARY KEY (key_id)
);

-- Keys of the installation that outlive a master key: random, sealed like every other secret.
CREATE TABLE installation_keys (
    name TEXT NOT NULL,
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT installation_keys_pkey PRIMARY KEY (name)
);

-- external_id is what customers' roles ask of us (sts:ExternalId): made once, never chosen, never changed.
-- audit_sequence and audit_hash are the end of the org's audit chain; updating them serialises its writers.
CREATE TABLE orgs (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    plan TEXT NOT NULL,
    external_id TEXT NOT NULL,
    audit_sequence BIGINT NOT NULL DEFAULT 0,
    audit_hash TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    CONSTRAINT orgs_pkey PRIMARY KEY (id),
    CONSTRAINT orgs_external_id_key UNIQUE (external_id),
    CONSTRAINT orgs_plan_known CHECK (plan IN ('free', 'pro'))
);

-- email_verified_at is when somebody first proved to read what is sent to the address.
CREATE TABLE users (
    id TEXT NOT NULL,
    email TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    email_verified_at BIGINT,
    created_at BIGINT NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_email_key UNIQUE (email)
);

CREATE TABLE members (
    org_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT members_pkey PRIMARY KEY (org_id, user_id),
    CONSTRAINT members_org_fkey FOREIGN KEY (org_id) REFERENCES orgs (id),
    CONSTRAINT members_user_fkey FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT members_role_known CHECK (role IN ('owner', 'admin', 'developer', 'viewer'))
);

CREATE INDEX members_user_idx ON members (user_id);

-- Who was asked to join and has not answered. The token is in the mail; only its hash is here.
CREATE TABLE invitations (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL,
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    invited_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT invitations_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT invitations_email_key UNIQUE (org_id, email),
    CONSTRAINT invitations_token_key UNIQUE (token_hash),
    CONSTRAINT invitations_org_fkey FOREIGN KEY (org_id) REFERENCES orgs (id),
    CONSTRAINT invitations_role_known CHECK (role IN ('owner', 'admin', 'developer', 'viewer'))
);

-- Links that a person was sent and has not used: one of each purpose, so a new one ends the one before.
CREATE TABLE user_tokens (
    user_id TEXT NOT NULL,
    purpose TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT user_tokens_pkey PRIMARY KEY (user_id, purpose),
    CONSTRAINT user_tokens_token_key UNIQUE (token_hash),
    CONSTRAINT user_tokens_user_fkey FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT user_tokens_purpose_known CHECK (purpose IN ('verify_email', 'reset_password'))
);

-- At most one row: the link printed at start while no owner exists.
CREATE TABLE setup_tokens (
    id BIGINT NOT NULL,
    token_hash TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT setup_tokens_pkey PRIMARY KEY (id),
    CONSTRAINT setup_tokens_single CHECK (id = 1)
);

-- Failed sign-ins, and requests for mails, by what they have in common (address, e-mail, both).
CREATE TABLE sign_in_failures (
    subject TEXT NOT NULL,
    failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL,
    CONSTRAINT sign_in_failures_pkey PRIMARY KEY (subject)
);

-- user_id is whose it is, once somebody has signed in.
CREATE TABLE sessions (
    id_hash TEXT NOT NULL,
    user_id TEXT,
    data TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (id_hash)
);

CREATE INDEX sessions_expires_idx ON sessions (expires_at);
CREATE INDEX sessions_user_idx ON sessions (user_id) WHERE user_id IS NOT NULL;
