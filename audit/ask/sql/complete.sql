-- Numbers held whole or as a skeleton; where the next one is further on, the
-- numbers between are missing. A disposal that covers them explains them, and so
-- does the floor of a chain whose oldest numbers have gone under their rule.
SELECT g.chain, {{int "g.first"}}, {{int "g.last"}}, {{int "g.last - g.first + 1"}}, 'no row, no skeleton, no disposal'
FROM (SELECT chain, before + 1 AS first, seq - 1 AS last
      FROM (SELECT chain, seq, {{lag "seq" "chain" "seq" "@first - 1"}} AS before FROM ({{numbers}}) n) s
      WHERE seq > before + 1
      UNION ALL
      SELECT chain, MAX(seq) + 1, @last FROM ({{held}}) n
      WHERE @last > 0 AND @chain <> '' GROUP BY chain HAVING MAX(seq) < @last) g
LEFT JOIN (SELECT {{detail "x" "chain"}} AS chain, {{detailint "x" "from"}} AS first, {{detailint "x" "to"}} AS last
           FROM {{rows "" "disposal"}} x) d ON d.chain = g.chain
LEFT JOIN (SELECT chain_id AS chain, MAX(seq) AS seq FROM chain_floor GROUP BY chain_id) f ON f.chain = g.chain
GROUP BY g.chain, g.first, g.last
HAVING MAX(CASE WHEN {{int "d.last"}} >= g.last AND {{int "d.first"}} <= g.first AND {{int "d.first"}} > 0 THEN 1 ELSE 0 END) = 0
   AND MAX({{int "f.seq"}}) < g.last
ORDER BY g.chain, g.first LIMIT @rows
