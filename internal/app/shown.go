package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"bystander/audit/receipt"
	"bystander/internal/event"
	"bystander/sink/record"
	"bystander/sink/sqlite"
)

// shownBefore is how long before the log says so a person may be seen clear:
// pictures are held back, and get the grant of a later look.
const shownBefore = 3 * time.Second

// recordings are the recordings of this machine, to be searched for people.
type recordings struct {
	*record.Recorder
	dir string
}

// shownIn is a recording with the scene in which a person was recognised.
type shownIn struct {
	record.Recording
	scene string
}

// of lists the recordings in which a person may be seen clear, the newest first:
// those in which the log says that they began to be, and those that follow
// without a break while anybody is clear.
func (r recordings) of(ctx context.Context, log []event.Event) ([]shownIn, error) {
	var out []shownIn
	for i := range log {
		ev := &log[i]
		if ev.Kind != event.KindUnmask || ev.Detail["audience"] != "record" {
			continue
		}
		found, err := r.List(ctx, ev.CameraID, ev.TS.Add(-shownBefore), ev.TS.Add(time.Second), 10)
		if err != nil {
			return nil, err
		}
		for len(found) > 0 {
			last := found[0]
			for _, rec := range found {
				if rec.End.After(last.End) {
					last = rec
				}
				if !slices.ContainsFunc(out, func(s shownIn) bool { return s.ID == rec.ID }) {
					out = append(out, shownIn{rec, ev.SceneID})
				}
			}
			if found, err = r.next(ctx, last); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(out, func(a, b shownIn) int { return b.Start.Compare(a.Start) })
	return out, nil
}

// next is the recording that goes on where one ends, if it shows anybody clear.
func (r recordings) next(ctx context.Context, rec record.Recording) ([]record.Recording, error) {
	if rec.Open {
		return nil, nil
	}
	found, err := r.List(ctx, rec.Camera, rec.End, rec.End.Add(shownBefore), 10)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(n record.Recording) bool {
		return n.Rule != rec.Rule || !n.Start.After(rec.Start) || !r.anybody(n)
	}), nil
}

// anybody reports whether a recording shows anybody clear. One that does not say
// is taken to.
func (r recordings) anybody(rec record.Recording) bool {
	b, err := os.ReadFile(filepath.Join(r.dir, rec.Path) + ".receipt.json")
	if err != nil {
		return true
	}
	told, err := receipt.Parse(b)
	return err != nil || told.Faces.Clear > 0
}

// clearVideo deletes the recordings in which erased people are seen clear. It
// comes before the events, which say where they are.
type clearVideo struct {
	events *sqlite.Store
	// open returns the recordings, and how to let go of them; no recordings
	// where nothing is recorded.
	open func(context.Context) (*recordings, func() error, error)
}

// Delete implements erase.Deleter.
func (c clearVideo) Delete(ctx context.Context, refs []event.Digest) (_ map[string]int64, err error) {
	rows, err := c.events.Of(ctx, refs, copyRows)
	if err != nil {
		return nil, err
	}
	log := make([]event.Event, len(rows))
	for i := range rows {
		log[i] = rows[i].Event
	}
	rec, done, err := c.open(ctx)
	if err != nil || rec == nil {
		return map[string]int64{}, err
	}
	defer func() { err = errors.Join(err, done()) }()
	found, err := rec.of(ctx, log)
	if err != nil {
		return nil, err
	}
	n := int64(0)
	for _, f := range found {
		if f.Open {
			return nil, fmt.Errorf("recording %s is still being written; its turn comes when it ends", f.ID)
		}
		if err := rec.Remove(ctx, f.ID, "erasure"); err != nil && !errors.Is(err, record.ErrUnknown) {
			return nil, err
		}
		n++
	}
	return map[string]int64{"recordings": n}, nil
}

// recordingsHere are a running edge's own.
func (e *edge) recordingsHere(context.Context) (*recordings, func() error, error) {
	done := func() error { return nil }
	if e.rec == nil {
		return nil, done, nil
	}
	return &recordings{e.rec, filepath.Join(e.cfg.Data, "recordings")}, done, nil
}
