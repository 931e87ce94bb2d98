-- Whose a row of limits is: what the platform set, a tenant's own people may not change. Rows from
-- before count as the platform's, which loosens nothing.
ALTER TABLE limits ADD COLUMN by_admin BOOLEAN NOT NULL DEFAULT TRUE;
