-- Another upload address may be named while the one before is still being tried: what becomes of that one must not be
-- taken for news of the other. revision counts the addresses of a recording.
ALTER TABLE upload_targets ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
