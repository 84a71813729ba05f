-- Tables in the order of the questions that auditors ask. Each is fed from events
-- by a view as rows come in, and filled here with what is stored already. Every
-- row is named by (chain_id, seq), so that one that arrives twice collapses; read
-- with FINAL and the answer is right before the merge as well.

-- What was recognised, shown and confirmed, by zone and time.
CREATE TABLE IF NOT EXISTS {{table "match_log"}}{{on}} (
    site_id         LowCardinality(String) COMMENT 'L1',
    zone_id         LowCardinality(String) COMMENT 'L2',
    ts              DateTime64(3, 'UTC') COMMENT 'L2; when it happened' CODEC(Delta, ZSTD(1)),
    kind            LowCardinality(String) COMMENT 'L1; see the Go package internal/event',
    camera_id       LowCardinality(String) COMMENT 'L2',
    scene_id        LowCardinality(String) COMMENT 'L2',
    ts_quality      LowCardinality(String) COMMENT 'L1; synced, unsynced, camera',
    zone_version    UInt32 COMMENT 'L1' CODEC(ZSTD(1)),
    sign_set_hash   FixedString(32) COMMENT 'L1; the signs in place then' CODEC(ZSTD(1)),
    inspection_id   LowCardinality(String) COMMENT 'L2',
    policy_version  UInt64 COMMENT 'L1' CODEC(ZSTD(1)),
    notice_version  LowCardinality(String) COMMENT 'L1',
    assessment_id   LowCardinality(String) COMMENT 'L2',
    gate_mode       LowCardinality(String) COMMENT 'L1; zone or claim',
    gate_bits       UInt32 COMMENT 'L2; one bit for each condition of the gate' CODEC(ZSTD(1)),
    subject_ref     FixedString(32) COMMENT 'L3; pseudonym of one person, scene and day; zeros: none' CODEC(ZSTD(1)),
    consent_ref     FixedString(32) COMMENT 'L3; consent relied on; zeros: none' CODEC(ZSTD(1)),
    consent_version UInt32 COMMENT 'L2' CODEC(ZSTD(1)),
    gallery_root    FixedString(32) COMMENT 'L2; hash of the set of templates compared with' CODEC(ZSTD(1)),
    gallery_size    UInt32 COMMENT 'L2' CODEC(ZSTD(1)),
    template_ref    FixedString(32) COMMENT 'L3' CODEC(ZSTD(1)),
    model_digest    FixedString(32) COMMENT 'L1' CODEC(ZSTD(1)),
    score           Float32 COMMENT 'L3' CODEC(ZSTD(1)),
    threshold       Float32 COMMENT 'L2' CODEC(ZSTD(1)),
    margin          Float32 COMMENT 'L3' CODEC(ZSTD(1)),
    quality         Float32 COMMENT 'L3' CODEC(ZSTD(1)),
    pad             LowCardinality(String) COMMENT 'L3; outcome of the liveness check',
    ref_event       String COMMENT 'L2; the event that this one is about' CODEC(ZSTD(1)),
    reviewer_ref    FixedString(32) COMMENT 'L3; pseudonym of who acted' CODEC(ZSTD(1)),
    verdict         LowCardinality(String) COMMENT 'L3',
    receipt_id      String COMMENT 'L2' CODEC(ZSTD(1)),
    detail          Map(String, String) COMMENT 'L2; bounded keys, nothing about a person' CODEC(ZSTD(1)),
    event_id        UUID COMMENT 'L1; UUID v7, set by the edge' CODEC(ZSTD(1)),
    chain_id        LowCardinality(String) COMMENT 'L1; the edge that numbered it',
    seq             UInt64 COMMENT 'L1; from 1, without gaps' CODEC(Delta, ZSTD(1)),
    INDEX by_event event_id TYPE bloom_filter(0.001) GRANULARITY 4,
    INDEX by_ref ref_event TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX by_subject subject_ref TYPE bloom_filter(0.01) GRANULARITY 4
) ENGINE = {{engine "ReplacingMergeTree" "match_log"}}
PARTITION BY toYYYYMM(ts)
ORDER BY (site_id, zone_id, ts, chain_id, seq)
TTL {{ttl "match_log"}}
SETTINGS {{settings}}
COMMENT 'What was recognised, shown and confirmed, by zone and time.';
{{distributed "match_log"}}
{{define "match_log"}}SELECT
    site_id, zone_id, ts, kind, camera_id, scene_id, ts_quality, zone_version, sign_set_hash, inspection_id,
    policy_version, notice_version, assessment_id, gate_mode, gate_bits, subject_ref, consent_ref,
    consent_version, gallery_root, gallery_size, template_ref, model_digest, score, threshold, margin,
    quality, pad, ref_event, reviewer_ref, verdict, receipt_id, detail, event_id, chain_id, seq
