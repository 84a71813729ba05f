SELECT site, ts, enrolled, templates, enrolled * 100.0 / @limit,
       CASE WHEN enrolled >= @limit THEN 'filing due' WHEN enrolled * 100 >= @limit * 80 THEN 'warning' ELSE 'below' END
FROM (SELECT {{text "x.site_id"}} AS site, x.ts AS ts, {{detailint "x" "enrolled"}} AS enrolled, {{detailint "x" "templates"}} AS templates,
             ROW_NUMBER() OVER (PARTITION BY {{text "x.site_id"}} ORDER BY x.ts DESC, x.seq DESC) AS newest
      FROM {{rows "site" "census"}} x) q
WHERE newest = 1 ORDER BY site LIMIT @rows
