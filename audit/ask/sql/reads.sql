SELECT DISTINCT m.ts, {{text "m.event_id"}}, {{text "m.kind"}}, {{digest "m.reviewer_ref"}}, {{detail "m" "role"}},
       CASE WHEN m.kind = 'unmask' THEN {{detail "m" "audience"}} ELSE {{detail "m" "action"}} END,
       CASE WHEN m.kind = 'unmask' THEN 'consent' ELSE {{detail "m" "purpose"}} END,
       {{detail "m" "object"}}, {{text "m.camera_id"}}, {{digest "m.subject_ref"}},
       CASE WHEN m.kind = 'unmask' THEN 1 ELSE {{detailint "m" "subjects"}} END
FROM {{rows "from,to,site" "access,unmask"}} m
WHERE @reader = '' OR {{digest "m.reviewer_ref"}} = @reader
ORDER BY m.ts, m.chain_id, m.seq LIMIT @rows
