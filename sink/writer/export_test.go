package writer

import "time"

// Asking is a chain's asking, for tests of when what is asked for.
type Asking struct {
	a asking
	o Options
}

// NewAsking returns one that waits for these times.
func NewAsking(grace, askEvery time.Duration) *Asking {
	return &Asking{o: Options{Grace: grace, AskEvery: askEvery}}
}

// Due notes that there is a new gap.
func (a *Asking) Due(now time.Time) { a.a.due(now, &a.o) }

// Requests returns what to ask for of what is missing.
func (a *Asking) Requests(now time.Time, missing []Gap) []Gap {
	return a.a.requests(now, missing, &a.o)
}

// PerRequest and PerGap bound what is asked for at once.
const (
	PerRequest = perRequest
	PerGap     = perGap
)

// Without, Both and Join are the lists' arithmetic.
var (
	Without = without
	Both    = both
	Join    = join
)

// Deaf has a writer take no edge's word for where its chain ends.
func Deaf(o *Options) { o.deaf = true }