FROM {{.}}
WHERE kind IN ('match', 'claim_outcome', 'verify_1to1', 'unmask', 'human_review'){{end}}
CREATE MATERIALIZED VIEW IF NOT EXISTS {{table "match_log_mv"}}{{on}} TO {{table "match_log"}} AS
{{template "match_log" (table "events")}};
INSERT INTO {{name "match_log"}} {{template "match_log" (name "events")}};

-- Per-minute counters of cameras and zones; small counts of people are left out at the edge already.
CREATE TABLE IF NOT EXISTS {{table "minute_counters"}}{{on}} (
    site_id         LowCardinality(String) COMMENT 'L1',
    camera_id       LowCardinality(String) COMMENT 'L2',
    zone_id         LowCardinality(String) COMMENT 'L2',
    ts              DateTime64(3, 'UTC') COMMENT 'L2; when it happened' CODEC(Delta, ZSTD(1)),
    scene_id        LowCardinality(String) COMMENT 'L2',
    pictures        UInt64 COMMENT 'L2; pictures that left' CODEC(ZSTD(1)),
    full_mask       UInt64 COMMENT 'L2; of these covered as a whole' CODEC(ZSTD(1)),
    people          Nullable(UInt32) COMMENT 'L2; people seen; null when too few to tell' CODEC(ZSTD(1)),
    comparisons     UInt64 COMMENT 'L2; templates compared with' CODEC(ZSTD(1)),
    rejected        UInt64 COMMENT 'L2; looks that were compared and recognised nobody' CODEC(ZSTD(1)),
    event_id        UUID COMMENT 'L1; UUID v7, set by the edge' CODEC(ZSTD(1)),
    chain_id        LowCardinality(String) COMMENT 'L1; the edge that numbered it',
    seq             UInt64 COMMENT 'L1; from 1, without gaps' CODEC(Delta, ZSTD(1))
) ENGINE = {{engine "ReplacingMergeTree" "minute_counters"}}
PARTITION BY toYYYYMM(ts)
ORDER BY (site_id, camera_id, zone_id, ts, chain_id, seq)
TTL {{ttl "minute_counters"}}
SETTINGS {{settings}}
COMMENT 'Per-minute counters of cameras and zones; small counts of people are left out at the edge already.';
{{distributed "minute_counters"}}
{{define "minute_counters"}}SELECT
    site_id, camera_id, zone_id, ts, scene_id, toUInt64OrZero(detail['pictures']) AS pictures,
    toUInt64OrZero(detail['full_mask']) AS full_mask, toUInt32OrNull(detail['people']) AS people,
    toUInt64OrZero(detail['comparisons']) AS comparisons, toUInt64OrZero(detail['rejected']) AS rejected,
    event_id, chain_id, seq
FROM {{.}}
WHERE kind = 'zone_minute'{{end}}
CREATE MATERIALIZED VIEW IF NOT EXISTS {{table "minute_counters_mv"}}{{on}} TO {{table "minute_counters"}} AS
{{template "minute_counters" (table "events")}};
INSERT INTO {{name "minute_counters"}} {{template "minute_counters" (name "events")}};

