package rights

import (
	"strings"
	"time"
)

// Task is what one connector has to do for one request.
type Task struct {
	ID        string    `json:"task"` // UUID v7
	Request   string    `json:"request_id"`
	Connector string    `json:"connector"`
	Action    Type      `json:"action"`
	Due       time.Time `json:"due"`
	Attempts  int       `json:"attempts"`
	NextTry   time.Time `json:"next_try,omitzero"`
	Trouble   string    `json:"trouble,omitempty"` // of the last attempt
	// Acknowledged is when the other system said that it has done it, By whom.
	Acknowledged time.Time `json:"acknowledged,omitzero"`
	By           string    `json:"by,omitempty"`
	// Exception is why it cannot be done there, in words, decided by By.
	Exception string `json:"exception,omitempty"`
}

// Settled reports whether nothing is left to do.
func (t Task) Settled() bool { return !t.Acknowledged.IsZero() || t.Exception != "" }

// Acknowledge records that the other system has done it. Again is harmless.
func (t Task) Acknowledge(by string, at time.Time) Task {
	if t.Acknowledged.IsZero() {
		t.Acknowledged, t.By, t.Trouble, t.NextTry = at.UTC(), by, "", time.Time{}
	}
	return t
}

// Except records why the other system cannot do it.
func (t Task) Except(reason, by string) (Task, error) {
	if len(strings.TrimSpace(reason)) < 10 {
		return t, field("reason", "say why this system cannot follow, in a sentence")
	}
	t.Exception, t.By, t.NextTry = reason, by, time.Time{}
	return t, nil
}

// failed plans the next attempt: after a minute, then twice as long each time,
// up to six hours.
func (t Task) failed(err error, now time.Time) Task {
	wait := min(time.Minute<<min(t.Attempts, 10), 6*time.Hour)
	t.Attempts++
	t.Trouble, t.NextTry = err.Error(), now.Add(wait).UTC()
	return t
}
