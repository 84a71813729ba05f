-- A period ends with the camera's next row that says so; one that goes on ends
-- with the time asked for.
SELECT site, camera, what, since, until, {{div "until - since" "1000"}}, reason
FROM (SELECT site, camera, what, ts AS since, reason, begins, COALESCE({{lead "ts" "site, camera, what" "ts, chain_id, seq" "@to"}}, @to) AS until
      FROM (SELECT {{text "m.site_id"}} AS site, {{text "m.camera_id"}} AS camera, m.ts AS ts, m.chain_id AS chain_id, m.seq AS seq,
                   CASE WHEN m.kind = 'camera_health' THEN 'masked by fault' ELSE 'in use' END AS what,
                   CASE WHEN m.kind = 'use_start' OR {{detail "m" "state"}} = 'full_mask' THEN 1 ELSE 0 END AS begins,
                   CASE WHEN {{detail "m" "code"}} <> '' THEN {{detail "m" "code"}} ELSE {{detail "m" "reason"}} END AS reason
            FROM {{rows "to,site" "use_start,use_end,camera_health"}} m
            WHERE (m.kind <> 'camera_health' OR {{detail "m" "state"}} IN ('full_mask', 'mask_ended'))
              AND (@camera = '' OR {{text "m.camera_id"}} = @camera)) e) p
WHERE begins = 1 AND until > @from
ORDER BY since, camera, what LIMIT @rows