-- When matching became lawful at the edge, and when it ceased to be.
CREATE TABLE IF NOT EXISTS {{table "gate_changes"}}{{on}} (
    site_id         LowCardinality(String) COMMENT 'L1',
    scene_id        LowCardinality(String) COMMENT 'L2',
    zone_id         LowCardinality(String) COMMENT 'L2',
    ts              DateTime64(3, 'UTC') COMMENT 'L2; when it happened' CODEC(Delta, ZSTD(1)),
    camera_id       LowCardinality(String) COMMENT 'L2',
    policy_version  UInt64 COMMENT 'L1' CODEC(ZSTD(1)),
    gate_bits       UInt32 COMMENT 'L2; one bit for each condition of the gate' CODEC(ZSTD(1)),
    state           LowCardinality(String) COMMENT 'L1; open or closed',
    reasons         Array(LowCardinality(String)) COMMENT 'L1; codes' CODEC(ZSTD(1)),
    event_id        UUID COMMENT 'L1; UUID v7, set by the edge' CODEC(ZSTD(1)),
    chain_id        LowCardinality(String) COMMENT 'L1; the edge that numbered it',
    seq             UInt64 COMMENT 'L1; from 1, without gaps' CODEC(Delta, ZSTD(1))
) ENGINE = {{engine "ReplacingMergeTree" "gate_changes"}}
PARTITION BY toYear(ts)
ORDER BY (site_id, scene_id, zone_id, ts, chain_id, seq)
TTL {{ttl "gate_changes"}}
SETTINGS {{settings}}
COMMENT 'When matching became lawful at the edge, and when it ceased to be.';
{{distributed "gate_changes"}}
{{define "gate_changes"}}SELECT
    site_id, scene_id, zone_id, ts, camera_id, policy_version, gate_bits, detail['state'] AS state,
    if(empty(detail['reasons']), [], splitByChar(',', detail['reasons'])) AS reasons, event_id, chain_id, seq
FROM {{.}}
WHERE kind = 'gate_change'{{end}}
CREATE MATERIALIZED VIEW IF NOT EXISTS {{table "gate_changes_mv"}}{{on}} TO {{table "gate_changes"}} AS
{{template "gate_changes" (table "events")}};
INSERT INTO {{name "gate_changes"}} {{template "gate_changes" (name "events")}};

-- Zones and their signs and inspections through time.
CREATE TABLE IF NOT EXISTS {{table "zone_changes"}}{{on}} (
    site_id         LowCardinality(String) COMMENT 'L1',
    zone_id         LowCardinality(String) COMMENT 'L2',
    ts              DateTime64(3, 'UTC') COMMENT 'L2; when it happened' CODEC(Delta, ZSTD(1)),
    zone_version    UInt32 COMMENT 'L1' CODEC(ZSTD(1)),
    scene_id        LowCardinality(String) COMMENT 'L2',
    camera_id       LowCardinality(String) COMMENT 'L2',
    sign_set_hash   FixedString(32) COMMENT 'L1; the signs in place then' CODEC(ZSTD(1)),
    inspection_id   LowCardinality(String) COMMENT 'L2',
    state           LowCardinality(String) COMMENT 'L1',
    from_state      LowCardinality(String) COMMENT 'L1',
    reason          String COMMENT 'L2' CODEC(ZSTD(1)),
    actor           String COMMENT 'L3; pseudonym of who did it' CODEC(ZSTD(1)),
    inspection_until Nullable(DateTime64(3, 'UTC')) COMMENT 'L1' CODEC(ZSTD(1)),
    event_id        UUID COMMENT 'L1; UUID v7, set by the edge' CODEC(ZSTD(1)),
    chain_id        LowCardinality(String) COMMENT 'L1; the edge that numbered it',
    seq             UInt64 COMMENT 'L1; from 1, without gaps' CODEC(Delta, ZSTD(1))
) ENGINE = {{engine "ReplacingMergeTree" "zone_changes"}}
PARTITION BY toYear(ts)
ORDER BY (site_id, zone_id, ts, chain_id, seq)
TTL {{ttl "zone_changes"}}
SETTINGS {{settings}}
COMMENT 'Zones and their signs and inspections through time.';
{{distributed "zone_changes"}}
{{define "zone_changes"}}SELECT
    site_id, zone_id, ts, zone_version, scene_id, camera_id, sign_set_hash, inspection_id,
    detail['state'] AS state, detail['from'] AS from_state, detail['reason'] AS reason,
    detail['actor'] AS actor,
    parseDateTime64BestEffortOrNull(detail['inspection_until'], 3, 'UTC') AS inspection_until, event_id,
    chain_id, seq
