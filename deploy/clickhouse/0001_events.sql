-- The log as it was signed, and what proves that it is whole.
CREATE DATABASE IF NOT EXISTS {{database}}{{on}};

-- One row for each event, every field that the hash covers. The order ends in
-- row_hash so that a second content under one number never replaces the first:
-- both stay, and both show. Exact duplicates collapse.
CREATE TABLE IF NOT EXISTS {{table "events"}}{{on}} (
    event_id        UUID COMMENT 'L1; UUID v7, set by the edge' CODEC(ZSTD(1)),
    ts              DateTime64(3, 'UTC') COMMENT 'L2; when it happened' CODEC(Delta, ZSTD(1)),
    ts_quality      LowCardinality(String) COMMENT 'L1; synced, unsynced, camera',
    kind            LowCardinality(String) COMMENT 'L1; see the Go package internal/event',
    site_id         LowCardinality(String) COMMENT 'L1',
    camera_id       LowCardinality(String) COMMENT 'L2',
    scene_id        LowCardinality(String) COMMENT 'L2',
    zone_id         LowCardinality(String) COMMENT 'L2',
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
    payload_enc     String COMMENT 'L3; AES-256-GCM under the subject''s key' CODEC(NONE),
    dek_id          String COMMENT 'L3; the subject''s key' CODEC(ZSTD(1)),
    salt            FixedString(16) COMMENT 'L2' CODEC(NONE),
    detail          Map(String, String) COMMENT 'L2; bounded keys, nothing about a person' CODEC(ZSTD(1)),
    chain_id        LowCardinality(String) COMMENT 'L1; the edge that numbered it',
    seq             UInt64 COMMENT 'L1; from 1, without gaps' CODEC(Delta, ZSTD(1)),
    prev_hash       FixedString(32) COMMENT 'L1' CODEC(NONE),
    row_hash        FixedString(32) COMMENT 'L1' CODEC(NONE),
    node_sig        FixedString(64) COMMENT 'L1; Ed25519 over row_hash' CODEC(NONE),
    arrived         Int64 COMMENT 'L1; place in the order of arrival, ns since 1970 as the writer counts them' CODEC(Delta, ZSTD(1)),
    INDEX by_event event_id TYPE bloom_filter(0.001) GRANULARITY 4,
    INDEX by_subject subject_ref TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX by_ts ts TYPE minmax GRANULARITY 1,
    INDEX by_arrival arrived TYPE minmax GRANULARITY 1
) ENGINE = {{engine "ReplacingMergeTree" "events"}}
PARTITION BY toYYYYMM(ts)
PRIMARY KEY (chain_id, seq)
ORDER BY (chain_id, seq, row_hash)
TTL {{ttl "events"}}
SETTINGS {{settings}}
COMMENT 'Events as signed; a row that goes leaves its skeleton.';
{{distributed "events"}}
-- What remains of a row that was disposed of: its place in the chain. Written
-- with the event, kept longer.
CREATE TABLE IF NOT EXISTS {{table "skeleton"}}{{on}} (
    chain_id        LowCardinality(String) COMMENT 'L1; the edge that numbered it',
    seq             UInt64 COMMENT 'L1; from 1, without gaps' CODEC(Delta, ZSTD(1)),
    ts              DateTime64(3, 'UTC') COMMENT 'L2; when it happened' CODEC(Delta, ZSTD(1)),
    prev_hash       FixedString(32) COMMENT 'L1' CODEC(NONE),
    row_hash        FixedString(32) COMMENT 'L1' CODEC(NONE)
) ENGINE = {{engine "ReplacingMergeTree" "skeleton"}}
PARTITION BY toYear(ts)
PRIMARY KEY (chain_id, seq)
ORDER BY (chain_id, seq, row_hash)
TTL {{ttl "skeleton"}}
SETTINGS {{settings}}
COMMENT 'Numbers and hashes.';
{{distributed "skeleton"}}
CREATE MATERIALIZED VIEW IF NOT EXISTS {{table "skeleton_mv"}}{{on}} TO {{table "skeleton"}} AS
SELECT chain_id, seq, ts, prev_hash, row_hash FROM {{table "events"}};

-- Rows disposed of before their time, with the reason. A replay does not bring
-- them back.
CREATE TABLE IF NOT EXISTS {{table "disposed"}}{{on}} (
    chain_id        LowCardinality(String) COMMENT 'L1; the edge that numbered it',
    seq             UInt64 COMMENT 'L1; from 1, without gaps' CODEC(Delta, ZSTD(1)),
    ts              DateTime64(3, 'UTC') COMMENT 'L2; when it happened' CODEC(Delta, ZSTD(1)),
    row_hash        FixedString(32) COMMENT 'L1' CODEC(NONE),
    rule            LowCardinality(String) COMMENT 'L1; erasure, or the retention rule',
    at              DateTime64(3, 'UTC') COMMENT 'L1; when' CODEC(Delta, ZSTD(1))
) ENGINE = {{engine "ReplacingMergeTree" "disposed"}}
ORDER BY (chain_id, seq)
TTL {{ttl "skeleton"}}
SETTINGS {{settings}}
COMMENT 'What was erased; kept as long as the skeleton.';
{{distributed "disposed"}}
-- Up to where each chain's skeleton itself has been disposed of.
CREATE TABLE IF NOT EXISTS {{table "chain_floor"}}{{on}} (
    chain_id        LowCardinality(String) COMMENT 'L1; the edge that numbered it',
    seq             UInt64 COMMENT 'L1; from 1, without gaps' CODEC(Delta, ZSTD(1)),
    row_hash        FixedString(32) COMMENT 'L1' CODEC(NONE),
    at              DateTime64(3, 'UTC') COMMENT 'L1; when'
) ENGINE = {{engine "ReplacingMergeTree" "chain_floor" "seq"}}
ORDER BY chain_id
SETTINGS {{settings}}
COMMENT 'One row a chain: where the log begins now.';
{{distributed "chain_floor"}}
