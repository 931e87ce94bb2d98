-- Sums by day and one dimension at a time (none, team, user, key, provider, model, alias, project,
-- power_level, rule, status_class), so that a year charts from a few rows per day however many keys
-- and models there are. And tokens of sound and pictures in the rows of usage.

CREATE TABLE usage_by_dimension (
    tenant_id TEXT NOT NULL,
    dimension TEXT NOT NULL,
    day INTEGER NOT NULL,
    value TEXT NOT NULL DEFAULT '',
    requests INTEGER NOT NULL DEFAULT 0,
    errors INTEGER NOT NULL DEFAULT 0,
    fallbacks INTEGER NOT NULL DEFAULT 0,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cache_read_tokens INTEGER NOT NULL DEFAULT 0,
    cache_write_5m_tokens INTEGER NOT NULL DEFAULT 0,
    cache_write_1h_tokens INTEGER NOT NULL DEFAULT 0,
    reasoning_tokens INTEGER NOT NULL DEFAULT 0,
    web_searches INTEGER NOT NULL DEFAULT 0,
    cost_nano INTEGER NOT NULL DEFAULT 0,
    list_cost_nano INTEGER NOT NULL DEFAULT 0,
    baseline_cost_nano INTEGER NOT NULL DEFAULT 0,
    fee_nano INTEGER NOT NULL DEFAULT 0,
    byok_requests INTEGER NOT NULL DEFAULT 0,
    byok_list_cost_nano INTEGER NOT NULL DEFAULT 0,
    cache_hits INTEGER NOT NULL DEFAULT 0,
    cache_hit_list_cost_nano INTEGER NOT NULL DEFAULT 0,
    unpriced_requests INTEGER NOT NULL DEFAULT 0,
    estimated_requests INTEGER NOT NULL DEFAULT 0,
    total_us INTEGER NOT NULL DEFAULT 0,
    first_token_us INTEGER NOT NULL DEFAULT 0,
    first_token_count INTEGER NOT NULL DEFAULT 0,
    request_bytes INTEGER NOT NULL DEFAULT 0,
    response_bytes INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, dimension, day, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_by_dimension_of_all ON usage_by_dimension (dimension, day);

ALTER TABLE llm_usage_logs ADD COLUMN audio_input_tokens INTEGER;
ALTER TABLE llm_usage_logs ADD COLUMN audio_output_tokens INTEGER;
ALTER TABLE llm_usage_logs ADD COLUMN image_output_tokens INTEGER;
ALTER TABLE llm_usage_logs ADD COLUMN images INTEGER;
ALTER TABLE usage_attempts ADD COLUMN audio_input_tokens INTEGER;
ALTER TABLE usage_attempts ADD COLUMN audio_output_tokens INTEGER;
ALTER TABLE usage_attempts ADD COLUMN image_output_tokens INTEGER;
ALTER TABLE usage_attempts ADD COLUMN images INTEGER;

DROP VIEW usage_records;
CREATE VIEW usage_records AS
    SELECT * FROM llm_usage_logs UNION ALL SELECT * FROM usage_attempts;
