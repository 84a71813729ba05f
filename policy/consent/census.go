package consent

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"bystander/internal/event"
	"bystander/policy"
)

// The filing that falls due at the limit (CAC/MPS Measures art. 15, C-11).
const (
	taskFiling = "filing_of_distinct_people"
	// FilingDays is the term in working days. Public holidays are not taken out,
	// so that the deadline is never later than the law's.
	FilingDays = 30
	// warnAt is the part of the limit from which on a warning is given.
	warnAt = 0.8
)

// Census is how many distinct people are held, and what follows from it.
type Census struct {
	Enrolled  int    `json:"enrolled"`
	Templates int    `json:"templates"`
	Limit     int    `json:"limit"`
	State     string `json:"state"` // below, warning, due, overdue, filed
	// Stale are the people whose templates another model made: nobody is compared
	// with them until they enrol again.
	Stale int         `json:"stale,omitempty"`
	Task  *FilingTask `json:"task,omitempty"`
}

// FilingTask is a filing that is due by a date.
type FilingTask struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"`
	OpenedAt  time.Time `json:"opened_at"`
	DueAt     time.Time `json:"due_at"`
	ClosedAt  time.Time `json:"closed_at,omitzero"`
	Reference string    `json:"reference,omitempty"` // number of the filing
}

// census is what the job saw last.
type census struct {
	state string
	day   string
}

// Census counts people: enrolled, and with a consent to be matched that has not
// ended. Enrolment refuses who is enrolled already, so that each counts once.
func (s *Service) Census(ctx context.Context) (Census, error) {
	c := Census{Limit: s.cfg.Limit}
	people, err := s.cfg.Records.Enrollees(ctx)
	if err != nil {
		return c, err
	}
	consents, err := s.cfg.Records.Consents(ctx)
	if err != nil {
		return c, err
	}
	matched := map[string]bool{}
	for _, x := range consents {
		if x.Purpose == policy.PurposeMatch && !x.State.Terminal() {
			matched[x.Enrollee] = true
		}
	}
	for _, p := range people {
		if p.Status == policy.EnrolleeActive && matched[p.ID] {
			c.Enrolled++
		}
	}
	if c.Templates, err = s.cfg.Keeper.Templates(ctx); err != nil {
		return c, err
	}
	stale, _, err := s.cfg.Keeper.Stale(ctx)
	if err != nil {
		return c, err
	}
	c.Stale = len(stale)
	if c.Task, err = s.task(ctx); err != nil {
		return c, err
	}
	c.State = c.judge(s.now())
	return c, nil
}

func (c Census) judge(now time.Time) string {
	switch t := c.Task; {
	case t != nil && t.ClosedAt.IsZero() && now.After(t.DueAt):
		return "overdue"
	case t != nil && t.ClosedAt.IsZero():
		return "due"
	case t != nil && c.Enrolled >= c.Limit:
		return "filed"
	case c.Enrolled >= c.Limit:
		return "due"
	case float64(c.Enrolled) >= warnAt*float64(c.Limit):
		return "warning"
	}
	return "below"
}

// task returns the filing's task, nil when it never fell due.
func (s *Service) task(ctx context.Context) (*FilingTask, error) {
	var t FilingTask
	var opened, due, closed int64
	err := s.cfg.DB.R.QueryRowContext(ctx, `SELECT id, kind, opened_ms, due_ms, coalesce(closed_ms, 0), coalesce(reference, '')
		FROM tasks WHERE kind = ? ORDER BY opened_ms DESC LIMIT 1`, taskFiling).Scan(&t.ID, &t.Kind, &opened, &due, &closed, &t.Reference)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // none is not a fault
	}
	t.OpenedAt, t.DueAt, t.ClosedAt = fromMS(opened), fromMS(due), fromMS(closed)
	return &t, err
}

// count is the census job: it opens the task at the limit, and emits a census
// once a day and whenever its state changes.
func (s *Service) count(ctx context.Context) error {
	c, err := s.Census(ctx)
	if err != nil {
		return err
	}
	seen := census{c.State, s.now().Format(time.DateOnly)}
	open := c.Enrolled >= c.Limit && c.Task == nil
	if seen == s.lastSeen && !open {
		return nil
	}
	err = s.tx(ctx, func(tx *sql.Tx) error {
		if open {
			if _, err := tx.ExecContext(ctx, `INSERT INTO tasks VALUES (?,?,?,?,NULL,NULL,NULL)`,
				newID(), taskFiling, ms(s.now()), ms(workingDays(s.now(), FilingDays))); err != nil {
				return err
			}
		}
		return s.emit(ctx, tx, event.Event{Kind: event.KindCensus, Detail: map[string]string{
			"enrolled": strconv.Itoa(c.Enrolled), "templates": strconv.Itoa(c.Templates), "limit": strconv.Itoa(c.Limit),
		}})
	})
	if err == nil {
		s.lastSeen = seen
	}
	return err
}

// workingDays is the end of the n-th working day after t, in UTC.
func workingDays(t time.Time, n int) time.Time {
	d := t.UTC().Truncate(day)
	for n > 0 {
		d = d.Add(day)
		if w := d.Weekday(); w != time.Saturday && w != time.Sunday {
			n--
		}
	}
	return d.Add(day - time.Millisecond)
}

// Filed closes the task with the number under which the filing was made.
func (s *Service) Filed(ctx context.Context, reference, by string) (FilingTask, error) {
	if reference == "" {
		return FilingTask{}, Refuse(Malformed, "REFERENCE_MISSING", "reference", "the number of the filing")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.task(ctx)
	if err != nil {
		return FilingTask{}, err
	}
	if t == nil || !t.ClosedAt.IsZero() {
		return FilingTask{}, Refuse(Unmet, "NOTHING_DUE", "", "no filing is due")
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE tasks SET closed_ms = ?, closed_by = ?, reference = ? WHERE id = ?`, ms(s.now()), by, reference, t.ID)
		return err
	})
	if err != nil {
		return FilingTask{}, err
	}
	t.ClosedAt, t.Reference = s.now(), reference
	return *t, nil
}

// MayEnrol refuses new people while the filing is overdue.
func (s *Service) MayEnrol(ctx context.Context) error {
	t, err := s.task(ctx)
	if err != nil {
		return err
	}
	if t != nil && t.ClosedAt.IsZero() && s.now().After(t.DueAt) {
		return Refuse(Unmet, "FILING_OVERDUE", taskFiling, "the filing for this many people is overdue; nobody is enrolled until it is made")
	}
	return nil
}
