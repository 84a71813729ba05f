-- What the questions about consents, signs and reviews walk, so that they need
-- not look at each event. Each row here says of many events what they have in
-- common and between which times; only where that leaves a doubt are the events
-- themselves read. A row that comes twice changes nothing.

-- Which consents were relied on, on each day, from when to when.
CREATE TABLE IF NOT EXISTS {{table "consent_days"}}{{on}} (
    day             Date COMMENT 'L1' CODEC(Delta, LZ4),
    consent_ref     FixedString(32) COMMENT 'L3; consent relied on' CODEC(LZ4),
    first           SimpleAggregateFunction(min, DateTime64(3, 'UTC')) COMMENT 'L2; first event of the day that names it' CODEC(LZ4),
    last            SimpleAggregateFunction(max, DateTime64(3, 'UTC')) COMMENT 'L2; and last' CODEC(LZ4)
) ENGINE = {{engine "AggregatingMergeTree" "consent_days"}}
PARTITION BY toYYYYMM(day)
ORDER BY (day, consent_ref)
TTL day + toIntervalDay({{days "consent_days"}})
SETTINGS {{settings}}
COMMENT 'Consents that events of each day rely on.';
{{distributed "consent_days" "cityHash64(consent_ref)"}}
{{define "consent_days"}}SELECT
    toDate(ts, 'UTC') AS day, consent_ref, min(ts) AS first, max(ts) AS last
FROM {{.}}
WHERE kind IN ('match', 'claim_outcome', 'verify_1to1', 'unmask') AND consent_ref != toFixedString('', 32)
GROUP BY day, consent_ref{{end}}
CREATE MATERIALIZED VIEW IF NOT EXISTS {{table "consent_days_mv"}}{{on}} TO {{table "consent_days"}} AS
{{template "consent_days" (table "events")}};
INSERT INTO {{name "consent_days"}} {{template "consent_days" (name "events")}};

-- Under which signs a zone's events stood, in each hour, from when to when.
CREATE TABLE IF NOT EXISTS {{table "zone_hours"}}{{on}} (
    site_id         LowCardinality(String) COMMENT 'L1',
    zone_id         LowCardinality(String) COMMENT 'L2',
    hour            DateTime('UTC') COMMENT 'L1' CODEC(Delta, LZ4),
    sign_set_hash   FixedString(32) COMMENT 'L1; the signs in place then' CODEC(LZ4),
    first           SimpleAggregateFunction(min, DateTime64(3, 'UTC')) COMMENT 'L2; first event of the hour' CODEC(LZ4),
    last            SimpleAggregateFunction(max, DateTime64(3, 'UTC')) COMMENT 'L2; and last' CODEC(LZ4)
) ENGINE = {{engine "AggregatingMergeTree" "zone_hours"}}
PARTITION BY toYear(hour)
ORDER BY (site_id, zone_id, hour, sign_set_hash)
TTL hour + toIntervalDay({{days "zone_hours"}})
SETTINGS {{settings}}
COMMENT 'Hours in which a zone had events, and under which signs.';
{{distributed "zone_hours" "cityHash64(zone_id)"}}
{{define "zone_hours"}}SELECT
    site_id, zone_id, toStartOfHour(toDateTime(ts, 'UTC')) AS hour, sign_set_hash, min(ts) AS first, max(ts) AS last
FROM {{.}}
WHERE kind IN ('match', 'claim_outcome', 'unmask')
GROUP BY site_id, zone_id, hour, sign_set_hash{{end}}
CREATE MATERIALIZED VIEW IF NOT EXISTS {{table "zone_hours_mv"}}{{on}} TO {{table "zone_hours"}} AS
{{template "zone_hours" (table "events")}};
INSERT INTO {{name "zone_hours"}} {{template "zone_hours" (name "events")}};

-- Who confirmed what, by the event that was looked at.
CREATE TABLE IF NOT EXISTS {{table "reviews"}}{{on}} (
    ref_event       String COMMENT 'L2; the event that this one is about' CODEC(ZSTD(1)),
    ts              DateTime64(3, 'UTC') COMMENT 'L2; when it happened' CODEC(Delta, ZSTD(1)),
    site_id         LowCardinality(String) COMMENT 'L1',
    reviewer_ref    FixedString(32) COMMENT 'L3; pseudonym of who acted' CODEC(ZSTD(1)),
    verdict         LowCardinality(String) COMMENT 'L3',
    event_id        UUID COMMENT 'L1; UUID v7, set by the edge' CODEC(ZSTD(1)),
    chain_id        LowCardinality(String) COMMENT 'L1; the edge that numbered it',
    seq             UInt64 COMMENT 'L1; from 1, without gaps' CODEC(Delta, ZSTD(1))
) ENGINE = {{engine "ReplacingMergeTree" "reviews"}}
PARTITION BY toYear(ts)
ORDER BY (ref_event, ts, chain_id, seq)
TTL {{ttl "reviews"}}
SETTINGS {{settings}}
COMMENT 'Reviews, by the event that they are about.';
{{distributed "reviews"}}
{{define "reviews"}}SELECT
    ref_event, ts, site_id, reviewer_ref, verdict, event_id, chain_id, seq
FROM {{.}}
WHERE kind = 'human_review'{{end}}
CREATE MATERIALIZED VIEW IF NOT EXISTS {{table "reviews_mv"}}{{on}} TO {{table "reviews"}} AS
{{template "reviews" (table "events")}};
INSERT INTO {{name "reviews"}} {{template "reviews" (name "events")}};

-- Changes of accounts and cameras are among what the control side did.
{{define "control_log_6"}}SELECT
    kind, ts, site_id, reviewer_ref, ref_event, verdict, detail, event_id, chain_id, seq
FROM {{.}}
WHERE kind IN ('rights_change', 'disposal', 'retention_run', 'census', 'incident', 'account_change', 'camera_change'){{end}}
ALTER TABLE {{table "control_log_mv"}}{{on}} MODIFY QUERY {{template "control_log_6" (table "events")}};
INSERT INTO {{name "control_log"}} {{template "control_log_6" (name "events")}};
