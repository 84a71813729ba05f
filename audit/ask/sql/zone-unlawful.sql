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
FROM {{rows "from,to,site,zone" "match,unmask,claim_outcome"}} m
{{asof "c" "zones" "zone_id" "m.ts - @grace"}}
{{asof "g" "gates" "zone_id" "m.ts - @grace"}}
{{asof "n" "zones" "zone_id" "m.ts"}}
{{asof "k" "gates" "zone_id" "m.ts"}}
WHERE (({{text "c.state"}} NOT IN ('', 'live')
        OR ({{text "c.state"}} = 'live' AND ({{int "c.inspection_ms"}} <= m.ts OR {{digest "c.sign_set_hash"}} <> {{digest "m.sign_set_hash"}})))
       AND ({{text "n.state"}} <> 'live' OR {{int "n.inspection_ms"}} <= m.ts OR {{digest "n.sign_set_hash"}} <> {{digest "m.sign_set_hash"}})
       OR ({{text "g.state"}} = 'closed' AND {{text "k.state"}} = 'closed')
       OR ({{text "c.state"}} = '' AND {{text "g.state"}} = '' AND {{text "n.state"}} = '' AND {{text "k.state"}} = ''))
  -- Zones that were in order all the time, with the same signs, need no look at
  -- each event.
  AND (m.zone_id IN (SELECT p.zone_id FROM {{past "gates" "zone_id"}} p WHERE p.state <> 'open')
       OR concat({{text "m.zone_id"}}, ' ', {{digest "m.sign_set_hash"}}) NOT IN (
          SELECT concat(p.zone_id, ' ', MAX({{digest "p.sign_set_hash"}})) FROM {{past "zones" "zone_id"}} p GROUP BY p.zone_id
          HAVING MIN(p.ts) <= @from - @grace AND MAX(CASE WHEN p.state = 'live' THEN 0 ELSE 1 END) = 0
             AND MIN({{int "p.inspection_ms"}}) > @to AND MIN({{digest "p.sign_set_hash"}}) = MAX({{digest "p.sign_set_hash"}})))
ORDER BY m.ts, m.chain_id, m.seq LIMIT @rows
