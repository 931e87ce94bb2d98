-- Which experiment's arm chose a request's model, why the request went where it went (a JSON object
-- of at most 4 KB, "" where there was nothing to decide), and what people thought of the answer.
ALTER TABLE llm_usage_logs
    ADD COLUMN experiment TEXT NOT NULL DEFAULT '',
    ADD COLUMN arm TEXT NOT NULL DEFAULT '',
    ADD COLUMN route_trace TEXT NOT NULL DEFAULT '';
ALTER TABLE usage_attempts
    ADD COLUMN experiment TEXT NOT NULL DEFAULT '',
    ADD COLUMN arm TEXT NOT NULL DEFAULT '',
    ADD COLUMN route_trace TEXT NOT NULL DEFAULT '';
CREATE INDEX llm_usage_logs_by_experiment ON llm_usage_logs (experiment, at)
    WHERE experiment <> '';

CREATE OR REPLACE VIEW usage_records WITH (security_invoker = true) AS
    SELECT * FROM llm_usage_logs UNION ALL SELECT * FROM usage_attempts;

-- One row per request: who judges it anew replaces it.
CREATE TABLE feedback (
    tenant_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    user_id TEXT NOT NULL DEFAULT '',
    key_id TEXT NOT NULL DEFAULT '',
    score DOUBLE PRECISION NOT NULL CONSTRAINT feedback_score CHECK (score BETWEEN -1 AND 1),
    comment TEXT NOT NULL DEFAULT '',
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, request_id)
);
CREATE INDEX feedback_by_time ON feedback (tenant_id, at);
ALTER TABLE feedback ENABLE ROW LEVEL SECURITY;
ALTER TABLE feedback FORCE ROW LEVEL SECURITY;
CREATE POLICY tollgate_tenant ON feedback USING (
    tenant_id = NULLIF(current_setting('app.tenant', true), '')
    OR current_setting('app.platform', true) = 'on');

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'tollgate_app') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON feedback TO tollgate_app;
    END IF;
END $$;
