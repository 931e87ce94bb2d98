-- Who uses the gateway and within which bounds. Times are Unix microseconds, money nano-dollars.
-- Lists and limits are JSON: ["gpt-*"], {"requests_per_minute": 10} by the names of domain::Limits.
-- Ids are text: UUIDs (version 7) of what the interface made, names of what files define. They are
-- unique over all tenants, because addresses name a thing by its id alone; every other unique begins
-- with the tenant, so that nobody learns of another tenant's rows by colliding with them.

CREATE TABLE installation (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    installation_id TEXT NOT NULL,
    key_check TEXT NOT NULL,              -- HMAC of a constant under the installation key
    created INTEGER NOT NULL
) STRICT;

-- One row; its version grows with every administrative change (store/changes.hpp).
CREATE TABLE changes (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT;
INSERT INTO changes (id, version) VALUES (1, 1);

CREATE TABLE tiers (
    name TEXT PRIMARY KEY,
    limits TEXT NOT NULL DEFAULT '{}',
    monthly_cap_nano INTEGER,
    allowed_models TEXT NOT NULL DEFAULT '[]',
    built_in INTEGER NOT NULL DEFAULT FALSE,
    created INTEGER NOT NULL DEFAULT 0,
    updated INTEGER NOT NULL DEFAULT 0,
    etag INTEGER NOT NULL DEFAULT 1
) STRICT;
INSERT INTO tiers (name, limits, built_in) VALUES
    ('trial', '{"requests_per_minute":10,"requests_per_hour":100,"requests_per_day":500}', TRUE),
    ('starter', '{"requests_per_minute":30,"requests_per_hour":1000,"requests_per_day":10000}', TRUE),
    ('professional', '{"requests_per_minute":100,"requests_per_hour":5000,"requests_per_day":50000}', TRUE),
    ('enterprise', '{"requests_per_minute":500,"requests_per_hour":20000}', TRUE);

CREATE TABLE tenants (
    id TEXT PRIMARY KEY CHECK (id <> '' AND length(id) <= 100),
    name TEXT NOT NULL,
    enabled INTEGER NOT NULL DEFAULT TRUE,
    tier TEXT NOT NULL DEFAULT '',
    time_zone TEXT NOT NULL DEFAULT 'UTC',
    baseline_model TEXT NOT NULL DEFAULT '',
    allowed_models TEXT NOT NULL DEFAULT '[]',
    aliases TEXT NOT NULL DEFAULT '{}',
    limits TEXT NOT NULL DEFAULT '{}',
    retention_days INTEGER NOT NULL DEFAULT 0,
    metadata TEXT NOT NULL DEFAULT '{}',
    settings TEXT NOT NULL DEFAULT '{}',
    origin TEXT NOT NULL DEFAULT 'api',
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    removed INTEGER NOT NULL DEFAULT 0,      -- deleted, kept because usage names it
    etag INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE UNIQUE INDEX tenants_name_unique ON tenants (name) WHERE removed = 0;

CREATE TABLE teams (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (id <> '' AND length(id) <= 100),
    name TEXT NOT NULL,
    enabled INTEGER NOT NULL DEFAULT TRUE,
    allowed_models TEXT NOT NULL DEFAULT '[]',
    aliases TEXT NOT NULL DEFAULT '{}',
    limits TEXT NOT NULL DEFAULT '{}',
    metadata TEXT NOT NULL DEFAULT '{}',
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    etag INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (id),
    CONSTRAINT teams_of_tenant UNIQUE (tenant_id, id),
    CONSTRAINT teams_name_unique UNIQUE (tenant_id, name),
    CONSTRAINT teams_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
) STRICT;

-- A person or a service account. No team: NULL.
CREATE TABLE users (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (id <> '' AND length(id) <= 100),
    team_id TEXT,
    name TEXT NOT NULL DEFAULT '',
    email TEXT NOT NULL DEFAULT '',
    external_id TEXT NOT NULL DEFAULT '',
    role TEXT NOT NULL DEFAULT 'member',
    service INTEGER NOT NULL DEFAULT FALSE,
    enabled INTEGER NOT NULL DEFAULT TRUE,
    tier TEXT NOT NULL DEFAULT '',
    allowed_models TEXT NOT NULL DEFAULT '[]',
    limits TEXT NOT NULL DEFAULT '{}',
    metadata TEXT NOT NULL DEFAULT '{}',
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    etag INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (id),
    CONSTRAINT users_of_tenant UNIQUE (tenant_id, id),
    CONSTRAINT users_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
    CONSTRAINT users_team FOREIGN KEY (tenant_id, team_id) REFERENCES teams (tenant_id, id)
) STRICT;
CREATE UNIQUE INDEX users_external_id_unique ON users (tenant_id, external_id)
    WHERE external_id <> '';
CREATE INDEX users_of_team ON users (tenant_id, team_id);

-- secret_hash is unique over all tenants: a key alone says who calls.
CREATE TABLE api_keys (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (id <> '' AND length(id) <= 200),
    team_id TEXT,
    user_id TEXT,
    name TEXT NOT NULL DEFAULT '',
    prefix TEXT NOT NULL DEFAULT '',
    last_four TEXT NOT NULL DEFAULT '',
    secret_hash TEXT NOT NULL,
    hash_kind TEXT NOT NULL DEFAULT 'hmac' CHECK (hash_kind IN ('hmac', 'sha256')),
    previous_hash TEXT NOT NULL DEFAULT '',
    previous_until INTEGER NOT NULL DEFAULT 0,
    role TEXT NOT NULL DEFAULT 'member',
    enabled INTEGER NOT NULL DEFAULT TRUE,
    revoked INTEGER NOT NULL DEFAULT 0,
    allowed_models TEXT NOT NULL DEFAULT '[]',
    allowed_routes TEXT NOT NULL DEFAULT '[]',
    allowed_providers TEXT NOT NULL DEFAULT '[]',
    allowed_regions TEXT NOT NULL DEFAULT '[]',
    allowed_addresses TEXT NOT NULL DEFAULT '[]',
    aliases TEXT NOT NULL DEFAULT '{}',
    limits TEXT NOT NULL DEFAULT '{}',
    tier TEXT NOT NULL DEFAULT '',
    tags TEXT NOT NULL DEFAULT '[]',
    metadata TEXT NOT NULL DEFAULT '{}',
    rotation_days INTEGER NOT NULL DEFAULT 0,
    expires INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    rotated INTEGER NOT NULL DEFAULT 0,
    last_used INTEGER NOT NULL DEFAULT 0,
    origin TEXT NOT NULL DEFAULT 'api',
    etag INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (id),
    CONSTRAINT api_keys_secret_unique UNIQUE (secret_hash),
    CONSTRAINT api_keys_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
    CONSTRAINT api_keys_team FOREIGN KEY (tenant_id, team_id) REFERENCES teams (tenant_id, id),
    CONSTRAINT api_keys_user FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT;
CREATE INDEX api_keys_of_tenant ON api_keys (tenant_id, id);
CREATE INDEX api_keys_of_user ON api_keys (tenant_id, user_id);
CREATE INDEX api_keys_of_team ON api_keys (tenant_id, team_id);

-- Limits of what has no row of its own (models, deployments), and of anything by kind and subject.
-- tenant_id '' : of the platform.
CREATE TABLE limits (
    tenant_id TEXT NOT NULL DEFAULT '',
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    limits TEXT NOT NULL DEFAULT '{}',
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    etag INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (id),
    CONSTRAINT limits_subject_unique UNIQUE (tenant_id, kind, subject)
) STRICT;

CREATE TABLE budgets (
    tenant_id TEXT NOT NULL DEFAULT '',
    id TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    limit_nano INTEGER NOT NULL CHECK (limit_nano >= 0),
    period TEXT NOT NULL,
    rolling_days INTEGER NOT NULL DEFAULT 30,
    time_zone TEXT NOT NULL DEFAULT '',
    hard INTEGER NOT NULL DEFAULT TRUE,
    by_admin INTEGER NOT NULL DEFAULT TRUE,
    thresholds TEXT NOT NULL DEFAULT '[]',  -- [{"percent": 80, "action": "notify"}]
    origin TEXT NOT NULL DEFAULT 'api',
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    etag INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (id)
) STRICT;
CREATE INDEX budgets_of_subject ON budgets (tenant_id, kind, subject);

-- Thresholds that were announced, once per period.
CREATE TABLE budget_events (
    tenant_id TEXT NOT NULL DEFAULT '',
    budget_id TEXT NOT NULL,
    period_start INTEGER NOT NULL,
    percent INTEGER NOT NULL,
    action TEXT NOT NULL,
    spent_nano INTEGER NOT NULL,
    limit_nano INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, budget_id, period_start, percent)
) STRICT;

-- The ledger of credits: rows are never changed. user_id '' : the tenant's own balance.
CREATE TABLE credit_movements (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    user_id TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL,
    amount_nano INTEGER NOT NULL,
    reference TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    actor TEXT NOT NULL DEFAULT '',
    at INTEGER NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT credit_movements_reference_unique UNIQUE (kind, reference, tenant_id, user_id)
) STRICT;
CREATE INDEX credit_movements_by_time ON credit_movements (tenant_id, user_id, at);

-- The sums of the ledger, kept by a trigger; nothing else writes them.
CREATE TABLE credit_balances (
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL DEFAULT '',
    balance_nano INTEGER NOT NULL,
    added_nano INTEGER NOT NULL,               -- of the positive movements
    taken_nano INTEGER NOT NULL,               -- of the negative ones, as a positive number
    PRIMARY KEY (tenant_id, user_id)
) STRICT;

-- Of our users' specification: user_id, power_level, credit_balance, preferences. The typed
-- preferences stand in preferences as JSON: preferred_providers, disabled_providers,
-- max_cost_per_request_nano, monthly_cap_nano, cap_hard, auto_fallback, use_byok, require_local.
CREATE TABLE user_llm_settings (
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    power_level TEXT NOT NULL DEFAULT 'balanced',
    credit_balance_nano INTEGER NOT NULL DEFAULT 0,
    credit_balance REAL GENERATED ALWAYS AS (round(credit_balance_nano / 1000000000.0, 2)) VIRTUAL,
    preferences TEXT NOT NULL DEFAULT '{}',
    created INTEGER NOT NULL DEFAULT 0,
    updated INTEGER NOT NULL DEFAULT 0,
    created_at TEXT GENERATED ALWAYS AS (
        strftime('%Y-%m-%d %H:%M:%f', created / 1000000.0, 'unixepoch')) VIRTUAL,
    updated_at TEXT GENERATED ALWAYS AS (
        strftime('%Y-%m-%d %H:%M:%f', updated / 1000000.0, 'unixepoch')) VIRTUAL,
    etag INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, user_id)
) STRICT;

CREATE TRIGGER credit_movements_counted AFTER INSERT ON credit_movements
BEGIN
    INSERT INTO credit_balances (tenant_id, user_id, balance_nano, added_nano, taken_nano)
        VALUES (NEW.tenant_id, NEW.user_id, NEW.amount_nano, max(NEW.amount_nano, 0),
                max(-NEW.amount_nano, 0))
        ON CONFLICT (tenant_id, user_id)
        DO UPDATE SET balance_nano = balance_nano + excluded.balance_nano,
                      added_nano = added_nano + excluded.added_nano,
                      taken_nano = taken_nano + excluded.taken_nano;
    UPDATE user_llm_settings SET credit_balance_nano = credit_balance_nano + NEW.amount_nano
        WHERE tenant_id = NEW.tenant_id AND user_id = NEW.user_id;
END;
CREATE TRIGGER credit_movements_kept BEFORE UPDATE ON credit_movements
BEGIN
    SELECT RAISE(ABORT, 'movements of credits are never changed');
END;
CREATE TRIGGER user_llm_settings_credit AFTER INSERT ON user_llm_settings
BEGIN
    UPDATE user_llm_settings SET credit_balance_nano = COALESCE((SELECT balance_nano
        FROM credit_balances WHERE tenant_id = NEW.tenant_id AND user_id = NEW.user_id), 0)
        WHERE tenant_id = NEW.tenant_id AND user_id = NEW.user_id;
END;

-- details is text, not TEXT: its bytes are what a chain of hashes will be over.
CREATE TABLE audit_log (
    tenant_id TEXT NOT NULL DEFAULT '',
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    actor_type TEXT NOT NULL,
    actor TEXT NOT NULL DEFAULT '',
    address TEXT NOT NULL DEFAULT '',
    agent TEXT NOT NULL DEFAULT '',
    action TEXT NOT NULL,
    resource TEXT NOT NULL DEFAULT '',
    outcome TEXT NOT NULL,
    details TEXT NOT NULL DEFAULT '{}',
    sequence INTEGER,
    previous_hash TEXT,
    hash TEXT,
    PRIMARY KEY (id)
) STRICT;
CREATE INDEX audit_log_by_time ON audit_log (tenant_id, at);
CREATE INDEX audit_log_by_action ON audit_log (tenant_id, action, at);
CREATE INDEX audit_log_by_actor ON audit_log (tenant_id, actor, at);

-- Where alerts go: webhook, slack, email, alertmanager.
CREATE TABLE alert_channels (
    tenant_id TEXT NOT NULL DEFAULT '',
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    target TEXT NOT NULL DEFAULT '',
    secret TEXT NOT NULL DEFAULT '',
    events TEXT NOT NULL DEFAULT '[]',
    enabled INTEGER NOT NULL DEFAULT TRUE,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    etag INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (id),
    CONSTRAINT alert_channels_name_unique UNIQUE (tenant_id, name)
) STRICT;

-- What was worth telling, once: unique_key is the same for what is the same alert.
CREATE TABLE alerts (
    tenant_id TEXT NOT NULL DEFAULT '',
    id TEXT NOT NULL,
    event TEXT NOT NULL,
    subject TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT '',
    details TEXT NOT NULL DEFAULT '{}',
    unique_key TEXT NOT NULL,
    at INTEGER NOT NULL,
    acknowledged INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (id),
    CONSTRAINT alerts_key_unique UNIQUE (tenant_id, unique_key)
) STRICT;
CREATE INDEX alerts_by_time ON alerts (tenant_id, at);

-- An alert on its way to one channel.
CREATE TABLE alert_deliveries (
    tenant_id TEXT NOT NULL DEFAULT '',
    id TEXT NOT NULL,
    alert_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due INTEGER NOT NULL DEFAULT 0,
    delivered INTEGER NOT NULL DEFAULT 0,
    given_up INTEGER NOT NULL DEFAULT 0,
    problem TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (id),
    CONSTRAINT alert_deliveries_alert FOREIGN KEY (alert_id) REFERENCES alerts (id)
        ON DELETE CASCADE,
    CONSTRAINT alert_deliveries_channel FOREIGN KEY (channel_id) REFERENCES alert_channels (id)
        ON DELETE CASCADE
) STRICT;
CREATE INDEX alert_deliveries_due ON alert_deliveries (due) WHERE delivered = 0 AND given_up = 0;
CREATE INDEX alert_deliveries_of_channel ON alert_deliveries (channel_id);
CREATE INDEX alert_deliveries_of_alert ON alert_deliveries (alert_id);
