-- Usage: one row per request in llm_usage_logs (attempt 0, so that our users' reports count each
-- request once), one per attempt that reached a provider in usage_attempts (attempt 1, 2, ...), the
-- same columns in both. Tokens that nobody has counted are NULL. Partitions by month of `at`;
-- generated columns are those of our users' specification that ours say otherwise.

CREATE TABLE llm_usage_logs (
    at BIGINT NOT NULL,
    request_id TEXT NOT NULL,
    attempt BIGINT NOT NULL DEFAULT 0 CONSTRAINT llm_usage_logs_requests_only CHECK (attempt = 0),
    trace_id TEXT NOT NULL DEFAULT '',
    session_id TEXT NOT NULL DEFAULT '',
    agent_id TEXT NOT NULL DEFAULT '',
    parent_agent_id TEXT NOT NULL DEFAULT '',
    tenant_id TEXT NOT NULL DEFAULT '',
    team_id TEXT NOT NULL DEFAULT '',
    user_id VARCHAR(100) NOT NULL DEFAULT '',
    key_id TEXT NOT NULL DEFAULT '',
    key_name TEXT NOT NULL DEFAULT '',
    tags JSONB NOT NULL DEFAULT '[]',
    project TEXT NOT NULL DEFAULT '',
    protocol TEXT NOT NULL DEFAULT '',
    alias TEXT NOT NULL DEFAULT '',
    provider TEXT NOT NULL DEFAULT '',
    provider_type TEXT NOT NULL DEFAULT '',
    model_name TEXT NOT NULL DEFAULT '',
    provider_request_id TEXT NOT NULL DEFAULT '',
    rule TEXT NOT NULL DEFAULT '',
    strategy TEXT NOT NULL DEFAULT '',
    power_level VARCHAR(20) NOT NULL DEFAULT '',
    fallback_reason TEXT NOT NULL DEFAULT '',
    status_code BIGINT NOT NULL DEFAULT 0,
    error_class TEXT NOT NULL DEFAULT '',
    error_message TEXT NOT NULL DEFAULT '',
    error_code TEXT NOT NULL DEFAULT '',
    input_tokens BIGINT,
    output_tokens BIGINT,
    cache_read_tokens BIGINT,
    cache_write_5m_tokens BIGINT,
    cache_write_1h_tokens BIGINT,
    reasoning_tokens BIGINT,
    web_searches BIGINT,
    provider_cost_nano BIGINT,
    estimated BOOLEAN NOT NULL DEFAULT FALSE,
    cost_nano BIGINT NOT NULL DEFAULT 0,
    list_cost_nano BIGINT NOT NULL DEFAULT 0,
    baseline_cost_nano BIGINT NOT NULL DEFAULT 0,
    baseline_model TEXT NOT NULL DEFAULT '',
    fee_nano BIGINT NOT NULL DEFAULT 0,
    priced BOOLEAN NOT NULL DEFAULT TRUE,
    price_version TEXT NOT NULL DEFAULT '',
    byok BOOLEAN NOT NULL DEFAULT FALSE,
    stream BOOLEAN NOT NULL DEFAULT FALSE,
    translated BOOLEAN NOT NULL DEFAULT FALSE,
    client_gone BOOLEAN NOT NULL DEFAULT FALSE,
    cache TEXT NOT NULL DEFAULT '',
    attempts BIGINT NOT NULL DEFAULT 0,
    first_token_us BIGINT,                  -- NULL: no content came
    total_us BIGINT NOT NULL DEFAULT 0,
    request_bytes BIGINT NOT NULL DEFAULT 0,
    response_bytes BIGINT NOT NULL DEFAULT 0,
    redactions BIGINT NOT NULL DEFAULT 0,
    client_address TEXT NOT NULL DEFAULT '',
    user_agent TEXT NOT NULL DEFAULT '',
    zone TEXT NOT NULL DEFAULT '',
    metadata JSONB NOT NULL DEFAULT '{}',
    id UUID GENERATED ALWAYS AS (CASE
        WHEN request_id ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
        THEN request_id::uuid ELSE md5(request_id)::uuid END) STORED,
    provider_id UUID GENERATED ALWAYS AS (md5(NULLIF(provider, ''))::uuid) STORED,
    cost DECIMAL(10,6) GENERATED ALWAYS AS (
        LEAST(GREATEST(round(cost_nano / 1000000000.0, 6), -9999.999999), 9999.999999)) STORED,
    latency_ms INTEGER GENERATED ALWAYS AS (LEAST(total_us / 1000, 2147483647)::integer) STORED,
    status VARCHAR(20) GENERATED ALWAYS AS (CASE
        WHEN error_class = '' AND status_code BETWEEN 200 AND 399 THEN 'success'
        WHEN error_class IN ('timeout', 'request_timeout') OR status_code IN (408, 504)
        THEN 'timeout' ELSE 'error' END) STORED,
    created_at TIMESTAMPTZ GENERATED ALWAYS AS (to_timestamp(at / 1000000.0)) STORED,
    PRIMARY KEY (at, request_id, attempt)
) PARTITION BY RANGE (at);
CREATE INDEX llm_usage_logs_by_tenant ON llm_usage_logs (tenant_id, at);
CREATE INDEX llm_usage_logs_by_request ON llm_usage_logs (request_id);
CREATE INDEX llm_usage_logs_time ON llm_usage_logs USING brin (at);
CREATE INDEX llm_usage_logs_created ON llm_usage_logs USING brin (created_at);
CREATE TABLE llm_usage_logs_default PARTITION OF llm_usage_logs DEFAULT;

