package record

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
)

// settle finishes the segments whose row says that they are being written and
// nobody writes: a crash or a full disk came between.
func (r *Recorder) settle(ctx context.Context) error {
	open, err := r.index.selectRows(ctx, `WHERE open = 1`)
	if err != nil {
		return err
	}
	live := r.live()
	var errs []error
	for i := range open {
		if _, ok := live[open[i].ID]; ok {
			continue
		}
		// A stream publishes a segment before its row says open, and takes that
		// back after the row says finished: look again.
		rec, err := r.index.one(ctx, open[i].ID)
		if err == nil && rec.Open {
			err = r.restore(ctx, rec)
		}
		if !errors.Is(err, ErrUnknown) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// restore brings one unfinished recording to an end.
func (r *Recorder) restore(ctx context.Context, rec *Recording) error {
	path := filepath.Join(r.cfg.Dir, rec.Path)
	g, err := reopen(path + partSuffix)
	finished := errors.Is(err, os.ErrNotExist)
	if finished {
		g, err = reopen(path) // it has its name already, but not its row
	}
	switch {
	case errors.Is(err, os.ErrNotExist):
		r.cfg.Alarm(Alarm{Kind: AlarmLost, Camera: rec.Camera, Err: fmt.Errorf("record: the file of %s is gone", rec.ID)})
		return errors.Join(removeReceipt(path), r.index.dispose(ctx, rec, "missing", r.cfg.Now()))
	case errors.Is(err, errTorn):
		return r.discardTorn(ctx, rec, path, err)
	case err != nil:
		return err
	}
	if g.frames == 0 {
		return errors.Join(g.f.Close(), removeEither(path), r.index.remove(ctx, rec.ID))
	}
	return r.complete(ctx, rec, g, finished, r.certify)
}

// complete finishes the file and fills its row from what the file says. certify
// is called before the row is written.
func (r *Recorder) complete(ctx context.Context, rec *Recording, g *file, finished bool, certify func(*Recording) error) (err error) {
	if finished {
		rec.SHA256, err = hashFile(g.f, g.synced)
		err = errors.Join(err, g.f.Close())
	} else {
		rec.SHA256, err = g.finish()
	}
	if err != nil {
		return fmt.Errorf("record: restore %s: %w", rec.ID, err)
	}
	if rec.Size, err = sizeOf(g.par.sps); err != nil {
		return err
	}
	rec.Start, rec.Bytes, rec.Frames, rec.FullMask = g.wall, g.synced, g.frames, g.full
	rec.Length = fromTicks(g.total)
	rec.End = rec.Start.Add(rec.Length)
	rec.Open, rec.Restored, rec.Tally = false, true, g.tally
	if err := certify(rec); err != nil {
		return err
	}
	return r.index.put(ctx, rec)
}

// discardTorn removes a file without a whole header: no picture can be in it.
func (r *Recorder) discardTorn(ctx context.Context, rec *Recording, path string, cause error) error {
	r.cfg.Alarm(Alarm{Kind: AlarmLost, Camera: rec.Camera, Err: cause})
	return errors.Join(removeEither(path), removeReceipt(path), r.index.dispose(ctx, rec, "damaged", r.cfg.Now()))
}

func removeEither(path string) error {
	var errs []error
	for _, p := range []string{path, path + partSuffix} {
		if err := os.Remove(p); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// adopt compares the index with the directory: files without a row get one, so
// that a lost index loses no recording; rows without a file go.
func (r *Recorder) adopt(ctx context.Context) error {
	rows, err := r.index.selectRows(ctx, ``)
	if err != nil {
		return err
	}
	known := make(map[string]*Recording, len(rows))
	for i := range rows {
		known[rows[i].Path] = &rows[i]
	}
	err = filepath.WalkDir(r.cfg.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(r.cfg.Dir, path)
		if err != nil {
			return err
		}
		rel = strings.TrimSuffix(rel, partSuffix)
		if known[rel] != nil {
			delete(known, rel)
			return nil
		}
		return r.adoptFile(ctx, path, rel)
	})
	for _, rec := range known {
		r.cfg.Alarm(Alarm{Kind: AlarmLost, Camera: rec.Camera, Err: fmt.Errorf("record: the file of %s is gone", rec.ID)})
		err = errors.Join(err, removeReceipt(filepath.Join(r.cfg.Dir, rec.Path)), r.index.dispose(ctx, rec, "missing", r.cfg.Now()))
	}
	return err
}

// adoptFile gives a file of ours a row. Others are left alone. It gets no
// receipt but the one that it may have: nothing vouches for a file that the
// index does not know.
func (r *Recorder) adoptFile(ctx context.Context, path, rel string) error {
	parts := strings.Split(filepath.ToSlash(rel), "/")
	if len(parts) != 3 || !usableName.MatchString(parts[0]) || filepath.Ext(rel) != ".mp4" {
		return nil
	}
	if _, err := time.Parse(time.DateOnly, parts[1]); err != nil {
		return nil //nolint:nilerr // a stranger's file, left alone
	}
	name := strings.TrimSuffix(parts[2], ".mp4")
	first, last := strings.Index(name, "-"), strings.LastIndex(name, "-")
	if first < 0 || first == last {
		return nil
	}
	g, err := reopen(path)
	if errors.Is(err, errTorn) {
		if strings.HasSuffix(path, partSuffix) {
			return os.Remove(path) // it was being begun
		}
		return nil
	}
	if err != nil {
		return err
	}
	if g.frames == 0 {
		return errors.Join(g.f.Close(), os.Remove(path))
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	rec := &Recording{ID: id.String(), Camera: parts[0], Rule: name[first+1 : last], Path: rel}
	return r.complete(ctx, rec, g, !strings.HasSuffix(path, partSuffix), func(*Recording) error { return nil })
}
