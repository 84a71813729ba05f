SELECT DISTINCT m.ts, {{text "m.event_id"}}, {{text "m.kind"}}, {{text "m.site_id"}}, {{text "m.camera_id"}}, {{text "m.zone_id"}},
       {{digest "m.consent_ref"}}, w.ts, m.ts - w.ts
FROM {{rows "from,to,site,withdrawn" "match,unmask,claim_outcome,verify_1to1"}} m
JOIN (SELECT consent_ref, MIN(ts) AS ts FROM {{rows "" "consent_change"}} x
      WHERE {{detail "x" "state"}} = 'withdrawn' GROUP BY consent_ref) w ON w.consent_ref = m.consent_ref
WHERE m.ts > w.ts + @grace
ORDER BY m.ts, m.chain_id, m.seq LIMIT @rows
