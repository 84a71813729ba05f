package ask

var (
	pFrom  = Param{Name: "from", Type: Time, Default: "-30d", About: "from this time on"}
	pDay   = Param{Name: "from", Type: Time, Default: "-1d", About: "from this time on"}
	pTo    = Param{Name: "to", Type: Time, Default: "now", About: "before this time"}
	pSite  = Param{Name: "site", Type: Text, About: "of this site only"}
	pZone  = Param{Name: "zone", Type: Text, About: "of this zone only"}
	pRows  = Param{Name: "rows", Type: Int, Default: "1000", About: "at most so many rows, up to 100000"}
	pEvent = Param{Name: "event", Type: EventID, Required: true, About: "the event's id"}
	pGrace = Param{Name: "grace", Type: Duration, Default: "10s", About: "how long a change may take to reach the cameras"}
)

func cols(pairs ...string) []Column {
	out := make([]Column, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, Column{pairs[i], Type(pairs[i+1])})
	}
	return out
}

// catalogue holds the questions in their order. The query of each lies in
// sql/<name>.sql; its columns come in this order.
var catalogue = []Question{
	{
		Number: 1, Name: "consent-missing", Check: true,
		Title:  "Which events lacked an active consent?",
		About:  "Matches, unmaskings and claims for which the consent they name was not active at that moment, changes within the grace left out.",
		Params: []Param{pFrom, pTo, pSite, pGrace, pRows},
		Columns: cols("ts", "time", "event_id", "text", "kind", "text", "site_id", "text", "camera_id", "text", "zone_id", "text",
			"subject_ref", "digest", "consent_ref", "digest", "consent_state", "text", "changed_at", "time"),
	},
	{
		Number: 2, Name: "zone-unlawful", Check: true,
		Title:  "Which occurred in a zone not live, unsigned or uninspected?",
		About:  "Matches, unmaskings and claims in a zone whose recorded state was not live, whose inspection had run out, whose signs were others than the event names, or whose gate the edge itself held closed.",
		Params: []Param{pFrom, pTo, pSite, pZone, pGrace, pRows},
		Columns: cols("ts", "time", "event_id", "text", "kind", "text", "site_id", "text", "camera_id", "text", "zone_id", "text",
			"zone_version", "int", "zone_state", "text", "inspection_until", "text", "fault", "text"),
	},
	{
		Number: 3, Name: "after-withdrawal", Check: true,
		Title:  "Did any follow a withdrawal by more than ten seconds?",
		About:  "Matches, unmaskings and claims that name a consent which had been withdrawn for longer than the grace.",
		Params: []Param{pFrom, pTo, pSite, pGrace, pRows},
		Columns: cols("ts", "time", "event_id", "text", "kind", "text", "site_id", "text", "camera_id", "text", "zone_id", "text",
			"consent_ref", "digest", "withdrawn_at", "time", "after_ms", "int"),
	},
	{
		Number: 4, Name: "rules-in-force",
		Title:  "Which notice and policy applied to this event?",
		About:  "The versions that the event names, and what the log says of the notice, the scene and the zone at that moment.",
		Params: []Param{pEvent},
		Columns: cols("ts", "time", "kind", "text", "site_id", "text", "scene_id", "text", "zone_id", "text", "zone_version", "int",
			"policy_version", "int", "notice_version", "text", "notice_effective_from", "text", "assessment_id", "text",
			"sign_set_hash", "digest", "inspection_id", "text", "scene_state", "text", "scene_approver", "text", "zone_state", "text"),
	},
	{
		Number: 5, Name: "database-used",
		Title:  "Which database, size, model and threshold?",
		About:  "The reference database searched for this event, its size, the model, and the decision's score, threshold and margin.",
		Params: []Param{pEvent},
		Columns: cols("ts", "time", "kind", "text", "gate_mode", "text", "gallery_root", "digest", "gallery_size", "int",
			"template_ref", "digest", "model_digest", "digest", "score", "float", "threshold", "float", "margin", "float",
			"quality", "float", "pad", "text", "gate_bits", "int"),
	},
	{
		Number: 6, Name: "confirmations",
		Title:  "Who confirmed it: two distinct people?",
		About:  "For each match in zone mode, who reviewed it and with what verdict; confirmed means two distinct reviewers who both agree.",
		Params: []Param{pDay, pTo, pSite, {Name: "event", Type: Text, About: "of this event only"}, pRows},
		Columns: cols("ts", "time", "event_id", "text", "site_id", "text", "zone_id", "text", "reviewers", "int",
			"confirmations", "int", "rejections", "int", "confirmed", "text", "last_review", "time"),
	},
	{
		Number: 7, Name: "reads",
		Title:  "Who unmasked or read what, for which reason?",
		About:  "Every recorded look at what is linked to people, and every moment at which a person began to be shown clear.",
		Params: []Param{pDay, pTo, pSite, {Name: "reader", Type: Text, About: "by this reader only (hex)"}, pRows},
		Columns: cols("ts", "time", "event_id", "text", "kind", "text", "reader", "digest", "role", "text", "action", "text",
			"purpose", "text", "object", "text", "camera_id", "text", "subject_ref", "digest", "subjects", "int"),
	},
	{
		Number: 8, Name: "zone-outcomes",
		Title: "Matches, rejects and claim failures per zone, hour and threshold?",
		About: "Counts per zone, hour and threshold, with the false matches to expect among the comparisons made at the validated rate.",
		Params: []Param{
			{Name: "from", Type: Time, Default: "-7d", About: "from this time on"},
			pTo, pSite, pZone,
			{Name: "fmr_per_million", Type: Int, Default: "100", About: "false matches per million comparisons at the threshold, as validated"},
			pRows,
		},
		Columns: cols("hour", "time", "site_id", "text", "zone_id", "text", "threshold", "float", "matches", "int",
			"claims_matched", "int", "claims_failed", "int", "verified", "int", "rejected", "int", "comparisons", "int", "false_matches_expected", "float"),
	},
	{
		Number: 9, Name: "use-and-faults",
		Title:   "When was the system in use, or masking by fault?",
		About:   "The periods in which each camera was processed, and those in which its whole picture was masked because something failed.",
		Params:  []Param{pFrom, pTo, pSite, {Name: "camera", Type: Text, About: "of this camera only"}, pRows},
		Columns: cols("site_id", "text", "camera_id", "text", "what", "text", "since", "time", "until", "time", "seconds", "int", "reason", "text"),
	},
	{
		Number: 10, Name: "children", Check: true,
		Title:  "Which events of people under 14 lack a guardian's consent?",
		About:  "Matches, unmaskings and claims that name a consent of somebody under 14, or of unknown age, without a verified guardian.",
		Params: []Param{pFrom, pTo, pSite, pRows},
		Columns: cols("ts", "time", "event_id", "text", "kind", "text", "site_id", "text", "zone_id", "text",
			"consent_ref", "digest", "under14", "text", "guardian", "text"),
	},
	{
		Number: 11, Name: "complete", Check: true,
		Title: "Is the log complete, and is every gap explained?",
		About: "Runs of missing numbers of a chain that neither the skeleton nor a disposal explains, and numbers that are there with two contents.",
		Params: []Param{
			{Name: "chain", Type: Text, About: "of this chain only"},
			{Name: "first", Type: Int, Default: "1", About: "from this number on"},
			{Name: "last", Type: Int, Default: "0", About: "up to this number; 0 for the newest"},
			pRows,
		},
		Columns: cols("chain_id", "text", "first", "int", "last", "int", "missing", "int", "explanation", "text"),
	},
	{
		Number: 12, Name: "overdue", Check: true,
		Title:   "Which rows outlived their rule, and which requests were late or refused?",
		About:   "Tables whose last retention run left overdue rows or failed, events older than their rule, and rights requests that were late or refused, with the reason.",
		Params:  []Param{pFrom, pTo, {Name: "keep", Type: Duration, Default: "4416h", About: "how long events are kept (184 days)"}, pRows},
		Columns: cols("what", "text", "object", "text", "since", "time", "count", "int", "reason", "text"),
	},
	{
		Number: 13, Name: "people-held",
		Title:   "How many distinct people are stored, against the threshold of 100,000?",
		About:   "The last census of each site: people enrolled, templates held, and the share of the threshold.",
		Params:  []Param{pSite, {Name: "limit", Type: Int, Default: "100000", About: "the threshold"}, pRows},
		Columns: cols("site_id", "text", "ts", "time", "enrolled", "int", "templates", "int", "share_percent", "float", "state", "text"),
	},
}
