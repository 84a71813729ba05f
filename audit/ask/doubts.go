package ask

import "fmt"

// Doubts are conditions under which an event has to be looked at. They never
// leave out an event that a check would list; the check itself still decides.
const (
	doubtConsent  = "unconsented" // the consent was perhaps not active
	doubtGuardian = "unguarded"   // the person was perhaps a child without a guardian's consent
	doubtWithdraw = "withdrawn"   // the consent had perhaps been withdrawn
	doubtZone     = "unlawful"    // the zone was perhaps not lawful
)

// clickhouseDoubts walks the tables consent_days and zone_hours, which hold one
// row for many events, and compares their first and last moment with the history
// of each consent and zone. What is left are the days and hours to look at: in a
// system that keeps its rules, hardly any.
func clickhouseDoubts() map[string]string {
	const days = "d.day >= toDate(fromUnixTimestamp64Milli(@from), 'UTC') AND d.day <= toDate(fromUnixTimestamp64Milli(@to), 'UTC')"
	const first, last = "toUnixTimestamp64Milli(d.first)", "toUnixTimestamp64Milli(d.last)"
	consents := func(join, history, where string) string {
		return "(toDate(t.ts, 'UTC'), t.consent_ref) IN (SELECT d.day, d.consent_ref FROM consent_days AS d " + join +
			" (" + history + ") AS p ON p.consent_ref = d.consent_ref WHERE " + days + " AND " + where + ")"
	}
	past := clickhousePast(histories["consents"], "consent_ref")
	return map[string]string{
		// In order from the first time that it was active to the next that it was not.
		doubtConsent: consents("LEFT JOIN",
			"SELECT consent_ref, given, arrayMin(arrayFilter(x -> x > given, others)) AS ended, expires FROM (SELECT h.consent_ref AS consent_ref,"+
				" minIf(h.ts, h.state = 'active') AS given, groupArrayIf(h.ts, h.state != 'active') AS others, minIf(h.expires, h.expires > 0) AS expires FROM "+past+" AS h GROUP BY h.consent_ref)",
			"NOT (p.given > 0 AND p.given <= "+first+" AND (p.ended = 0 OR "+last+" < p.ended) AND (p.expires = 0 OR "+last+" - @grace < p.expires))"),
		doubtGuardian: consents("LEFT JOIN",
			"SELECT h.consent_ref AS consent_ref, min(h.ts) AS begun, minIf(h.ts, h.under14 != 'no' AND h.guardian != 'yes') AS fault FROM "+past+" AS h GROUP BY h.consent_ref",
			"NOT (p.begun > 0 AND p.begun <= "+first+" AND (p.fault = 0 OR "+last+" < p.fault))"),
		doubtWithdraw: consents("INNER JOIN",
			"SELECT h.consent_ref AS consent_ref, min(h.ts) AS ts FROM "+past+" AS h WHERE h.state = 'withdrawn' GROUP BY h.consent_ref",
			last+" > p.ts + @grace"),
		doubtZone: clickhouseZoneDoubt(first, last),
	}
}

// clickhouseZoneDoubt names the hours of a zone between whose first and last event
// its record, or its gate, changed or spoke against it, and those that come before
// any record.
func clickhouseZoneDoubt(first, last string) string {
	from := "(SELECT *, " + first + " AS a, " + last + " AS z FROM zone_hours AS d" +
		" WHERE d.hour >= toStartOfHour(toDateTime(fromUnixTimestamp64Milli(@from), 'UTC')) AND d.hour <= toDateTime(fromUnixTimestamp64Milli(@to), 'UTC')) AS d"
	// As things stood at the first event, and at the last.
	for _, j := range []struct{ alias, history, at string }{{"c1", "zones", "a"}, {"c2", "zones", "z"}, {"g1", "gates", "a"}, {"g2", "gates", "z"}} {
		from += fmt.Sprintf(" ASOF LEFT JOIN %s AS %[2]s ON %[2]s.zone_id = d.zone_id AND d.%[3]s >= %[2]s.ts", clickhousePast(histories[j.history], "zone_id"), j.alias, j.at)
	}
	return "(t.site_id, t.zone_id, toStartOfHour(toDateTime(t.ts, 'UTC'))) IN (SELECT d.site_id, d.zone_id, d.hour FROM " + from +
		" WHERE c1.ts = 0 AND g1.ts = 0 OR c1.ts != c2.ts OR g1.ts != g2.ts OR g1.state = 'closed'" +
		" OR c1.ts > 0 AND (c1.state != 'live' OR c1.inspection_ms <= d.z OR c1.sign_set_hash != d.sign_set_hash))"
}

// sqliteDoubts leaves out the consents and zones that were in order all the time.
func sqliteDoubts() map[string]string {
	consents, zones, gates := sqlitePast(histories["consents"], "consent_ref"), sqlitePast(histories["zones"], "zone_id"), sqlitePast(histories["gates"], "zone_id")
	return map[string]string{
		doubtConsent: "consent_ref NOT IN (SELECT p.consent_ref FROM " + consents + " p GROUP BY p.consent_ref" +
			" HAVING MIN(p.ts) <= @from - @grace AND MAX(CASE WHEN p.state = 'active' THEN 0 ELSE 1 END) = 0" +
			" AND MAX(CASE WHEN COALESCE(p.expires, 0) > 0 AND p.expires <= @to THEN 1 ELSE 0 END) = 0)",
		doubtGuardian: "consent_ref NOT IN (SELECT p.consent_ref FROM " + consents + " p GROUP BY p.consent_ref" +
			" HAVING MIN(p.ts) <= @from AND MAX(CASE WHEN p.under14 = 'no' OR p.guardian = 'yes' THEN 0 ELSE 1 END) = 0)",
		doubtWithdraw: "consent_ref IN (SELECT p.consent_ref FROM " + consents + " p WHERE p.state = 'withdrawn')",
		doubtZone: "(zone_id IS NULL OR zone_id IN (SELECT p.zone_id FROM " + gates + " p WHERE p.state <> 'open')" +
			" OR zone_id || ' ' || COALESCE(lower(hex(sign_set_hash)), '') NOT IN (SELECT p.zone_id || ' ' || MAX(COALESCE(lower(hex(p.sign_set_hash)), '')) FROM " + zones + " p GROUP BY p.zone_id" +
			" HAVING MIN(p.ts) <= @from - @grace AND MAX(CASE WHEN p.state = 'live' THEN 0 ELSE 1 END) = 0 AND MIN(COALESCE(p.inspection_ms, 0)) > @to" +
			" AND MIN(COALESCE(lower(hex(p.sign_set_hash)), '')) = MAX(COALESCE(lower(hex(p.sign_set_hash)), ''))))",
	}
}
