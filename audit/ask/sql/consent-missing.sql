-- A change takes up to the grace to reach the cameras, in either direction: the
-- consent was missing if it was not active at either end of it. An event without
-- any record of its consent lacks one.
SELECT DISTINCT m.ts, {{text "m.event_id"}}, {{text "m.kind"}}, {{text "m.site_id"}}, {{text "m.camera_id"}}, {{text "m.zone_id"}},
       {{digest "m.subject_ref"}}, {{digest "m.consent_ref"}}, {{text "c.state"}}, {{int "c.ts"}}
FROM {{rows "from,to,site" "match,unmask,claim_outcome,verify_1to1"}} m
{{asof "c" "consents" "consent_ref" "m.ts - @grace"}}
{{asof "n" "consents" "consent_ref" "m.ts"}}
WHERE NOT {{nothing "m.consent_ref"}}
  -- Consents that were in order all the time need no look at each event.
  AND m.consent_ref NOT IN (SELECT p.consent_ref FROM {{past "consents" "consent_ref"}} p GROUP BY p.consent_ref
      HAVING MIN(p.ts) <= @from - @grace AND MAX(CASE WHEN p.state = 'active' THEN 0 ELSE 1 END) = 0
         AND MAX(CASE WHEN {{int "p.expires"}} > 0 AND {{int "p.expires"}} <= @to THEN 1 ELSE 0 END) = 0)
  AND ({{text "c.state"}} <> 'active' AND {{text "n.state"}} <> 'active'
       OR ({{int "c.expires"}} > 0 AND {{int "c.expires"}} <= m.ts - @grace))
ORDER BY m.ts, m.chain_id, m.seq LIMIT @rows
