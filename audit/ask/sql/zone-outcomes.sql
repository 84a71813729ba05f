-- Rejects of people who are not enrolled are never rows of their own; they are
-- in the minute counters of the zone, which have no threshold.
SELECT hour, site, zone, threshold, SUM(matches), SUM(matched), SUM(failed), SUM(verified), SUM(rejected), SUM(comparisons),
       SUM(comparisons) * @fmr_per_million / 1000000.0
FROM (SELECT m.ts - m.ts % 3600000 AS hour, {{text "m.site_id"}} AS site, {{text "m.zone_id"}} AS zone,
             {{float "m.threshold"}} AS threshold,
             CASE WHEN m.kind = 'match' THEN 1 ELSE 0 END AS matches,
             CASE WHEN m.kind = 'claim_outcome' AND {{text "m.verdict"}} = 'matched' THEN 1 ELSE 0 END AS matched,
             CASE WHEN m.kind = 'claim_outcome' AND {{text "m.verdict"}} <> 'matched' THEN 1 ELSE 0 END AS failed,
             CASE WHEN m.kind = 'verify_1to1' AND {{text "m.verdict"}} = 'matched' THEN 1 ELSE 0 END AS verified,
             CASE WHEN m.kind = 'verify_1to1' AND {{text "m.verdict"}} <> 'matched' THEN 1
                  ELSE {{detailint "m" "rejected"}} END AS rejected,
             CASE WHEN m.kind = 'zone_minute' THEN {{detailint "m" "comparisons"}}
                  WHEN m.kind = 'verify_1to1' THEN 1 ELSE 0 END AS comparisons
      FROM {{rows "from,to,site,zone" "match,claim_outcome,verify_1to1,zone_minute"}} m) q
GROUP BY hour, site, zone, threshold
HAVING SUM(matches) + SUM(matched) + SUM(failed) + SUM(verified) + SUM(rejected) + SUM(comparisons) > 0
ORDER BY hour, site, zone, threshold LIMIT @rows