FROM {{.}}
WHERE kind = 'zone_change'{{end}}
CREATE MATERIALIZED VIEW IF NOT EXISTS {{table "zone_changes_mv"}}{{on}} TO {{table "zone_changes"}} AS
{{template "zone_changes" (table "events")}};
INSERT INTO {{name "zone_changes"}} {{template "zone_changes" (name "events")}};

-- Scenes through time.
CREATE TABLE IF NOT EXISTS {{table "scene_changes"}}{{on}} (
    site_id         LowCardinality(String) COMMENT 'L1',
    scene_id        LowCardinality(String) COMMENT 'L2',
    ts              DateTime64(3, 'UTC') COMMENT 'L2; when it happened' CODEC(Delta, ZSTD(1)),
    policy_version  UInt64 COMMENT 'L1' CODEC(ZSTD(1)),
    notice_version  LowCardinality(String) COMMENT 'L1',
    assessment_id   LowCardinality(String) COMMENT 'L2',
    gate_mode       LowCardinality(String) COMMENT 'L1; zone or claim',
    threshold       Float32 COMMENT 'L2' CODEC(ZSTD(1)),
    state           LowCardinality(String) COMMENT 'L1',
    from_state      LowCardinality(String) COMMENT 'L1',
    reason          String COMMENT 'L2' CODEC(ZSTD(1)),
    actor           String COMMENT 'L3; pseudonym of who did it' CODEC(ZSTD(1)),
    approver        String COMMENT 'L3; pseudonym of who approved' CODEC(ZSTD(1)),
    event_id        UUID COMMENT 'L1; UUID v7, set by the edge' CODEC(ZSTD(1)),
    chain_id        LowCardinality(String) COMMENT 'L1; the edge that numbered it',
    seq             UInt64 COMMENT 'L1; from 1, without gaps' CODEC(Delta, ZSTD(1))
) ENGINE = {{engine "ReplacingMergeTree" "scene_changes"}}
PARTITION BY toYear(ts)
ORDER BY (site_id, scene_id, ts, chain_id, seq)
TTL {{ttl "scene_changes"}}
SETTINGS {{settings}}
COMMENT 'Scenes through time.';
{{distributed "scene_changes"}}
{{define "scene_changes"}}SELECT
    site_id, scene_id, ts, policy_version, notice_version, assessment_id, gate_mode, threshold,
    detail['state'] AS state, detail['from'] AS from_state, detail['reason'] AS reason,
    detail['actor'] AS actor, detail['approver'] AS approver, event_id, chain_id, seq
FROM {{.}}
WHERE kind = 'scene_change'{{end}}
CREATE MATERIALIZED VIEW IF NOT EXISTS {{table "scene_changes_mv"}}{{on}} TO {{table "scene_changes"}} AS
{{template "scene_changes" (table "events")}};
INSERT INTO {{name "scene_changes"}} {{template "scene_changes" (name "events")}};

-- Notices and when they took effect.
CREATE TABLE IF NOT EXISTS {{table "notice_changes"}}{{on}} (
    site_id         LowCardinality(String) COMMENT 'L1',
    notice_version  LowCardinality(String) COMMENT 'L1',
    ts              DateTime64(3, 'UTC') COMMENT 'L2; when it happened' CODEC(Delta, ZSTD(1)),
    state           LowCardinality(String) COMMENT 'L1',
    effective_from  Nullable(DateTime64(3, 'UTC')) COMMENT 'L1' CODEC(ZSTD(1)),
    supersedes      LowCardinality(String) COMMENT 'L1',
    hashes          Map(String, String) COMMENT 'L1; of the text in each language' CODEC(ZSTD(1)),
    event_id        UUID COMMENT 'L1; UUID v7, set by the edge' CODEC(ZSTD(1)),
    chain_id        LowCardinality(String) COMMENT 'L1; the edge that numbered it',
    seq             UInt64 COMMENT 'L1; from 1, without gaps' CODEC(Delta, ZSTD(1))
) ENGINE = {{engine "ReplacingMergeTree" "notice_changes"}}
PARTITION BY toYear(ts)
ORDER BY (site_id, notice_version, ts, chain_id, seq)
TTL {{ttl "notice_changes"}}
SETTINGS {{settings}}
COMMENT 'Notices and when they took effect.';
{{distributed "notice_changes"}}
{{define "notice_changes"}}SELECT
    site_id, notice_version, ts, detail['state'] AS state,
    parseDateTime64BestEffortOrNull(detail['effective_from'], 3, 'UTC') AS effective_from,
    detail['supersedes'] AS supersedes, mapFilter((k, v) -> startsWith(k, 'hash_'), detail) AS hashes,
    event_id, chain_id, seq
