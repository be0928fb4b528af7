-- Media nodes and what they are told. last_event and last_command are the ends of the two durable streams; token_key
-- signs join tokens for the node.

CREATE TABLE nodes (
    id TEXT NOT NULL,
    boot_id TEXT NOT NULL,
    signaling_url TEXT NOT NULL,
    linked BOOLEAN NOT NULL,
    linked_at BIGINT NOT NULL,
    reported_at BIGINT NOT NULL,
    rooms BIGINT NOT NULL,
    peers BIGINT NOT NULL,
    last_event BIGINT NOT NULL,
    last_command BIGINT NOT NULL,
    token_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT nodes_pkey PRIMARY KEY (id)
);

CREATE TABLE node_commands (
    node_id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    command TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT node_commands_pkey PRIMARY KEY (node_id, sequence),
    CONSTRAINT node_commands_node_fkey FOREIGN KEY (node_id) REFERENCES nodes (id) ON DELETE CASCADE
);

-- Where a room lives, so that everyone who joins it meets.
CREATE TABLE room_placements (
    org_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    room TEXT NOT NULL,
    node_id TEXT NOT NULL,
    used_at BIGINT NOT NULL,
    CONSTRAINT room_placements_pkey PRIMARY KEY (org_id, application_id, room),
    CONSTRAINT room_placements_application_fkey FOREIGN KEY (org_id, application_id) REFERENCES applications (org_id, id),
    CONSTRAINT room_placements_node_fkey FOREIGN KEY (node_id) REFERENCES nodes (id) ON DELETE CASCADE
);

CREATE INDEX room_placements_used_idx ON room_placements (used_at);

-- Rooms in use and who is in them, as their nodes report it. What a node that started again had reported is removed.
CREATE TABLE live_rooms (
    org_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    room TEXT NOT NULL,
    node_id TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    CONSTRAINT live_rooms_pkey PRIMARY KEY (org_id, application_id, room),
    CONSTRAINT live_rooms_application_fkey FOREIGN KEY (org_id, application_id) REFERENCES applications (org_id, id),
    CONSTRAINT live_rooms_node_fkey FOREIGN KEY (node_id) REFERENCES nodes (id) ON DELETE CASCADE
);

CREATE INDEX live_rooms_node_idx ON live_rooms (node_id);

CREATE TABLE live_peers (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    room TEXT NOT NULL,
    name TEXT,
    joined_at BIGINT NOT NULL,
    CONSTRAINT live_peers_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT live_peers_id_key UNIQUE (id),
    CONSTRAINT live_peers_room_fkey FOREIGN KEY (org_id, application_id, room)
        REFERENCES live_rooms (org_id, application_id, room) ON DELETE CASCADE
);

CREATE INDEX live_peers_room_idx ON live_peers (org_id, application_id, room);

-- Time that peers spent in rooms; month is as in 2026-11, that in which they left.
CREATE TABLE peer_time (
    org_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    month TEXT NOT NULL,
    peer_ms BIGINT NOT NULL,
    CONSTRAINT peer_time_pkey PRIMARY KEY (org_id, month, application_id),
    CONSTRAINT peer_time_application_fkey FOREIGN KEY (org_id, application_id) REFERENCES applications (org_id, id)
);
