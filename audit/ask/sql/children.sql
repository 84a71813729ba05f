SELECT DISTINCT m.ts, {{text "m.event_id"}}, {{text "m.kind"}}, {{text "m.site_id"}}, {{text "m.zone_id"}},
       {{digest "m.consent_ref"}}, {{text "c.under14"}}, {{text "c.guardian"}}
FROM {{rows "from,to,site,unguarded" "match,unmask,claim_outcome,verify_1to1"}} m
{{asof "c" "consents" "consent_ref" "m.ts"}}
WHERE NOT {{nothing "m.consent_ref"}}
  AND {{text "c.under14"}} <> 'no' AND {{text "c.guardian"}} <> 'yes'
ORDER BY m.ts, m.chain_id, m.seq LIMIT @rows