FROM {{.}}
WHERE kind = 'notice_change'{{end}}
CREATE MATERIALIZED VIEW IF NOT EXISTS {{table "notice_changes_mv"}}{{on}} TO {{table "notice_changes"}} AS
{{template "notice_changes" (table "events")}};
INSERT INTO {{name "notice_changes"}} {{template "notice_changes" (name "events")}};

-- Each consent through time, as the scope of every match is judged by.
CREATE TABLE IF NOT EXISTS {{table "consent_changes"}}{{on}} (
    consent_ref     FixedString(32) COMMENT 'L3; consent relied on; zeros: none' CODEC(ZSTD(1)),
    ts              DateTime64(3, 'UTC') COMMENT 'L2; when it happened' CODEC(Delta, ZSTD(1)),
    consent_version UInt32 COMMENT 'L2' CODEC(ZSTD(1)),
    site_id         LowCardinality(String) COMMENT 'L1',
    scene_id        LowCardinality(String) COMMENT 'L2',
    notice_version  LowCardinality(String) COMMENT 'L1',
    purpose         LowCardinality(String) COMMENT 'L2',
    state           LowCardinality(String) COMMENT 'L2',
    from_state      LowCardinality(String) COMMENT 'L2',
    under14         LowCardinality(String) COMMENT 'L3; yes, no, unknown',
    guardian        LowCardinality(String) COMMENT 'L3; yes or no',
    expires         Nullable(DateTime64(3, 'UTC')) COMMENT 'L2' CODEC(ZSTD(1)),
    scenes          Array(LowCardinality(String)) COMMENT 'L2; ids' CODEC(ZSTD(1)),
    zones           Array(LowCardinality(String)) COMMENT 'L2; ids' CODEC(ZSTD(1)),
    channel         LowCardinality(String) COMMENT 'L2',
    event_id        UUID COMMENT 'L1; UUID v7, set by the edge' CODEC(ZSTD(1)),
    chain_id        LowCardinality(String) COMMENT 'L1; the edge that numbered it',
    seq             UInt64 COMMENT 'L1; from 1, without gaps' CODEC(Delta, ZSTD(1))
) ENGINE = {{engine "ReplacingMergeTree" "consent_changes"}}
PARTITION BY toYear(ts)
ORDER BY (consent_ref, ts, chain_id, seq)
TTL {{ttl "consent_changes"}}
SETTINGS {{settings}}
COMMENT 'Each consent through time, as the scope of every match is judged by.';
{{distributed "consent_changes"}}
{{define "consent_changes"}}SELECT
    consent_ref, ts, consent_version, site_id, scene_id, notice_version, detail['purpose'] AS purpose,
    detail['state'] AS state, detail['from'] AS from_state, detail['under14'] AS under14,
    detail['guardian'] AS guardian, parseDateTime64BestEffortOrNull(detail['expires'], 3, 'UTC') AS expires,
    if(empty(detail['scenes']), [], splitByChar(',', detail['scenes'])) AS scenes,
    if(empty(detail['zones']), [], splitByChar(',', detail['zones'])) AS zones, detail['channel'] AS channel,
    event_id, chain_id, seq
