-- Row-level security: a transaction sees the rows of the tenant it names (app.tenant), or all of
-- them when it says that it acts for the platform (app.platform). Forced, so that the tables' owner
-- is bound too; the gateway works as tollgate_app, which binds even a superuser's connection.
-- Partitions are granted to nobody: reading one directly would go around its parent's policy.

DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'tollgate_app') THEN
        CREATE ROLE tollgate_app NOLOGIN NOSUPERUSER NOBYPASSRLS;
    END IF;
    IF NOT pg_has_role(current_user, 'tollgate_app', 'MEMBER') THEN
        EXECUTE format('GRANT tollgate_app TO %I', current_user);
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE WARNING 'no right to make or take the role tollgate_app: the forced policies bind '
            'the owner of the tables instead, unless it is a superuser or has BYPASSRLS';
    WHEN duplicate_object OR unique_violation THEN
        NULL;  -- another database of this server made it meanwhile
END $$;

DO $$
DECLARE
    entry TEXT[];
    name TEXT;
    may_grant BOOLEAN := EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'tollgate_app');
BEGIN
    FOREACH entry SLICE 1 IN ARRAY ARRAY[
        ['tenants', 'id'], ['teams', 'tenant_id'], ['users', 'tenant_id'],
        ['api_keys', 'tenant_id'], ['limits', 'tenant_id'], ['budgets', 'tenant_id'],
        ['budget_events', 'tenant_id'], ['credit_movements', 'tenant_id'],
        ['credit_balances', 'tenant_id'], ['user_llm_settings', 'tenant_id'],
        ['audit_log', 'tenant_id'], ['alert_channels', 'tenant_id'], ['alerts', 'tenant_id'],
        ['alert_deliveries', 'tenant_id'], ['llm_providers', 'tenant_id'],
        ['llm_models', 'tenant_id'], ['llm_routing_rules', 'tenant_id'],
        ['llm_usage_logs', 'tenant_id'], ['usage_attempts', 'tenant_id'],
        ['usage_hourly', 'tenant_id'], ['usage_daily', 'tenant_id'],
        ['usage_tag_daily', 'tenant_id'], ['usage_latency_daily', 'tenant_id']] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', entry[1]);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', entry[1]);
        EXECUTE format(
            'CREATE POLICY tollgate_tenant ON %I USING (%I = NULLIF(current_setting(''app.tenant'', '
            'true), '''') OR current_setting(''app.platform'', true) = ''on'')', entry[1], entry[2]);
    END LOOP;

    -- A user's own provider keys: the owner's alone, not the tenant's.
    ALTER TABLE user_provider_keys ENABLE ROW LEVEL SECURITY;
    ALTER TABLE user_provider_keys FORCE ROW LEVEL SECURITY;
    CREATE POLICY tollgate_owner ON user_provider_keys USING (
        (tenant_id = NULLIF(current_setting('app.tenant', true), '')
         AND user_id = NULLIF(current_setting('app.current_user_id', true), ''))
        OR current_setting('app.platform', true) = 'on');

    REVOKE ALL ON FUNCTION tollgate_make_partitions(TEXT, BIGINT, BIGINT) FROM PUBLIC;
    REVOKE ALL ON FUNCTION tollgate_drop_partitions(TEXT) FROM PUBLIC;
    IF NOT may_grant THEN
        RETURN;
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO tollgate_app', current_schema());
    FOREACH name IN ARRAY ARRAY['tenants', 'teams', 'users', 'api_keys', 'tiers', 'limits',
        'budgets', 'budget_events', 'credit_balances', 'user_llm_settings', 'alert_channels',
        'alerts', 'alert_deliveries', 'llm_providers', 'llm_models', 'llm_routing_rules',
        'user_provider_keys', 'llm_usage_logs', 'usage_attempts', 'usage_hourly', 'usage_daily',
        'usage_tag_daily', 'usage_latency_daily'] LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO tollgate_app', name);
    END LOOP;
    -- What is only ever added to.
    GRANT SELECT, INSERT ON credit_movements, audit_log, installation TO tollgate_app;
    GRANT SELECT, UPDATE ON changes TO tollgate_app;
    GRANT SELECT ON usage_records TO tollgate_app;
    GRANT EXECUTE ON FUNCTION tollgate_make_partitions(TEXT, BIGINT, BIGINT) TO tollgate_app;
    GRANT EXECUTE ON FUNCTION tollgate_drop_partitions(TEXT) TO tollgate_app;
END $$;
