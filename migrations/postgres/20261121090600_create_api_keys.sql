-- Keys of the REST API. hash is of the whole key, which is stored nowhere; ending is its last characters. scopes and
-- allowed_networks are JSON. A key with an application reaches nothing else of the org.

CREATE TABLE api_keys (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    ending TEXT NOT NULL,
    scopes TEXT NOT NULL,
    application_id TEXT,
    allowed_networks TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    last_used_from TEXT,
    revoked_at BIGINT,
    CONSTRAINT api_keys_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT api_keys_hash_key UNIQUE (hash),
    CONSTRAINT api_keys_org_fkey FOREIGN KEY (org_id) REFERENCES orgs (id),
    CONSTRAINT api_keys_application_fkey FOREIGN KEY (org_id, application_id) REFERENCES applications (org_id, id)
);

-- Requests that programs may repeat. id is a hash of who asks what with which Idempotency-Key. attempt has the claim
-- until claimed_until; took_effect is set in the transaction of the work; answer is sealed.
CREATE TABLE idempotent_requests (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    attempt TEXT NOT NULL,
    claimed_until BIGINT NOT NULL,
    took_effect BOOLEAN NOT NULL,
    answer TEXT,
    expires_at BIGINT NOT NULL,
    CONSTRAINT idempotent_requests_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT idempotent_requests_org_fkey FOREIGN KEY (org_id) REFERENCES orgs (id)
);

CREATE INDEX idempotent_requests_expires_idx ON idempotent_requests (expires_at);