FROM {{.}}
WHERE kind = 'consent_change'{{end}}
CREATE MATERIALIZED VIEW IF NOT EXISTS {{table "consent_changes_mv"}}{{on}} TO {{table "consent_changes"}} AS
{{template "consent_changes" (table "events")}};
INSERT INTO {{name "consent_changes"}} {{template "consent_changes" (name "events")}};

-- Use of each camera, its faults, and masking by fault.
CREATE TABLE IF NOT EXISTS {{table "camera_health"}}{{on}} (
    site_id         LowCardinality(String) COMMENT 'L1',
    camera_id       LowCardinality(String) COMMENT 'L2',
    ts              DateTime64(3, 'UTC') COMMENT 'L2; when it happened' CODEC(Delta, ZSTD(1)),
    kind            LowCardinality(String) COMMENT 'L1; see the Go package internal/event',
    scene_id        LowCardinality(String) COMMENT 'L2',
    state           LowCardinality(String) COMMENT 'L2',
    code            LowCardinality(String) COMMENT 'L2',
    reason          LowCardinality(String) COMMENT 'L2',
    event_id        UUID COMMENT 'L1; UUID v7, set by the edge' CODEC(ZSTD(1)),
    chain_id        LowCardinality(String) COMMENT 'L1; the edge that numbered it',
    seq             UInt64 COMMENT 'L1; from 1, without gaps' CODEC(Delta, ZSTD(1))
) ENGINE = {{engine "ReplacingMergeTree" "camera_health"}}
PARTITION BY toYYYYMM(ts)
ORDER BY (site_id, camera_id, ts, chain_id, seq)
TTL {{ttl "camera_health"}}
SETTINGS {{settings}}
COMMENT 'Use of each camera, its faults, and masking by fault.';
{{distributed "camera_health"}}
{{define "camera_health"}}SELECT
    site_id, camera_id, ts, kind, scene_id, detail['state'] AS state, detail['code'] AS code,
    detail['reason'] AS reason, event_id, chain_id, seq
FROM {{.}}
WHERE kind IN ('use_start', 'use_end', 'camera_health'){{end}}
CREATE MATERIALIZED VIEW IF NOT EXISTS {{table "camera_health_mv"}}{{on}} TO {{table "camera_health"}} AS
{{template "camera_health" (table "events")}};
INSERT INTO {{name "camera_health"}} {{template "camera_health" (name "events")}};

-- Who read what about whom, and why.
CREATE TABLE IF NOT EXISTS {{table "access_log"}}{{on}} (
    site_id         LowCardinality(String) COMMENT 'L1',
    ts              DateTime64(3, 'UTC') COMMENT 'L2; when it happened' CODEC(Delta, ZSTD(1)),
    reviewer_ref    FixedString(32) COMMENT 'L3; pseudonym of who acted' CODEC(ZSTD(1)),
    subject_ref     FixedString(32) COMMENT 'L3; pseudonym of one person, scene and day; zeros: none' CODEC(ZSTD(1)),
    action          LowCardinality(String) COMMENT 'L2',
    role            LowCardinality(String) COMMENT 'L2',
    purpose         String COMMENT 'L3' CODEC(ZSTD(1)),
    query_hash      String COMMENT 'L2' CODEC(ZSTD(1)),
    object          String COMMENT 'L2' CODEC(ZSTD(1)),
    subjects        UInt64 COMMENT 'L2; how many people' CODEC(ZSTD(1)),
    request         String COMMENT 'L2' CODEC(ZSTD(1)),
    event_id        UUID COMMENT 'L1; UUID v7, set by the edge' CODEC(ZSTD(1)),
    chain_id        LowCardinality(String) COMMENT 'L1; the edge that numbered it',
    seq             UInt64 COMMENT 'L1; from 1, without gaps' CODEC(Delta, ZSTD(1)),
    INDEX by_reader reviewer_ref TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX by_subject subject_ref TYPE bloom_filter(0.01) GRANULARITY 4
) ENGINE = {{engine "ReplacingMergeTree" "access_log"}}
PARTITION BY toYear(ts)
ORDER BY (site_id, ts, chain_id, seq)
TTL {{ttl "access_log"}}
SETTINGS {{settings}}
COMMENT 'Who read what about whom, and why.';
{{distributed "access_log"}}
{{define "access_log"}}SELECT
    site_id, ts, reviewer_ref, subject_ref, detail['action'] AS action, detail['role'] AS role,
    detail['purpose'] AS purpose, detail['query_hash'] AS query_hash, detail['object'] AS object,
    toUInt64OrZero(detail['subjects']) AS subjects, detail['request'] AS request, event_id, chain_id, seq
