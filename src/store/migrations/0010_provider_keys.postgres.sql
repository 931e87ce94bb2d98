-- What administration knows of a provider's key without opening it (how it is shown, and which
-- encryption key it is under), and what the last test of the connection said.
ALTER TABLE llm_providers ADD COLUMN masked TEXT NOT NULL DEFAULT '';
ALTER TABLE llm_providers ADD COLUMN key_id TEXT NOT NULL DEFAULT '';
ALTER TABLE llm_providers ADD COLUMN health_message TEXT NOT NULL DEFAULT '';
ALTER TABLE user_provider_keys ADD COLUMN key_id TEXT NOT NULL DEFAULT '';

-- Users' own keys stay their owners'. A transaction that says it acts for the admins of the tenant
-- sees those of the tenant: they may list, switch off and remove what they can neither read nor use.
DROP POLICY tollgate_owner ON user_provider_keys;
CREATE POLICY tollgate_owner ON user_provider_keys USING (
    (tenant_id = NULLIF(current_setting('app.tenant', true), '')
     AND (user_id = NULLIF(current_setting('app.current_user_id', true), '')
          OR current_setting('app.users_keys', true) = 'on'))
    OR current_setting('app.platform', true) = 'on');

-- What is the platform's (tenant_id '') may be read by every tenant, and written by the platform
-- alone: providers, models and the rules that hold where a tenant has none.
CREATE POLICY tollgate_shared ON llm_providers FOR SELECT USING (
    tenant_id = '' AND NULLIF(current_setting('app.tenant', true), '') IS NOT NULL);
CREATE POLICY tollgate_shared ON llm_models FOR SELECT USING (
    tenant_id = '' AND NULLIF(current_setting('app.tenant', true), '') IS NOT NULL);
CREATE POLICY tollgate_shared ON llm_routing_rules FOR SELECT USING (
    tenant_id = '' AND NULLIF(current_setting('app.tenant', true), '') IS NOT NULL);
