package record

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Report is what an enforcement of the limits did.
type Report struct {
	ByAge, BySize, ByRoom int   // recordings disposed of, by reason
	Bytes                 int64 // that they took
	Kept                  int64 // bytes of what is left
	Free                  int64 // bytes left on the disk
	Overdue               int   // recordings that should be gone and are not
	Over                  int64 // bytes above MaxBytes that must stay because of MinAge
}

// Enforce disposes of what is too old, too much, or in the way of new
// recordings, oldest first, files before their rows. What cannot be removed is
// an error and stays in the index.
func (r *Recorder) Enforce(ctx context.Context) (Report, error) {
	r.enforcing.Lock()
	defer r.enforcing.Unlock()
	var rep Report
	l, now := r.cfg.Limits, r.cfg.Now()
	err := r.settle(ctx)
	old, e := r.index.selectRows(ctx, `WHERE open = 0 AND end_ms < ? ORDER BY start_ms`, now.Add(-l.MaxAge).UnixMilli())
	err = errors.Join(err, e)
	for i := range old {
		if e := r.dispose(ctx, &old[i], "age", now, &rep); e != nil {
			rep.Overdue++
			err = errors.Join(err, e)
			continue
		}
		rep.ByAge++
	}
	return rep, errors.Join(err, r.shrink(ctx, now, &rep))
}

// shrink disposes of the oldest recordings until size and room are within the
// limits or nothing may go any more.
func (r *Recorder) shrink(ctx context.Context, now time.Time, rep *Report) error {
	l := r.cfg.Limits
	total, err := r.index.total(ctx)
	if err != nil {
		return err
	}
	for _, rec := range r.live() {
		total += rec.Bytes
	}
	// Only the oldest are needed; further ones come with the next enforcement.
	old, err := r.index.selectRows(ctx, `WHERE open = 0 AND end_ms <= ? ORDER BY start_ms LIMIT 1000`, now.Add(-l.MinAge).UnixMilli())
	if err != nil {
		return err
	}
	var disposable int64
	for i := range old {
		disposable += old[i].Bytes
	}
	for i := 0; ; i++ {
		free, e := freeBytes(r.cfg.Dir)
		if e != nil {
			return errors.Join(err, e)
		}
		rep.Kept, rep.Free, rep.Over = total, free, max(total-l.MaxBytes, 0)
		big, tight := total > l.MaxBytes, l.MinFree > 0 && free < l.MinFree
		if tight && free+disposable < l.MinFree {
			// Somebody else fills the disk. Giving up every recording would
			// not make enough room, so none is given up: recording pauses.
			tight = false
			err = errors.Join(err, fmt.Errorf("%w: %d MiB free, %d MiB wanted, and recordings hold only %d MiB of it; make room on the disk",
				ErrNoRoom, free>>20, l.MinFree>>20, disposable>>20))
		}
		if !big && !tight || i == len(old) {
			return err
		}
		reason, n := "size", &rep.BySize
		if !big {
			reason, n = "room", &rep.ByRoom
		}
		if e := r.dispose(ctx, &old[i], reason, now, rep); e != nil {
			err = errors.Join(err, e)
			continue
		}
		*n++
		total -= old[i].Bytes
		disposable -= old[i].Bytes
	}
}

// dispose removes a recording's file and then moves its row.
func (r *Recorder) dispose(ctx context.Context, rec *Recording, reason string, now time.Time, rep *Report) error {
	path := filepath.Join(r.cfg.Dir, rec.Path)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("record: dispose of %s: %w", rec.ID, err)
	}
	if err := removeReceipt(path); err != nil {
		return fmt.Errorf("record: dispose of the receipt of %s: %w", rec.ID, err)
	}
	if err := r.index.dispose(ctx, rec, reason, now); err != nil {
		return err
	}
	rep.Bytes += rec.Bytes
	// The day's folder goes with its last file.
	if err := os.Remove(filepath.Dir(path)); err != nil && !errors.Is(err, unix.ENOTEMPTY) && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("record: dispose of an empty folder: %w", err)
	}
	return nil
}

// Remove disposes of one finished recording before its time, for a reason such
// as an erasure. It fails with ErrUnknown, and with ErrOpen while the recording
// is being written.
func (r *Recorder) Remove(ctx context.Context, id, reason string) error {
	r.enforcing.Lock()
	defer r.enforcing.Unlock()
	rec, err := r.Get(ctx, id)
	if err != nil {
		return err
	}
	if rec.Open {
		return fmt.Errorf("%w: %q", ErrOpen, id)
	}
	var rep Report
	return r.dispose(ctx, &rec, reason, r.cfg.Now(), &rep)
}

func freeBytes(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("record: room on the disk: %w", err)
	}
	return int64(st.Bavail) * st.Bsize, nil
}

// keep enforces the limits after each segment and now and then.
func (r *Recorder) keep(ctx context.Context) {
	t := time.NewTicker(r.cfg.Every)
	defer t.Stop()
	for {
		r.report(r.Enforce(ctx))
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-r.nudge:
		}
	}
}

// report raises the alarm once when disposal begins to fail and clears it when
// it works again. What goes for room before its time is told each time.
func (r *Recorder) report(rep Report, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	if err != nil {
		r.cfg.Alarm(Alarm{Kind: AlarmRetention, Err: err})
	} else if r.failing {
		r.cfg.Alarm(Alarm{Kind: AlarmRetention, Cleared: true})
	}
	r.failing = err != nil
	switch early := rep.ByRoom > 0; {
	case early:
		r.cfg.Alarm(Alarm{Kind: AlarmRoom, Err: fmt.Errorf("record: %d recordings were removed before their time, since the disk is short of room", rep.ByRoom)})
	case r.early:
		r.cfg.Alarm(Alarm{Kind: AlarmRoom, Cleared: true})
	}
	r.early = rep.ByRoom > 0
}