FROM {{.}}
WHERE kind = 'access'{{end}}
CREATE MATERIALIZED VIEW IF NOT EXISTS {{table "access_log_mv"}}{{on}} TO {{table "access_log"}} AS
{{template "access_log" (table "events")}};
INSERT INTO {{name "access_log"}} {{template "access_log" (name "events")}};

-- What else the control side did: rights, disposals, runs of retention, census, incidents.
CREATE TABLE IF NOT EXISTS {{table "control_log"}}{{on}} (
    kind            LowCardinality(String) COMMENT 'L1; see the Go package internal/event',
    ts              DateTime64(3, 'UTC') COMMENT 'L2; when it happened' CODEC(Delta, ZSTD(1)),
    site_id         LowCardinality(String) COMMENT 'L1',
    reviewer_ref    FixedString(32) COMMENT 'L3; pseudonym of who acted' CODEC(ZSTD(1)),
    ref_event       String COMMENT 'L2; the event that this one is about' CODEC(ZSTD(1)),
    verdict         LowCardinality(String) COMMENT 'L3',
    detail          Map(String, String) COMMENT 'L2; bounded keys, nothing about a person' CODEC(ZSTD(1)),
    event_id        UUID COMMENT 'L1; UUID v7, set by the edge' CODEC(ZSTD(1)),
    chain_id        LowCardinality(String) COMMENT 'L1; the edge that numbered it',
    seq             UInt64 COMMENT 'L1; from 1, without gaps' CODEC(Delta, ZSTD(1))
) ENGINE = {{engine "ReplacingMergeTree" "control_log"}}
PARTITION BY toYear(ts)
ORDER BY (kind, ts, chain_id, seq)
TTL {{ttl "control_log"}}
SETTINGS {{settings}}
COMMENT 'What else the control side did: rights, disposals, runs of retention, census, incidents.';
{{distributed "control_log"}}
{{define "control_log"}}SELECT
    kind, ts, site_id, reviewer_ref, ref_event, verdict, detail, event_id, chain_id, seq
FROM {{.}}
WHERE kind IN ('rights_change', 'disposal', 'retention_run', 'census', 'incident'){{end}}
CREATE MATERIALIZED VIEW IF NOT EXISTS {{table "control_log_mv"}}{{on}} TO {{table "control_log"}} AS
{{template "control_log" (table "events")}};
INSERT INTO {{name "control_log"}} {{template "control_log" (name "events")}};

-- Roll-ups. A count is the size of a bitmap of the events' numbers: the same
-- event twice sets the same bit, so the counts are exact however often a batch
-- is offered, and before any merge.
CREATE TABLE IF NOT EXISTS {{table "event_hours"}}{{on}} (
    site_id         LowCardinality(String) COMMENT 'L1',
    hour            DateTime('UTC') COMMENT 'L1' CODEC(Delta, ZSTD(1)),
    zone_id         LowCardinality(String) COMMENT 'L2',
    camera_id       LowCardinality(String) COMMENT 'L2',
    kind            LowCardinality(String) COMMENT 'L1',
    chain_id        LowCardinality(String) COMMENT 'L1',
    seqs            AggregateFunction(groupBitmap, UInt64) COMMENT 'L2; numbers of the events counted' CODEC(ZSTD(1))
) ENGINE = {{engine "AggregatingMergeTree" "event_hours"}}
PARTITION BY toYear(hour)
ORDER BY (site_id, hour, zone_id, camera_id, kind, chain_id)
TTL hour + toIntervalDay({{days "event_hours"}})
SETTINGS {{settings}}
COMMENT 'Events in each hour.';
{{distributed "event_hours"}}
{{define "event_hours"}}SELECT
    site_id, toStartOfHour(toDateTime(ts, 'UTC')) AS hour, zone_id, camera_id, kind, chain_id, groupBitmapState(seq) AS seqs
