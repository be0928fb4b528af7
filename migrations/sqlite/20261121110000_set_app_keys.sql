-- What a key lets Skylink clients do, beside joining.
ALTER TABLE app_keys ADD COLUMN privileged BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE app_keys ADD COLUMN auto_introduce BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE app_keys ADD COLUMN link_messages BOOLEAN NOT NULL DEFAULT FALSE;
