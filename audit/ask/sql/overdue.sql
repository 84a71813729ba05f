SELECT what, object, since, n, reason FROM (
  SELECT 'retention' AS what, t.tbl AS object, t.ts AS since, t.overdue AS n, t.error AS reason
  FROM (SELECT {{detail "x" "table"}} AS tbl, x.ts AS ts, {{detailint "x" "overdue"}} AS overdue, {{detail "x" "error"}} AS error,
               ROW_NUMBER() OVER (PARTITION BY {{detail "x" "table"}}, x.chain_id ORDER BY x.ts DESC, x.seq DESC) AS newest
        FROM {{rows "to" "retention_run"}} x) t
  WHERE t.newest = 1 AND (t.overdue > 0 OR t.error <> '')
  UNION ALL
  SELECT 'events', x.chain_id, MIN(x.ts), {{int "COUNT(*)"}}, 'older than the rule for events'
  FROM {{old}} x GROUP BY x.chain_id
  UNION ALL
  SELECT CASE WHEN {{detail "x" "state"}} = 'refused' THEN 'request refused' ELSE 'request late' END,
         {{detail "x" "request"}}, x.ts, {{int "1"}}, {{detail "x" "outcome"}}
  FROM {{rows "from,to" "rights_change"}} x
  WHERE {{detail "x" "state"}} = 'refused' OR {{detail "x" "late"}} = 'yes') q
ORDER BY what, since, object LIMIT @rows
