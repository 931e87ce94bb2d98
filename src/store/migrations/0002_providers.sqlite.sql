-- Providers, models, users' own keys and routing rules under the names, columns and types of our
-- users' specification. Ours know a provider by its slug (the name it was made with, what usage
-- rows carry in `provider`); the ids that their reports join by follow from it. tenant_id '' : of
-- the platform.


CREATE TABLE llm_providers (
    slug TEXT NOT NULL PRIMARY KEY,
    id TEXT GENERATED ALWAYS AS (slug) VIRTUAL,
    tenant_id TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    api_key_encrypted TEXT,
    api_base_url TEXT,
    enabled INTEGER NOT NULL DEFAULT TRUE,
    priority INTEGER NOT NULL DEFAULT 0,
    config TEXT NOT NULL DEFAULT '{}',
    health_status TEXT NOT NULL DEFAULT 'unknown'
        CHECK (health_status IN ('healthy', 'unhealthy', 'unknown')),
    health_checked INTEGER NOT NULL DEFAULT 0,
    last_health_check TEXT GENERATED ALWAYS AS (
        strftime('%Y-%m-%d %H:%M:%f', NULLIF(health_checked, 0) / 1000000.0, 'unixepoch')) VIRTUAL,
    origin TEXT NOT NULL DEFAULT 'api',
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    created_at TEXT GENERATED ALWAYS AS (
        strftime('%Y-%m-%d %H:%M:%f', created / 1000000.0, 'unixepoch')) VIRTUAL,
    updated_at TEXT GENERATED ALWAYS AS (
        strftime('%Y-%m-%d %H:%M:%f', updated / 1000000.0, 'unixepoch')) VIRTUAL,
    etag INTEGER NOT NULL DEFAULT 1,
    CONSTRAINT llm_providers_name_unique UNIQUE (tenant_id, name, type)
) STRICT;

CREATE TABLE llm_models (
    id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL DEFAULT '',
    provider TEXT NOT NULL,
    provider_id TEXT GENERATED ALWAYS AS (provider) VIRTUAL,
    name TEXT NOT NULL,
    display_name TEXT NOT NULL DEFAULT '',
    input_nano_per_million INTEGER,
    output_nano_per_million INTEGER,
    cost_per_1m_input_tokens REAL GENERATED ALWAYS AS (
        round(input_nano_per_million / 1000000000.0, 4)) VIRTUAL,
    cost_per_1m_output_tokens REAL GENERATED ALWAYS AS (
        round(output_nano_per_million / 1000000000.0, 4)) VIRTUAL,
    context_length INTEGER,
    enabled INTEGER NOT NULL DEFAULT TRUE,
    metadata TEXT NOT NULL DEFAULT '{}',
    prices TEXT NOT NULL DEFAULT '{}',     -- the other price classes, as in data/models.yaml
    avg_latency_ms INTEGER,
    quality_score REAL CHECK (quality_score BETWEEN 0 AND 1),
    origin TEXT NOT NULL DEFAULT 'api',
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    created_at TEXT GENERATED ALWAYS AS (
        strftime('%Y-%m-%d %H:%M:%f', created / 1000000.0, 'unixepoch')) VIRTUAL,
    updated_at TEXT GENERATED ALWAYS AS (
        strftime('%Y-%m-%d %H:%M:%f', updated / 1000000.0, 'unixepoch')) VIRTUAL,
    etag INTEGER NOT NULL DEFAULT 1,
    CONSTRAINT llm_models_name_unique UNIQUE (tenant_id, provider, name),
    CONSTRAINT llm_models_provider FOREIGN KEY (provider) REFERENCES llm_providers (slug)
        ON DELETE CASCADE
) STRICT;

CREATE TABLE user_provider_keys (
    id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    api_key_encrypted TEXT NOT NULL,
    masked TEXT NOT NULL DEFAULT '',
    metadata TEXT NOT NULL DEFAULT '{}',
    enabled INTEGER NOT NULL DEFAULT TRUE,
    last_used INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    created_at TEXT GENERATED ALWAYS AS (
        strftime('%Y-%m-%d %H:%M:%f', created / 1000000.0, 'unixepoch')) VIRTUAL,
    updated_at TEXT GENERATED ALWAYS AS (
        strftime('%Y-%m-%d %H:%M:%f', updated / 1000000.0, 'unixepoch')) VIRTUAL,
    etag INTEGER NOT NULL DEFAULT 1,
    CONSTRAINT user_provider_keys_unique UNIQUE (tenant_id, user_id, provider)
) STRICT;

CREATE TABLE llm_routing_rules (
    id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL DEFAULT 'default',
    strategy TEXT NOT NULL DEFAULT 'balanced'
        CHECK (strategy IN ('cost', 'latency', 'balanced', 'custom')),
    fallback_slugs TEXT NOT NULL DEFAULT '[]',
    fallback_providers TEXT GENERATED ALWAYS AS (fallback_slugs) VIRTUAL,
    model_aliases TEXT NOT NULL DEFAULT '{}',
    config TEXT NOT NULL DEFAULT '{}',
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    created_at TEXT GENERATED ALWAYS AS (
        strftime('%Y-%m-%d %H:%M:%f', created / 1000000.0, 'unixepoch')) VIRTUAL,
    updated_at TEXT GENERATED ALWAYS AS (
        strftime('%Y-%m-%d %H:%M:%f', updated / 1000000.0, 'unixepoch')) VIRTUAL,
    etag INTEGER NOT NULL DEFAULT 1,
    CONSTRAINT llm_routing_rules_name_unique UNIQUE (tenant_id, name)
) STRICT;
