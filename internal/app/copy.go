package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"bystander/audit/access"
	"bystander/internal/event"
	"bystander/internal/frame"
	"bystander/match"
	"bystander/match/enrol"
	"bystander/policy"
	"bystander/rights"
	"bystander/sink/record"
)

// The bounds of one person's bundle.
const (
	copyRows  = 100_000 // of each store
	copyClips = 20      // segments of video, the newest first
)

// copyDir begins the names of what a bundle is made in.
const copyDir = ".copy-"

// clearCopies removes what a program left that ended in the middle of a bundle.
func clearCopies(data string) error {
	left, err := filepath.Glob(filepath.Join(data, copyDir+"*"))
	for _, path := range left {
		err = errors.Join(err, os.RemoveAll(path))
	}
	return err
}

// exporter makes the bundle of one person's data.
type exporter struct {
	e  *edge
	db *rights.DB
}

// Export implements api/rights.Exporter.
func (x exporter) Export(ctx context.Context, enrollee, request string) (io.ReadCloser, error) {
	f, err := namelessFile(x.e.cfg.Data)
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	if err := x.bundle(ctx, f, enrollee, request); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// namelessFile returns a file without a name: whatever happens, it is gone when it
// is closed.
func namelessFile(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, copyDir+"*.zip")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// bundle writes the ZIP file and goes back to its beginning.
func (x exporter) bundle(ctx context.Context, out io.WriteSeeker, enrollee, request string) error {
	b := rights.NewBundler(out, request, time.Now())
	refs, err := x.refs(ctx, enrollee)
	if err != nil {
		return err
	}
	events, err := x.e.store.Of(ctx, refs, copyRows)
	if err != nil {
		return err
	}
	log := make([]event.Event, len(events))
	for i := range events {
		log[i] = events[i].Event
	}
	for _, part := range []func() error{
		func() error { return x.person(ctx, b, enrollee) },
		func() error { return x.consents(ctx, b, enrollee) },
		func() error { return b.Records("events", log, len(log)) },
		func() error { return x.reads(ctx, b, refs) },
		func() error { return x.requests(ctx, b, enrollee) },
		func() error { return x.video(ctx, b, enrollee, log) },
	} {
		if err := part(); err != nil {
			return fmt.Errorf("bundle: %w", err)
		}
	}
	if err := b.Close(x.e.key); err != nil {
		return err
	}
	_, err = out.Seek(0, io.SeekStart)
	return err
}

// refs are the pseudonyms under which the person stands on the log.
func (x exporter) refs(ctx context.Context, enrollee string) ([]event.Digest, error) {
	a, err := x.e.erasing.people.vault.Refs(ctx, enrollee)
	if err != nil {
		return nil, err
	}
	b, err := x.e.law.people.Refs(ctx, enrollee)
	return append(a, b...), err
}

func (x exporter) person(ctx context.Context, b *rights.Bundler, enrollee string) error {
	name, err := x.e.erasing.people.names.Name(ctx, enrollee)
	if err != nil && !errors.Is(err, policy.ErrNotFound) {
		return err
	}
	history, err := x.e.law.people.EnrolleeHistory(ctx, enrollee)
	if err != nil {
		return err
	}
	return b.Records("enrolment", map[string]any{"name": name, "history": history}, len(history))
}

func (x exporter) consents(ctx context.Context, b *rights.Bundler, enrollee string) error {
	have, err := x.e.law.people.ConsentsOf(ctx, enrollee)
	if err != nil {
		return err
	}
	var history []policy.Consent
	for _, c := range have {
		h, err := x.e.law.people.ConsentHistory(ctx, c.ID)
		if err != nil {
			return err
		}
		history = append(history, h...)
		r, err := x.e.desks.consents.Receipt(ctx, c.ID, 0)
		if err != nil {
			return err
		}
		if err := b.File("receipts/"+c.ID+".jws", bytes.NewReader([]byte(r.JWS))); err != nil {
			return err
		}
	}
	return b.Records("consents", history, len(history))
}

// reads are who looked at the person's data.
func (x exporter) reads(ctx context.Context, b *rights.Bundler, refs []event.Digest) error {
	rows := []access.Row{}
	for _, ref := range refs {
		found, err := x.e.access.Rows(ctx, access.Query{Subject: ref, Limit: 1000})
		if err != nil {
			return err
		}
		rows = append(rows, found...)
	}
	slices.SortFunc(rows, func(a, b access.Row) int { return int(a.Seq) - int(b.Seq) }) //nolint:gosec // a log of 2^62 rows is no log
	rows = slices.CompactFunc(rows, func(a, b access.Row) bool { return a.Seq == b.Seq })
	for i := range rows {
		rows[i].Subjects = nil // others may stand in the same row
	}
	return b.Records("reads", rows, len(rows))
}

func (x exporter) requests(ctx context.Context, b *rights.Bundler, enrollee string) error {
	rs, err := x.db.List(ctx, rights.Query{Enrollee: enrollee, Limit: 1000})
	if err != nil {
		return err
	}
	return b.Records("requests", rs, len(rs))
}

// video adds the recordings in which the person was shown clear. Each is redacted
// once more, with nobody but them left clear: others who agreed to be recorded
// did not agree to be handed out. Who is clear can be told only as long as there
// is a template; after a withdrawal the list says what there is, without pictures.
func (x exporter) video(ctx context.Context, b *rights.Bundler, enrollee string, log []event.Event) error {
	rec, _, err := x.e.recordingsHere(ctx)
	if err != nil || rec == nil {
		return errors.Join(err, b.Records("video", []copied{}, 0))
	}
	found, err := rec.of(ctx, log)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(x.e.cfg.Data, copyDir+"*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // redacted pictures only, and the next start clears them
	told := []copied{}
	for _, c := range found {
		one := copied{Recording: c.Recording}
		switch {
		case c.Open:
			one.LeftOut = "still being written; ask again in some minutes"
		case len(told) >= copyClips:
			one.LeftOut = fmt.Sprintf("the newest %d recordings are in this bundle; ask for more", copyClips)
		default:
			if err := x.addClip(ctx, b, enrollee, dir, c, &one); err != nil {
				return fmt.Errorf("recording %s: %w", c.ID, err)
			}
		}
		told = append(told, one)
	}
	return b.Records("video", told, len(told))
}

// copied is a recording of a person, and the file of the bundle that shows it.
type copied struct {
	record.Recording
	File    string `json:"file,omitempty"`
	LeftOut string `json:"left_out,omitempty"` // why there is no file
}

func (x exporter) addClip(ctx context.Context, b *rights.Bundler, enrollee, dir string, c shownIn, told *copied) error {
	out := filepath.Join(dir, c.ID+".mp4")
	err := x.clip(ctx, c, enrollee, out)
	if errors.Is(err, enrol.ErrNoTemplate) {
		told.LeftOut = "the template was destroyed, so that you can no longer be told from others on the picture"
		return nil
	}
	if err != nil {
		return err
	}
	told.File = "video/" + c.Camera + "-" + c.Start.UTC().Format("2006-01-02T15-04-05Z") + "-" + c.ID + ".mp4"
	f, err := os.Open(out)
	if err != nil {
		return err
	}
	err = errors.Join(b.File(told.File, f), f.Close())
	return errors.Join(err, os.Remove(out))
}

func (x exporter) clip(ctx context.Context, c shownIn, enrollee, out string) error {
	eyes := x.e.eyes
	keep, err := enrol.NewKeepEnrolled(ctx, x.e.erasing.people.vault, c.scene, enrollee, eyes.embedder.Info().Digest, recordingID, time.Now)
	if err != nil {
		return err
	}
	j, err := match.NewJudge(match.JudgeConfig{
		Camera: recordingID, Leases: keep, Shelf: keep.Shelf(), Embedder: eyes.embedder,
		Calibration: match.Calibration0095(), Rules: match.DefaultRules(),
	})
	if err != nil {
		keep.Close()
		return err
	}
	w := newWho(j, keep, func() string { return "" }, func(event.Event) {}, x.e.log)
	w.keepLost = true
	k := &kept{keep, w}
	defer k.close()
	in := filepath.Join(x.e.cfg.Data, "recordings", c.Path)
	info, err := probe(ctx, in)
	if err != nil {
		return err
	}
	o := RedactOptions{In: in, Out: out, Style: "frost", Coverage: "head", Quality: 20, Quiet: true, JSON: true, Stdout: io.Discard, Stderr: io.Discard}
	return o.run(ctx, recordingConfig(frame.Size{W: info.Width, H: info.Height}), info, eyes, k, x.e.log)
}
