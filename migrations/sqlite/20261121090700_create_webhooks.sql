-- Webhooks: where messages go, the messages, and how each of them got to each endpoint.

-- events is JSON, empty for every event. Both secrets are sealed; previous_secret signs beside secret until
-- previous_until. failing_since is the first attempt that failed after the last one that did not; warned_at is when
-- the owners were told of that. A removed endpoint stays until its deliveries are swept.
CREATE TABLE webhook_endpoints (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    url TEXT NOT NULL,
    events TEXT NOT NULL,
    body_format TEXT NOT NULL,
    signing TEXT NOT NULL,
    secret TEXT,
    public_key TEXT,
    previous_secret TEXT,
    previous_public_key TEXT,
    previous_until BIGINT,
    state TEXT NOT NULL,
    suspension_cause TEXT,
    failing_since BIGINT,
    warned_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    removed_at BIGINT,
    CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT webhook_endpoints_id_key UNIQUE (id),
    CONSTRAINT webhook_endpoints_application_fkey
        FOREIGN KEY (org_id, application_id) REFERENCES applications (org_id, id),
    CONSTRAINT webhook_endpoints_state_known CHECK (state IN ('active', 'disabled', 'suspended')),
    CONSTRAINT webhook_endpoints_suspended_named CHECK ((state = 'suspended') = (suspension_cause IS NOT NULL)),
    CONSTRAINT webhook_endpoints_secret_erased CHECK ((removed_at IS NULL) = (secret IS NOT NULL)),
    CONSTRAINT webhook_endpoints_previous_whole CHECK ((previous_secret IS NULL) = (previous_until IS NULL))
);

CREATE INDEX webhook_endpoints_application_idx ON webhook_endpoints (org_id, application_id);
CREATE INDEX webhook_endpoints_removed_idx ON webhook_endpoints (removed_at) WHERE removed_at IS NOT NULL;

-- What is told; the same text for every endpoint of a format. body is NULL once it is kept no longer.
CREATE TABLE messages (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    event TEXT NOT NULL,
    body TEXT,
    created_at BIGINT NOT NULL,
    CONSTRAINT messages_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT messages_application_fkey FOREIGN KEY (org_id, application_id) REFERENCES applications (org_id, id)
);

CREATE INDEX messages_created_idx ON messages (created_at);
CREATE INDEX messages_bodies_idx ON messages (created_at) WHERE body IS NOT NULL;

-- One message on its way to one endpoint. due_at is when the next attempt begins, or when the lease of the one under
-- way ends; attempts counts up with every attempt and fences late ones. The schedule counts the attempts after
-- replayed_after, so that a replay begins it anew. Lists go by id, which is in the order of time.
CREATE TABLE deliveries (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    endpoint_id TEXT NOT NULL,
    event TEXT NOT NULL,
    state TEXT NOT NULL,
    due_at BIGINT,
    attempts BIGINT NOT NULL,
    replayed_after BIGINT NOT NULL,
    last_at BIGINT,
    last_status BIGINT,
    last_problem TEXT,
    created_at BIGINT NOT NULL,
    CONSTRAINT deliveries_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT deliveries_message_key UNIQUE (org_id, message_id, endpoint_id),
    CONSTRAINT deliveries_message_fkey FOREIGN KEY (org_id, message_id) REFERENCES messages (org_id, id) ON DELETE CASCADE,
    CONSTRAINT deliveries_endpoint_fkey FOREIGN KEY (org_id, endpoint_id) REFERENCES webhook_endpoints (org_id, id),
    CONSTRAINT deliveries_state_known CHECK (state IN ('waiting', 'delivered', 'failed')),
    CONSTRAINT deliveries_waiting_due CHECK ((state = 'waiting') = (due_at IS NOT NULL))
);

CREATE INDEX deliveries_endpoint_idx ON deliveries (org_id, endpoint_id, id);
CREATE INDEX deliveries_state_idx ON deliveries (org_id, endpoint_id, state, id);
CREATE INDEX deliveries_event_idx ON deliveries (org_id, endpoint_id, event, id);
CREATE INDEX deliveries_event_state_idx ON deliveries (org_id, endpoint_id, event, state, id);
CREATE INDEX deliveries_due_idx ON deliveries (org_id, endpoint_id, due_at) WHERE due_at IS NOT NULL;

-- headers is JSON.
CREATE TABLE delivery_attempts (
    org_id TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    at BIGINT NOT NULL,
    latency_ms BIGINT NOT NULL,
    status BIGINT,
    problem TEXT,
    headers TEXT NOT NULL,
    body TEXT NOT NULL,
    next_at BIGINT,
    CONSTRAINT delivery_attempts_pkey PRIMARY KEY (org_id, delivery_id, attempt),
    CONSTRAINT delivery_attempts_delivery_fkey
        FOREIGN KEY (org_id, delivery_id) REFERENCES deliveries (org_id, id) ON DELETE CASCADE
);

-- Which active endpoints have something waiting. due_at is never later than the first of their deliveries is due;
-- served_at makes them take turns.
CREATE TABLE delivery_queues (
    org_id TEXT NOT NULL,
    endpoint_id TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    served_at BIGINT NOT NULL,
    CONSTRAINT delivery_queues_pkey PRIMARY KEY (org_id, endpoint_id),
    CONSTRAINT delivery_queues_endpoint_fkey
        FOREIGN KEY (org_id, endpoint_id) REFERENCES webhook_endpoints (org_id, id) ON DELETE CASCADE
);

CREATE INDEX delivery_queues_due_idx ON delivery_queues (due_at);
