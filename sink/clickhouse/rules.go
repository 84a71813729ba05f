package clickhouse

import "slices"

// Rule says how long a table's rows are kept and why.
type Rule struct {
	Table string `json:"table"`
	Class string `json:"class"` // of the data, for reports
	Days  int    `json:"days"`  // 0: for as long as the store exists
	Basis string `json:"basis"` // legal or operational ground
}

// The periods of REQUIREMENTS 4.4: what tells of people goes after half a year,
// what proves that the log is whole after three. What a match is judged by
// (consents, zones, notices) has to outlast every consent that rests on it.
const (
	payloadDays  = 184
	skeletonDays = 3 * 365
	countDays    = 2 * 365
	ruleDays     = 10 * 365
)

var defaultRules = [...]Rule{
	{"events", "match events", payloadDays, "requirements 4.4: payload 184 days; at least 6 months (C-23)"},
	{"skeleton", "chain skeleton", skeletonDays, "requirements 4.4: skeleton 3 years"},
	{"disposed", "disposal reports", skeletonDays, "evidence of disposal (INV-16), as long as the skeleton"},
	{"chain_floor", "chain skeleton", 0, "one row a chain: where the log begins now"},
	{"match_log", "match events", payloadDays, "requirements 4.4: payload 184 days"},
	{"minute_counters", "minute counts", payloadDays, "with the events that they come from"},
	{"gate_changes", "lawfulness", skeletonDays, "as long as the skeleton"},
	{"zone_changes", "lawfulness", ruleDays, "what matches were judged by, as long as a consent may last"},
	{"scene_changes", "lawfulness", ruleDays, "what matches were judged by, as long as a consent may last"},
	{"notice_changes", "lawfulness", ruleDays, "what matches were judged by, as long as a consent may last"},
	{"consent_changes", "consents", ruleDays, "proof of consent (C-18), as long as a consent may last; erased with the person"},
	{"camera_health", "operations", payloadDays, "with the events that they come from"},
	{"access_log", "access log", skeletonDays, "B-55, C-17: at least 6 months; 3 years with the log it guards"},
	{"control_log", "control log", skeletonDays, "evidence of rights, disposals and incidents"},
	{"consent_days", "match events", payloadDays, "with the events that it sums up; erased with the person"},
	{"zone_hours", "lawfulness", payloadDays, "with the events that it sums up"},
	{"reviews", "match events", payloadDays, "with the match log"},
	{"event_hours", "hourly counts", countDays, "operations: year on year"},
	{"match_hours", "hourly counts", countDays, "operations: year on year"},
	{repairsTable, "operations", skeletonDays, "what the store lost and when, as long as the skeleton"},
	{migrationsTable, "schema", 0, "what was done to the schema"},
}

// Rules lists the retention rule of each table under v.
func Rules(v Variant) []Rule {
	out := slices.Clone(defaultRules[:])
	for i := range out {
		if n := v.Days[out[i].Table]; n > 0 {
			out[i].Days = n
		}
	}
	return out
}

func defaultRule(table string) (Rule, bool) {
	i := slices.IndexFunc(defaultRules[:], func(r Rule) bool { return r.Table == table })
	if i < 0 {
		return Rule{}, false
	}
	return defaultRules[i], true
}
