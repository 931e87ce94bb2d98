-- Experiments that administration made: the platform's (tenant_id ''), and those of tenants. `arms`
-- is a list of {"name", "model", "share"}; `starts` and `ends` are Unix seconds, 0: at once, never.
CREATE TABLE experiments (
    id UUID PRIMARY KEY,
    tenant_id TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL,
    enabled BOOLEAN NOT NULL DEFAULT TRUE,
    models JSONB NOT NULL DEFAULT '[]',
    arms JSONB NOT NULL DEFAULT '[]',
    sticky TEXT NOT NULL DEFAULT 'session',
    metric TEXT NOT NULL DEFAULT 'cost',
    confidence DOUBLE PRECISION NOT NULL DEFAULT 0.95,
    samples_min BIGINT NOT NULL DEFAULT 100,
    starts BIGINT NOT NULL DEFAULT 0,
    ends BIGINT NOT NULL DEFAULT 0,
    promoted TEXT NOT NULL DEFAULT '',  -- the arm that was made permanent
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    etag BIGINT NOT NULL DEFAULT 1,
    CONSTRAINT experiments_name_unique UNIQUE (tenant_id, name)
);
ALTER TABLE experiments ENABLE ROW LEVEL SECURITY;
ALTER TABLE experiments FORCE ROW LEVEL SECURITY;
CREATE POLICY tollgate_tenant ON experiments USING (
    tenant_id = NULLIF(current_setting('app.tenant', true), '')
    OR current_setting('app.platform', true) = 'on');
-- The platform's are everybody's to read.
CREATE POLICY tollgate_shared ON experiments FOR SELECT USING (
    tenant_id = '' AND NULLIF(current_setting('app.tenant', true), '') IS NOT NULL);

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'tollgate_app') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON experiments TO tollgate_app;
    END IF;
END $$;

-- False: the row holds aliases alone, and what orders candidates elsewhere goes on doing so.
ALTER TABLE llm_routing_rules ADD COLUMN strategy_set BOOLEAN NOT NULL DEFAULT TRUE;
