package rights

import "time"

// Term is how long a jurisdiction gives.
type Term struct {
	// WorkingDays or Months until a request must be served; one of them is set.
	WorkingDays, Months int
	// ExtendMonths is the longest extension.
	ExtendMonths int
	// Acknowledge is until when the person must have heard of its receipt.
	Acknowledge time.Duration
}

// terms are the deadlines of REQUIREMENTS 4.4 and C-20: 15 working days in
// China, one month and up to two more in the Union. BIPA names none; a month is
// what is kept elsewhere.
var terms = map[string]Term{
	"default": {Months: 1, ExtendMonths: 2, Acknowledge: 24 * time.Hour},
	"eu":      {Months: 1, ExtendMonths: 2, Acknowledge: 24 * time.Hour},
	"us-il":   {Months: 1, ExtendMonths: 1, Acknowledge: 24 * time.Hour},
	"cn":      {WorkingDays: 15, ExtendMonths: 1, Acknowledge: 24 * time.Hour},
}

// TermOf returns a jurisdiction profile's terms; unknown profiles get the
// strictest.
func TermOf(profile string) Term {
	if t, ok := terms[profile]; ok {
		return t
	}
	return terms["cn"]
}

// Due is when a request received at that moment must be served: at the end of
// that day, UTC. Public holidays are not taken out, so that the deadline is
// never later than the law's.
func (t Term) Due(received time.Time) time.Time {
	d := received.UTC()
	if t.Months > 0 {
		return endOfDay(addMonths(d, t.Months))
	}
	for left := t.WorkingDays; left > 0; {
		d = d.AddDate(0, 0, 1)
		if w := d.Weekday(); w != time.Saturday && w != time.Sunday {
			left--
		}
	}
	return endOfDay(d)
}

// Latest is the latest deadline that an extension may set.
func (t Term) Latest(due time.Time) time.Time {
	return endOfDay(addMonths(due.UTC(), t.ExtendMonths))
}

// addMonths keeps to the last day of a shorter month: a month after 31 January
// is 28 or 29 February (Regulation 1182/71, article 3).
func addMonths(t time.Time, n int) time.Time {
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}

func endOfDay(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 23, 59, 59, 0, time.UTC)
}