FROM {{.}}
GROUP BY site_id, hour, zone_id, camera_id, kind, chain_id{{end}}
CREATE MATERIALIZED VIEW IF NOT EXISTS {{table "event_hours_mv"}}{{on}} TO {{table "event_hours"}} AS
{{template "event_hours" (table "events")}};
INSERT INTO {{name "event_hours"}} {{template "event_hours" (name "events")}};

CREATE TABLE IF NOT EXISTS {{table "match_hours"}}{{on}} (
    site_id         LowCardinality(String) COMMENT 'L1',
    zone_id         LowCardinality(String) COMMENT 'L2',
    hour            DateTime('UTC') COMMENT 'L1' CODEC(Delta, ZSTD(1)),
    kind            LowCardinality(String) COMMENT 'L1',
    threshold       Float32 COMMENT 'L2',
    verdict         LowCardinality(String) COMMENT 'L3; confirmed, rejected, failed',
    chain_id        LowCardinality(String) COMMENT 'L1',
    seqs            AggregateFunction(groupBitmap, UInt64) COMMENT 'L2; numbers of the events counted' CODEC(ZSTD(1))
) ENGINE = {{engine "AggregatingMergeTree" "match_hours"}}
PARTITION BY toYear(hour)
ORDER BY (site_id, zone_id, hour, kind, threshold, verdict, chain_id)
TTL hour + toIntervalDay({{days "match_hours"}})
SETTINGS {{settings}}
COMMENT 'Matches, claims and reviews in each hour.';
{{distributed "match_hours"}}
{{define "match_hours"}}SELECT
    site_id, zone_id, toStartOfHour(toDateTime(ts, 'UTC')) AS hour, kind, threshold, verdict, chain_id, groupBitmapState(seq) AS seqs
FROM {{.}}
WHERE kind IN ('match', 'claim_outcome', 'verify_1to1', 'unmask', 'human_review')
GROUP BY site_id, zone_id, hour, kind, threshold, verdict, chain_id{{end}}
CREATE MATERIALIZED VIEW IF NOT EXISTS {{table "match_hours_mv"}}{{on}} TO {{table "match_hours"}} AS
{{template "match_hours" (table "events")}};
INSERT INTO {{name "match_hours"}} {{template "match_hours" (name "events")}};

-- What people who are no auditors see: counts below {{k}} are null.
CREATE VIEW IF NOT EXISTS {{name "open_hours"}}{{on}} {{definer}} AS
SELECT site_id, zone_id, camera_id, kind, hour, if(n < {{k}}, NULL, n) AS events FROM (
    SELECT site_id, zone_id, camera_id, kind, hour, sum(bits) AS n FROM (
        SELECT site_id, zone_id, camera_id, kind, hour, chain_id, groupBitmapMerge(seqs) AS bits
        FROM {{name "event_hours"}} GROUP BY site_id, zone_id, camera_id, kind, hour, chain_id)
    GROUP BY site_id, zone_id, camera_id, kind, hour);
CREATE VIEW IF NOT EXISTS {{name "open_matches"}}{{on}} {{definer}} AS
SELECT site_id, zone_id, hour, kind, if(n < {{k}}, NULL, n) AS events FROM (
    SELECT site_id, zone_id, hour, kind, sum(bits) AS n FROM (
        SELECT site_id, zone_id, hour, kind, chain_id, groupBitmapMerge(seqs) AS bits
        FROM {{name "match_hours"}} GROUP BY site_id, zone_id, hour, kind, chain_id)
    GROUP BY site_id, zone_id, hour, kind);
CREATE VIEW IF NOT EXISTS {{name "open_minutes"}}{{on}} {{definer}} AS
SELECT site_id, camera_id, zone_id, ts, pictures, full_mask, if(people < {{k}}, NULL, people) AS people
FROM {{name "minute_counters"}} FINAL;
