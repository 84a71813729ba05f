-- Runs of numbers held whole or as a skeleton; where the next one is further on,
-- the numbers between are missing. A disposal that covers them explains them, and
-- so does the floor of a chain whose oldest numbers have gone under their rule.
-- And numbers that are there twice, with different contents.
SELECT * FROM (
SELECT g.chain AS chain, {{int "g.first"}} AS first, {{int "g.last"}} AS last, {{int "g.last - g.first + 1"}} AS missing, 'no row, no skeleton, no disposal' AS explanation
FROM (SELECT chain, before + 1 AS first, next - 1 AS last
      FROM (SELECT chain, first AS next, {{lag "last" "chain" "first" "@first - 1"}} AS before FROM ({{runs}}) n) s
      WHERE next > before + 1
      UNION ALL
      SELECT @chain, CASE WHEN COUNT(*) = 0 THEN @first ELSE MAX(seq) + 1 END, @last FROM ({{held}}) n
      WHERE @last > 0 AND @chain <> '' HAVING @last > 0 AND @chain <> '' AND (COUNT(*) = 0 OR MAX(seq) < @last)) g
LEFT JOIN (SELECT {{detail "x" "chain"}} AS chain, {{detailint "x" "from"}} AS first, {{detailint "x" "to"}} AS last
           FROM {{rows "" "disposal"}} x) d ON d.chain = g.chain
LEFT JOIN (SELECT chain_id AS chain, MAX(seq) AS seq FROM chain_floor GROUP BY chain_id) f ON f.chain = g.chain
GROUP BY g.chain, g.first, g.last
HAVING MAX(CASE WHEN {{int "d.last"}} >= g.last AND {{int "d.first"}} <= g.first AND {{int "d.first"}} > 0 THEN 1 ELSE 0 END) = 0
   AND MAX({{int "f.seq"}}) < g.last
UNION ALL
SELECT t.chain, {{int "t.seq"}}, {{int "t.seq"}}, {{int "0"}}, 'two contents under one number' FROM ({{doubles}}) t) a
ORDER BY chain, first LIMIT @rows
