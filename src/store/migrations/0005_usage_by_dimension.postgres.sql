-- Sums by day and one dimension at a time (none, team, user, key, provider, model, alias, project,
-- power_level, rule, status_class), so that a year charts from a few rows per day however many keys
-- and models there are. And tokens of sound and pictures in the rows of usage.

CREATE TABLE usage_by_dimension (
    tenant_id TEXT NOT NULL,
    dimension TEXT NOT NULL,
    day BIGINT NOT NULL,
    value TEXT NOT NULL DEFAULT '',
    requests BIGINT NOT NULL DEFAULT 0,
    errors BIGINT NOT NULL DEFAULT 0,
    fallbacks BIGINT NOT NULL DEFAULT 0,
    input_tokens BIGINT NOT NULL DEFAULT 0,
    output_tokens BIGINT NOT NULL DEFAULT 0,
    cache_read_tokens BIGINT NOT NULL DEFAULT 0,
    cache_write_5m_tokens BIGINT NOT NULL DEFAULT 0,
    cache_write_1h_tokens BIGINT NOT NULL DEFAULT 0,
    reasoning_tokens BIGINT NOT NULL DEFAULT 0,
    web_searches BIGINT NOT NULL DEFAULT 0,
    cost_nano BIGINT NOT NULL DEFAULT 0,
    list_cost_nano BIGINT NOT NULL DEFAULT 0,
    baseline_cost_nano BIGINT NOT NULL DEFAULT 0,
    fee_nano BIGINT NOT NULL DEFAULT 0,
    byok_requests BIGINT NOT NULL DEFAULT 0,
    byok_list_cost_nano BIGINT NOT NULL DEFAULT 0,
    cache_hits BIGINT NOT NULL DEFAULT 0,
    cache_hit_list_cost_nano BIGINT NOT NULL DEFAULT 0,
    unpriced_requests BIGINT NOT NULL DEFAULT 0,
    estimated_requests BIGINT NOT NULL DEFAULT 0,
    total_us BIGINT NOT NULL DEFAULT 0,
    first_token_us BIGINT NOT NULL DEFAULT 0,
    first_token_count BIGINT NOT NULL DEFAULT 0,
    request_bytes BIGINT NOT NULL DEFAULT 0,
    response_bytes BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, dimension, day, value)
);
CREATE INDEX usage_by_dimension_of_all ON usage_by_dimension (dimension, day);

ALTER TABLE llm_usage_logs
    ADD COLUMN audio_input_tokens BIGINT,
    ADD COLUMN audio_output_tokens BIGINT,
    ADD COLUMN image_output_tokens BIGINT,
    ADD COLUMN images BIGINT;
ALTER TABLE usage_attempts
    ADD COLUMN audio_input_tokens BIGINT,
    ADD COLUMN audio_output_tokens BIGINT,
    ADD COLUMN image_output_tokens BIGINT,
    ADD COLUMN images BIGINT;

CREATE OR REPLACE VIEW usage_records WITH (security_invoker = true) AS
    SELECT * FROM llm_usage_logs UNION ALL SELECT * FROM usage_attempts;

ALTER TABLE usage_by_dimension ENABLE ROW LEVEL SECURITY;
ALTER TABLE usage_by_dimension FORCE ROW LEVEL SECURITY;
CREATE POLICY tollgate_tenant ON usage_by_dimension USING (
    tenant_id = NULLIF(current_setting('app.tenant', true), '')
    OR current_setting('app.platform', true) = 'on');

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'tollgate_app') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON usage_by_dimension TO tollgate_app;
    END IF;
END $$;