CREATE TABLE usage_attempts (
    LIKE llm_usage_logs INCLUDING DEFAULTS INCLUDING GENERATED,
    CONSTRAINT usage_attempts_attempts_only CHECK (attempt > 0),
    PRIMARY KEY (at, request_id, attempt)
) PARTITION BY RANGE (at);
CREATE INDEX usage_attempts_by_tenant ON usage_attempts (tenant_id, at);
CREATE INDEX usage_attempts_by_request ON usage_attempts (request_id);
CREATE INDEX usage_attempts_time ON usage_attempts USING brin (at);
CREATE TABLE usage_attempts_default PARTITION OF usage_attempts DEFAULT;

-- A request with its attempts.
CREATE VIEW usage_records WITH (security_invoker = true) AS
    SELECT * FROM llm_usage_logs UNION ALL SELECT * FROM usage_attempts;

-- The partitions of one month [first_at, end_at), named by it (2026_11), of both tables. Runs as the
-- tables' owner, so that the role that writes usage needs no right to make tables. A month of which
-- the default partition already holds rows stays there. Gives how many were made.
CREATE FUNCTION tollgate_make_partitions(month_name TEXT, first_at BIGINT, end_at BIGINT)
RETURNS BIGINT LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    parent TEXT;
    waiting BOOLEAN;
    made BIGINT := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('tollgate.partitions'));
    FOREACH parent IN ARRAY ARRAY['llm_usage_logs', 'usage_attempts'] LOOP
        CONTINUE WHEN to_regclass(format('%I', parent || '_' || month_name)) IS NOT NULL;
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I WHERE at >= $1 AND at < $2)',
                       parent || '_default') INTO waiting USING first_at, end_at;
        CONTINUE WHEN waiting;
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%s) TO (%s)',
                       parent || '_' || month_name, parent, first_at, end_at);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;

-- Drops the partitions of that month. Gives how many there were.
CREATE FUNCTION tollgate_drop_partitions(month_name TEXT)
RETURNS BIGINT LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    parent TEXT;
    dropped BIGINT := 0;
BEGIN
    IF month_name !~ '^[0-9]{4}_[0-9]{2}$' THEN
        RAISE EXCEPTION 'a month is named like 2026_11, not %', month_name;
    END IF;
    FOREACH parent IN ARRAY ARRAY['llm_usage_logs', 'usage_attempts'] LOOP
        CONTINUE WHEN to_regclass(format('%I', parent || '_' || month_name)) IS NULL;
        EXECUTE format('DROP TABLE %I', parent || '_' || month_name);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;

-- Sums of requests (attempt 0) by hour and by day of UTC: hour and day are the Unix microseconds of
-- their beginning. status_class: 2, 3, 4, 5, or 0 when there was no status.
CREATE TABLE usage_hourly (
    tenant_id TEXT NOT NULL,
    hour BIGINT NOT NULL,
    key_id TEXT NOT NULL DEFAULT '',
    user_id TEXT NOT NULL DEFAULT '',
    team_id TEXT NOT NULL DEFAULT '',
    alias TEXT NOT NULL DEFAULT '',
    provider TEXT NOT NULL DEFAULT '',
    model_name TEXT NOT NULL DEFAULT '',
    project TEXT NOT NULL DEFAULT '',
    power_level TEXT NOT NULL DEFAULT '',
    rule TEXT NOT NULL DEFAULT '',
    status_class BIGINT NOT NULL DEFAULT 0,
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
    PRIMARY KEY (tenant_id, hour, key_id, user_id, team_id, alias, provider, model_name, project,
                 power_level, rule, status_class)
);

CREATE TABLE usage_daily (
    LIKE usage_hourly INCLUDING DEFAULTS
);
ALTER TABLE usage_daily RENAME COLUMN hour TO day;
ALTER TABLE usage_daily ADD PRIMARY KEY (tenant_id, day, key_id, user_id, team_id, alias, provider,
    model_name, project, power_level, rule, status_class);

CREATE TABLE usage_tag_daily (
    tenant_id TEXT NOT NULL,
    day BIGINT NOT NULL,
    tag TEXT NOT NULL,
    requests BIGINT NOT NULL DEFAULT 0,
    errors BIGINT NOT NULL DEFAULT 0,
    input_tokens BIGINT NOT NULL DEFAULT 0,
    output_tokens BIGINT NOT NULL DEFAULT 0,
    cache_read_tokens BIGINT NOT NULL DEFAULT 0,
    cache_write_tokens BIGINT NOT NULL DEFAULT 0,
    cost_nano BIGINT NOT NULL DEFAULT 0,
    baseline_cost_nano BIGINT NOT NULL DEFAULT 0,
    total_us BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, day, tag)
);

-- How times are distributed: kind total or first_token, bucket an index into fixed bounds.
CREATE TABLE usage_latency_daily (
    tenant_id TEXT NOT NULL,
    day BIGINT NOT NULL,
    provider TEXT NOT NULL DEFAULT '',
    model_name TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL,
    bucket BIGINT NOT NULL,
    requests BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, day, provider, model_name, kind, bucket)
);
