-- What providers took of requests that had several attempts: budgets of providers are over what
-- each attempt cost, and the sums by provider have a request's whole cost with its last one. Rows of
-- the dimension attempt_provider are added to those, by day and by hour.

INSERT INTO usage_by_dimension (tenant_id, dimension, day, value, cost_nano)
SELECT tenant_id, 'attempt_provider', at - at % 86400000000, provider, SUM(cost)
FROM (
    SELECT tenant_id, at, provider, cost_nano AS cost FROM usage_attempts
    UNION ALL
    SELECT r.tenant_id, r.at, r.provider, -r.cost_nano FROM llm_usage_logs r
    WHERE r.attempts > 1 AND EXISTS (
        SELECT 1 FROM usage_attempts a WHERE a.at = r.at AND a.request_id = r.request_id)
) moved GROUP BY 1, 2, 3, 4 HAVING SUM(cost) <> 0;

INSERT INTO usage_by_dimension (tenant_id, dimension, day, value, cost_nano)
SELECT tenant_id, 'hour:attempt_provider', at - at % 3600000000, provider, SUM(cost)
FROM (
    SELECT tenant_id, at, provider, cost_nano AS cost FROM usage_attempts
    UNION ALL
    SELECT r.tenant_id, r.at, r.provider, -r.cost_nano FROM llm_usage_logs r
    WHERE r.attempts > 1 AND EXISTS (
        SELECT 1 FROM usage_attempts a WHERE a.at = r.at AND a.request_id = r.request_id)
) moved GROUP BY 1, 2, 3, 4 HAVING SUM(cost) <> 0;
