-- More sums, so that no chart of a busy tenant reads rows by the hundred thousand: by hour and one
-- dimension (`hour:model`; `day` holds the hour's beginning), by rule, provider and model together
-- (savings), by provider and user (who was served), and times by month (`month:total`). Made once
-- from the sums that are there, by the gateway from now on. The joined values stand in
-- one text with the character 31 between them.

INSERT INTO usage_by_dimension (tenant_id, dimension, day, value,
    requests, errors, fallbacks, input_tokens, output_tokens, cache_read_tokens,
    cache_write_5m_tokens, cache_write_1h_tokens, reasoning_tokens, web_searches, cost_nano,
    list_cost_nano, baseline_cost_nano, fee_nano, byok_requests, byok_list_cost_nano, cache_hits,
    cache_hit_list_cost_nano, unpriced_requests, estimated_requests, total_us, first_token_us,
    first_token_count, request_bytes, response_bytes)
SELECT tenant_id, 'hour:' || d.name, hour,
    CASE d.name
        WHEN 'none' THEN ''
        WHEN 'team' THEN team_id
        WHEN 'user' THEN user_id
        WHEN 'key' THEN key_id
        WHEN 'provider' THEN provider
        WHEN 'model' THEN model_name
        WHEN 'alias' THEN alias
        WHEN 'project' THEN project
        WHEN 'power_level' THEN power_level
        WHEN 'rule' THEN rule
        WHEN 'status_class' THEN CAST(status_class AS TEXT)
    END,
    SUM(requests), SUM(errors), SUM(fallbacks), SUM(input_tokens), SUM(output_tokens),
    SUM(cache_read_tokens), SUM(cache_write_5m_tokens), SUM(cache_write_1h_tokens),
    SUM(reasoning_tokens), SUM(web_searches), SUM(cost_nano), SUM(list_cost_nano),
    SUM(baseline_cost_nano), SUM(fee_nano), SUM(byok_requests), SUM(byok_list_cost_nano),
    SUM(cache_hits), SUM(cache_hit_list_cost_nano), SUM(unpriced_requests),
    SUM(estimated_requests), SUM(total_us), SUM(first_token_us), SUM(first_token_count),
    SUM(request_bytes), SUM(response_bytes)
FROM usage_hourly CROSS JOIN (SELECT 'none' AS name
    UNION ALL SELECT 'team'
    UNION ALL SELECT 'user'
    UNION ALL SELECT 'key'
    UNION ALL SELECT 'provider'
    UNION ALL SELECT 'model'
    UNION ALL SELECT 'alias'
    UNION ALL SELECT 'project'
    UNION ALL SELECT 'power_level'
    UNION ALL SELECT 'rule'
    UNION ALL SELECT 'status_class') d
GROUP BY 1, 2, 3, 4;

INSERT INTO usage_by_dimension (tenant_id, dimension, day, value,
    requests, errors, fallbacks, input_tokens, output_tokens, cache_read_tokens,
    cache_write_5m_tokens, cache_write_1h_tokens, reasoning_tokens, web_searches, cost_nano,
    list_cost_nano, baseline_cost_nano, fee_nano, byok_requests, byok_list_cost_nano, cache_hits,
    cache_hit_list_cost_nano, unpriced_requests, estimated_requests, total_us, first_token_us,
    first_token_count, request_bytes, response_bytes)
SELECT tenant_id, d.name, day,
    CASE d.name
        WHEN 'rule+provider+model' THEN rule || char(31) || provider || char(31) || model_name
        ELSE provider || char(31) || user_id
    END,
    SUM(requests), SUM(errors), SUM(fallbacks), SUM(input_tokens), SUM(output_tokens),
    SUM(cache_read_tokens), SUM(cache_write_5m_tokens), SUM(cache_write_1h_tokens),
    SUM(reasoning_tokens), SUM(web_searches), SUM(cost_nano), SUM(list_cost_nano),
    SUM(baseline_cost_nano), SUM(fee_nano), SUM(byok_requests), SUM(byok_list_cost_nano),
    SUM(cache_hits), SUM(cache_hit_list_cost_nano), SUM(unpriced_requests),
    SUM(estimated_requests), SUM(total_us), SUM(first_token_us), SUM(first_token_count),
    SUM(request_bytes), SUM(response_bytes)
FROM usage_daily CROSS JOIN (SELECT 'rule+provider+model' AS name
    UNION ALL SELECT 'provider+user') d
GROUP BY 1, 2, 3, 4;

INSERT INTO usage_by_dimension (tenant_id, dimension, day, value,
    requests, errors, fallbacks, input_tokens, output_tokens, cache_read_tokens,
    cache_write_5m_tokens, cache_write_1h_tokens, reasoning_tokens, web_searches, cost_nano,
    list_cost_nano, baseline_cost_nano, fee_nano, byok_requests, byok_list_cost_nano, cache_hits,
    cache_hit_list_cost_nano, unpriced_requests, estimated_requests, total_us, first_token_us,
    first_token_count, request_bytes, response_bytes)
SELECT tenant_id, 'month:' || dimension,
    CAST(strftime('%s', day / 1000000, 'unixepoch', 'start of month') AS INTEGER) * 1000000,
    value,
    SUM(requests), SUM(errors), SUM(fallbacks), SUM(input_tokens), SUM(output_tokens),
    SUM(cache_read_tokens), SUM(cache_write_5m_tokens), SUM(cache_write_1h_tokens),
    SUM(reasoning_tokens), SUM(web_searches), SUM(cost_nano), SUM(list_cost_nano),
    SUM(baseline_cost_nano), SUM(fee_nano), SUM(byok_requests), SUM(byok_list_cost_nano),
    SUM(cache_hits), SUM(cache_hit_list_cost_nano), SUM(unpriced_requests),
    SUM(estimated_requests), SUM(total_us), SUM(first_token_us), SUM(first_token_count),
    SUM(request_bytes), SUM(response_bytes)
FROM usage_by_dimension WHERE dimension IN ('rule+provider+model', 'provider+user')
GROUP BY 1, 2, 3, 4;

INSERT INTO usage_latency_daily (tenant_id, day, provider, model_name, kind, bucket, requests)
SELECT tenant_id,
    CAST(strftime('%s', day / 1000000, 'unixepoch', 'start of month') AS INTEGER) * 1000000,
    provider, model_name, 'month:' || kind, bucket, SUM(requests)
FROM usage_latency_daily GROUP BY 1, 2, 3, 4, 5, 6;

-- What one member or one key used, by several dimensions.
CREATE INDEX usage_daily_by_user ON usage_daily (tenant_id, user_id, day);
CREATE INDEX usage_daily_by_key ON usage_daily (tenant_id, key_id, day);
