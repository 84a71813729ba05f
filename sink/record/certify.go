package record

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"bystander/sink"
)

// Tally is what the redactor counted on a run of pictures.
type Tally struct {
	Known                       bool   // false for files of an older form
	First, Last                 uint64 // numbers of the first and last picture
	Faces, Masked, Clear, Fault int64  // see sink.Tally; summed over the pictures
}

// count adds a picture. First is set by whoever begins the run.
func (t *Tally) count(p *sink.Packet) {
	t.Last = p.Seq
	t.Faces += int64(p.Tally.Faces)
	t.Masked += int64(p.Tally.Masked)
	t.Clear += int64(p.Tally.Clear)
	if p.Tally.Fault {
		t.Fault++
	}
}

// add adds the run that follows.
func (t *Tally) add(n Tally) {
	t.Known = t.Known && n.Known
	t.Last = n.Last
	t.Faces += n.Faces
	t.Masked += n.Masked
	t.Clear += n.Clear
	t.Fault += n.Fault
}

// Certifier makes the receipts of finished segments. It is called from the
// goroutines of streams and of Open, for one segment at a time each.
type Certifier interface {
	// Certify returns the receipt's bytes, which the recorder writes beside the
	// segment; nil means none. The recording is complete but for its row in the
	// index.
	Certify(rec *Recording) ([]byte, error)
	// Certified is told of a receipt that is on the disk, again if a crash came
	// soon after the first time. After a crash the bytes are as found.
	Certified(rec *Recording, receipt []byte)
}

// receiptSuffix goes behind a segment's name.
const receiptSuffix = ".receipt.json"

// certify writes the receipt of a segment that has its final name, before its
// row says that it is finished: a segment without one is then taken up again by
// settle. A receipt that is there already is left alone: it fits, or the file
// is not what it was.
func (r *Recorder) certify(rec *Recording) error {
	if r.cfg.Certifier == nil {
		return nil
	}
	path := filepath.Join(r.cfg.Dir, rec.Path) + receiptSuffix
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		b, err = r.cfg.Certifier.Certify(rec)
		if err != nil {
			// Trying again would not help, and recording goes on.
			r.cfg.Alarm(Alarm{Kind: AlarmReceipt, Camera: rec.Camera, Err: fmt.Errorf("record: receipt of %s: %w", rec.ID, err)})
			return nil
		}
		if b == nil {
			return nil
		}
		err = writeWhole(path, b)
	}
	if err != nil {
		return fmt.Errorf("record: receipt of %s: %w", rec.ID, err)
	}
	r.cfg.Certifier.Certified(rec, b)
	return nil
}

// writeWhole writes a file that is there as a whole or not at all, even after a
// power cut.
func writeWhole(path string, b []byte) error {
	tmp := path + partSuffix
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	if err := os.Rename(tmp, path); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return syncDir(filepath.Dir(path))
}

// removeReceipt removes what certify wrote, whole or not, if anything.
func removeReceipt(segment string) error {
	return removeEither(segment + receiptSuffix)
}

// Receipt returns the receipt of a finished recording. It fails with ErrUnknown
// when there is no such recording, or no receipt beside it, and with ErrOpen
// while the recording is being written.
func (r *Recorder) Receipt(ctx context.Context, id string) ([]byte, error) {
	rec, err := r.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if rec.Open {
		return nil, fmt.Errorf("%w: %q", ErrOpen, id)
	}
	b, err := os.ReadFile(filepath.Join(r.cfg.Dir, rec.Path) + receiptSuffix)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: the receipt of %q is gone: %w", ErrUnknown, id, err)
	}
	if err != nil {
		return nil, fmt.Errorf("record: receipt of %s: %w", id, err)
	}
	return b, nil
}
