-- What some values of a dimension used over a long range: a chart of the dearest keys, the budget of
-- one key. The primary key has the day before the value, and reads every value's rows for each one
-- asked for. (SQLite reads the range once and leaves out the others, which is as fast there.)
CREATE INDEX usage_by_dimension_by_value ON usage_by_dimension (tenant_id, dimension, value, day);
