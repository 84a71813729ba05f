-- Which parts a repair gave up because the server could not read them: a row
-- before the part goes, and one when what is derived from the log is filled
-- again. One without the other is a repair that was cut off, which the next one
-- finishes. Writers watch this table: when it grows, rows may have gone.
CREATE TABLE IF NOT EXISTS {{table "repairs"}}{{on}} (
    ts              DateTime64(3, 'UTC') COMMENT 'L2; when',
    source          LowCardinality(String) COMMENT 'L1; table of the part',
    part            String COMMENT 'L1; the server''s name of it',
    step            LowCardinality(String) COMMENT 'L1; begun or done',
    reason          String COMMENT 'L1; the server''s words, or what became of the part'
) ENGINE = {{engine "ReplacingMergeTree" "repairs"}}
ORDER BY (source, part, step, ts)
TTL {{ttl "repairs"}}
SETTINGS {{settings}}
COMMENT 'Parts that were given up; what went with them shows as gaps.';
{{distributed "repairs" "cityHash64(part)"}}
