SELECT DISTINCT m.ts, {{text "m.event_id"}}, {{text "m.site_id"}}, {{text "m.zone_id"}},
       {{int "r.reviewers"}}, {{int "r.confirmations"}}, {{int "r.rejections"}},
       CASE WHEN {{int "r.confirmations"}} >= 2 AND {{int "r.rejections"}} = 0 THEN 'yes' ELSE 'no' END, {{int "r.last"}}
FROM {{rows "from,to,site" "match"}} m
LEFT JOIN (SELECT ref_event, COUNT(DISTINCT reviewer_ref) AS reviewers,
                  COUNT(DISTINCT CASE WHEN verdict = 'confirmed' THEN reviewer_ref END) AS confirmations,
                  COUNT(DISTINCT CASE WHEN verdict = 'rejected' THEN reviewer_ref END) AS rejections,
                  MAX(ts) AS last
           FROM {{rows "" "human_review"}} x GROUP BY ref_event) r ON r.ref_event = {{key "m.event_id"}}
WHERE {{text "m.gate_mode"}} <> 'claim' AND (@event = '' OR {{text "m.event_id"}} = @event)
ORDER BY m.ts, m.chain_id, m.seq LIMIT @rows
