-- The zone's last change before the event, grace included, must leave it live,
-- inspected, and with the very signs that the event names.
SELECT DISTINCT m.ts, {{text "m.event_id"}}, {{text "m.kind"}}, {{text "m.site_id"}}, {{text "m.camera_id"}}, {{text "m.zone_id"}},
       {{int "m.zone_version"}}, {{text "c.state"}}, {{text "c.inspection_until"}},
       CASE WHEN {{text "c.state"}} = '' THEN 'no record of the zone'
            WHEN {{text "c.state"}} <> 'live' THEN 'not live'
            WHEN {{int "c.inspection_ms"}} <= m.ts THEN 'inspection over'
            ELSE 'other signs' END
FROM {{rows "from,to,site,zone" "match,unmask,claim_outcome"}} m
{{asof "c" "zones" "zone_id" "m.ts - @grace"}}
WHERE {{text "c.state"}} <> 'live' OR {{int "c.inspection_ms"}} <= m.ts
   OR {{digest "c.sign_set_hash"}} <> {{digest "m.sign_set_hash"}}
ORDER BY m.ts, m.chain_id, m.seq LIMIT @rows
