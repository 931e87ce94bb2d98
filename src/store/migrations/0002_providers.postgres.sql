-- Providers, models, users' own keys and routing rules under the names, columns and types of our
-- users' specification. Ours know a provider by its slug (the name it was made with, what usage
-- rows carry in `provider`); the UUIDs that their reports join by follow from it. tenant_id '' : of
-- the platform.

CREATE FUNCTION tollgate_provider_uuids(slugs JSONB) RETURNS UUID[] LANGUAGE sql IMMUTABLE AS $$
    SELECT COALESCE(array_agg(md5(value)::uuid ORDER BY ordinality), '{}')
    FROM jsonb_array_elements_text(slugs) WITH ORDINALITY
$$;

CREATE TABLE llm_providers (
    id UUID PRIMARY KEY GENERATED ALWAYS AS (md5(slug)::uuid) STORED,
    tenant_id TEXT NOT NULL DEFAULT '',
    slug TEXT NOT NULL,
    name VARCHAR(100) NOT NULL,
    type VARCHAR(50) NOT NULL,
    api_key_encrypted TEXT,
    api_base_url VARCHAR(500),
    enabled BOOLEAN NOT NULL DEFAULT TRUE,
    priority INTEGER NOT NULL DEFAULT 0,
    config JSONB NOT NULL DEFAULT '{}',
    health_status VARCHAR(20) NOT NULL DEFAULT 'unknown'
        CHECK (health_status IN ('healthy', 'unhealthy', 'unknown')),
    health_checked BIGINT NOT NULL DEFAULT 0,
    last_health_check TIMESTAMPTZ GENERATED ALWAYS AS (
        to_timestamp(NULLIF(health_checked, 0) / 1000000.0)) STORED,
    origin TEXT NOT NULL DEFAULT 'api',
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    created_at TIMESTAMPTZ GENERATED ALWAYS AS (to_timestamp(created / 1000000.0)) STORED,
    updated_at TIMESTAMPTZ GENERATED ALWAYS AS (to_timestamp(updated / 1000000.0)) STORED,
    etag BIGINT NOT NULL DEFAULT 1,
    CONSTRAINT llm_providers_slug_unique UNIQUE (slug),
    CONSTRAINT llm_providers_name_unique UNIQUE (tenant_id, name, type)
);

CREATE TABLE llm_models (
    id UUID PRIMARY KEY,
    tenant_id TEXT NOT NULL DEFAULT '',
    provider TEXT NOT NULL,
    provider_id UUID NOT NULL GENERATED ALWAYS AS (md5(provider)::uuid) STORED,
    name VARCHAR(200) NOT NULL,
    display_name VARCHAR(200) NOT NULL DEFAULT '',
    input_nano_per_million BIGINT,
    output_nano_per_million BIGINT,
    cost_per_1m_input_tokens DECIMAL(10,4) GENERATED ALWAYS AS (
        LEAST(round(input_nano_per_million / 1000000000.0, 4), 999999.9999)) STORED,
    cost_per_1m_output_tokens DECIMAL(10,4) GENERATED ALWAYS AS (
        LEAST(round(output_nano_per_million / 1000000000.0, 4), 999999.9999)) STORED,
    context_length INTEGER,
    enabled BOOLEAN NOT NULL DEFAULT TRUE,
    metadata JSONB NOT NULL DEFAULT '{}',
    prices JSONB NOT NULL DEFAULT '{}',     -- the other price classes, as in data/models.yaml
    avg_latency_ms INTEGER,
    quality_score DECIMAL(3,2) CHECK (quality_score BETWEEN 0 AND 1),
    origin TEXT NOT NULL DEFAULT 'api',
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    created_at TIMESTAMPTZ GENERATED ALWAYS AS (to_timestamp(created / 1000000.0)) STORED,
    updated_at TIMESTAMPTZ GENERATED ALWAYS AS (to_timestamp(updated / 1000000.0)) STORED,
    etag BIGINT NOT NULL DEFAULT 1,
    CONSTRAINT llm_models_name_unique UNIQUE (tenant_id, provider, name),
    CONSTRAINT llm_models_provider FOREIGN KEY (provider) REFERENCES llm_providers (slug)
        ON DELETE CASCADE
);

CREATE TABLE user_provider_keys (
    id UUID PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    user_id VARCHAR(100) NOT NULL,
    provider VARCHAR(50) NOT NULL,
    api_key_encrypted TEXT NOT NULL,
    masked TEXT NOT NULL DEFAULT '',
    metadata JSONB NOT NULL DEFAULT '{}',
    enabled BOOLEAN NOT NULL DEFAULT TRUE,
    last_used BIGINT NOT NULL DEFAULT 0,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    created_at TIMESTAMPTZ GENERATED ALWAYS AS (to_timestamp(created / 1000000.0)) STORED,
    updated_at TIMESTAMPTZ GENERATED ALWAYS AS (to_timestamp(updated / 1000000.0)) STORED,
    etag BIGINT NOT NULL DEFAULT 1,
    CONSTRAINT user_provider_keys_unique UNIQUE (tenant_id, user_id, provider)
);

CREATE TABLE llm_routing_rules (
    id UUID PRIMARY KEY,
    tenant_id TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL DEFAULT 'default',
    strategy VARCHAR(20) NOT NULL DEFAULT 'balanced'
        CHECK (strategy IN ('cost', 'latency', 'balanced', 'custom')),
    fallback_slugs JSONB NOT NULL DEFAULT '[]',
    fallback_providers UUID[] GENERATED ALWAYS AS (tollgate_provider_uuids(fallback_slugs)) STORED,
    model_aliases JSONB NOT NULL DEFAULT '{}',
    config JSONB NOT NULL DEFAULT '{}',
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    created_at TIMESTAMPTZ GENERATED ALWAYS AS (to_timestamp(created / 1000000.0)) STORED,
    updated_at TIMESTAMPTZ GENERATED ALWAYS AS (to_timestamp(updated / 1000000.0)) STORED,
    etag BIGINT NOT NULL DEFAULT 1,
    CONSTRAINT llm_routing_rules_name_unique UNIQUE (tenant_id, name)
);
