-- A change takes up to the grace to reach the cameras, in either direction: the
-- consent was missing if it was not active at either end of it. An event without
-- any record of its consent lacks one.
SELECT DISTINCT m.ts, {{text "m.event_id"}}, {{text "m.kind"}}, {{text "m.site_id"}}, {{text "m.camera_id"}}, {{text "m.zone_id"}},
       {{digest "m.subject_ref"}}, {{digest "m.consent_ref"}}, {{text "c.state"}}, {{int "c.ts"}}
FROM {{rows "from,to,site,unconsented" "match,unmask,claim_outcome,verify_1to1"}} m
{{asof "c" "consents" "consent_ref" "m.ts - @grace"}}
{{asof "n" "consents" "consent_ref" "m.ts"}}
WHERE NOT {{nothing "m.consent_ref"}}
  AND ({{text "c.state"}} <> 'active' AND {{text "n.state"}} <> 'active'
       OR ({{int "c.expires"}} > 0 AND {{int "c.expires"}} <= m.ts - @grace))
ORDER BY m.ts, m.chain_id, m.seq LIMIT @rows
