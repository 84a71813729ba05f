SELECT DISTINCT m.ts, {{text "m.event_id"}}, {{text "m.kind"}}, {{text "m.site_id"}}, {{text "m.zone_id"}},
       {{digest "m.consent_ref"}}, {{text "c.under14"}}, {{text "c.guardian"}}
FROM {{rows "from,to,site" "match,unmask,claim_outcome,verify_1to1"}} m
{{asof "c" "consents" "consent_ref" "m.ts"}}
WHERE NOT {{nothing "m.consent_ref"}}
  AND m.consent_ref NOT IN (SELECT p.consent_ref FROM {{past "consents" "consent_ref"}} p GROUP BY p.consent_ref
      HAVING MIN(p.ts) <= @from AND MAX(CASE WHEN p.under14 = 'no' OR p.guardian = 'yes' THEN 0 ELSE 1 END) = 0)
  AND {{text "c.under14"}} <> 'no' AND {{text "c.guardian"}} <> 'yes'
ORDER BY m.ts, m.chain_id, m.seq LIMIT @rows
