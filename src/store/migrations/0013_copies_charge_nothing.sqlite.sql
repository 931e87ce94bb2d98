-- Copies of requests (strategy shadow) charge no budget: what they added to the sums by tenant, team,
-- user, key, provider and model is taken off again by rows of the dimensions copies:*, by day and by
-- hour, which the reckoning of budgets adds to those.

INSERT INTO usage_by_dimension (tenant_id, dimension, day, value, cost_nano, fee_nano, requests)
WITH copies AS MATERIALIZED (
    SELECT tenant_id, team_id, user_id, key_id, provider, model_name, at, cost_nano, fee_nano
    FROM llm_usage_logs WHERE strategy = 'shadow'
)
SELECT tenant_id, 'copies:none', at - at % 86400000000, '', -SUM(cost_nano), -SUM(fee_nano), -COUNT(*)
FROM copies GROUP BY 1, 2, 3, 4
UNION ALL
SELECT tenant_id, 'hour:copies:none', at - at % 3600000000, '', -SUM(cost_nano), -SUM(fee_nano), -COUNT(*)
FROM copies GROUP BY 1, 2, 3, 4
UNION ALL
SELECT tenant_id, 'copies:team', at - at % 86400000000, team_id, -SUM(cost_nano), -SUM(fee_nano), -COUNT(*)
FROM copies GROUP BY 1, 2, 3, 4
UNION ALL
SELECT tenant_id, 'hour:copies:team', at - at % 3600000000, team_id, -SUM(cost_nano), -SUM(fee_nano), -COUNT(*)
FROM copies GROUP BY 1, 2, 3, 4
UNION ALL
SELECT tenant_id, 'copies:user', at - at % 86400000000, user_id, -SUM(cost_nano), -SUM(fee_nano), -COUNT(*)
FROM copies GROUP BY 1, 2, 3, 4
UNION ALL
SELECT tenant_id, 'hour:copies:user', at - at % 3600000000, user_id, -SUM(cost_nano), -SUM(fee_nano), -COUNT(*)
FROM copies GROUP BY 1, 2, 3, 4
UNION ALL
SELECT tenant_id, 'copies:key', at - at % 86400000000, key_id, -SUM(cost_nano), -SUM(fee_nano), -COUNT(*)
FROM copies GROUP BY 1, 2, 3, 4
UNION ALL
SELECT tenant_id, 'hour:copies:key', at - at % 3600000000, key_id, -SUM(cost_nano), -SUM(fee_nano), -COUNT(*)
FROM copies GROUP BY 1, 2, 3, 4
UNION ALL
SELECT tenant_id, 'copies:provider', at - at % 86400000000, provider, -SUM(cost_nano), -SUM(fee_nano), -COUNT(*)
FROM copies GROUP BY 1, 2, 3, 4
UNION ALL
SELECT tenant_id, 'hour:copies:provider', at - at % 3600000000, provider, -SUM(cost_nano), -SUM(fee_nano), -COUNT(*)
FROM copies GROUP BY 1, 2, 3, 4
UNION ALL
SELECT tenant_id, 'copies:model', at - at % 86400000000, model_name, -SUM(cost_nano), -SUM(fee_nano), -COUNT(*)
FROM copies GROUP BY 1, 2, 3, 4
UNION ALL
SELECT tenant_id, 'hour:copies:model', at - at % 3600000000, model_name, -SUM(cost_nano), -SUM(fee_nano), -COUNT(*)
FROM copies GROUP BY 1, 2, 3, 4;
