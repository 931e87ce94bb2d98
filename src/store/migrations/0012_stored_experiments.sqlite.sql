-- Experiments that administration made: the platform's (tenant_id ''), and those of tenants. `arms`
-- is a list of {"name", "model", "share"}; `starts` and `ends` are Unix seconds, 0: at once, never.
CREATE TABLE experiments (
    id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL,
    enabled INTEGER NOT NULL DEFAULT TRUE,
    models TEXT NOT NULL DEFAULT '[]',
    arms TEXT NOT NULL DEFAULT '[]',
    sticky TEXT NOT NULL DEFAULT 'session',
    metric TEXT NOT NULL DEFAULT 'cost',
    confidence REAL NOT NULL DEFAULT 0.95,
    samples_min INTEGER NOT NULL DEFAULT 100,
    starts INTEGER NOT NULL DEFAULT 0,
    ends INTEGER NOT NULL DEFAULT 0,
    promoted TEXT NOT NULL DEFAULT '',  -- the arm that was made permanent
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    etag INTEGER NOT NULL DEFAULT 1,
    CONSTRAINT experiments_name_unique UNIQUE (tenant_id, name)
) STRICT;

-- False: the row holds aliases alone, and what orders candidates elsewhere goes on doing so.
ALTER TABLE llm_routing_rules ADD COLUMN strategy_set INTEGER NOT NULL DEFAULT TRUE;
