-- Two records tell of a zone: what the control side changed (state, signs,
-- inspection), and the gate as the edge held it. Neither may speak against it at
-- both ends of the grace, and one of them must be there.
SELECT DISTINCT m.ts, {{text "m.event_id"}}, {{text "m.kind"}}, {{text "m.site_id"}}, {{text "m.camera_id"}}, {{text "m.zone_id"}},
       {{int "m.zone_version"}}, {{text "c.state"}}, {{text "c.inspection_until"}},
       CASE WHEN {{text "c.state"}} = '' AND {{text "g.state"}} = '' THEN 'no record of the zone'
            WHEN {{text "c.state"}} NOT IN ('', 'live') THEN 'not live'
            WHEN {{text "c.state"}} = 'live' AND {{int "c.inspection_ms"}} <= m.ts THEN 'inspection over'
            WHEN {{text "g.state"}} = 'closed' THEN concat('gate closed: ', {{text "g.reasons"}})
            ELSE 'other signs' END
FROM {{rows "from,to,site,zone,unlawful" "match,unmask,claim_outcome"}} m
{{asof "c" "zones" "zone_id" "m.ts - @grace"}}
{{asof "g" "gates" "zone_id" "m.ts - @grace"}}
{{asof "n" "zones" "zone_id" "m.ts"}}
{{asof "k" "gates" "zone_id" "m.ts"}}
WHERE (({{text "c.state"}} NOT IN ('', 'live')
        OR ({{text "c.state"}} = 'live' AND ({{int "c.inspection_ms"}} <= m.ts OR {{digest "c.sign_set_hash"}} <> {{digest "m.sign_set_hash"}})))
       AND ({{text "n.state"}} <> 'live' OR {{int "n.inspection_ms"}} <= m.ts OR {{digest "n.sign_set_hash"}} <> {{digest "m.sign_set_hash"}})
       OR ({{text "g.state"}} = 'closed' AND {{text "k.state"}} = 'closed')
       OR ({{text "c.state"}} = '' AND {{text "g.state"}} = '' AND {{text "n.state"}} = '' AND {{text "k.state"}} = ''))
ORDER BY m.ts, m.chain_id, m.seq LIMIT @rows
