-- What administration knows of a provider's key without opening it (how it is shown, and which
-- encryption key it is under), and what the last test of the connection said.
ALTER TABLE llm_providers ADD COLUMN masked TEXT NOT NULL DEFAULT '';
ALTER TABLE llm_providers ADD COLUMN key_id TEXT NOT NULL DEFAULT '';
ALTER TABLE llm_providers ADD COLUMN health_message TEXT NOT NULL DEFAULT '';
ALTER TABLE user_provider_keys ADD COLUMN key_id TEXT NOT NULL DEFAULT '';
