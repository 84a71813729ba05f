package app

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"bystander/audit/receipt"
	"bystander/sink/record"
)

// VerifySegmentOptions say what is verified, and against which key.
type VerifySegmentOptions struct {
	Files []string
	Key   string // the edge's public key, PEM
	JSON  bool

	Stdout io.Writer
}

// errSegments reports segments that are not as they were recorded.
var errSegments = errors.New("not every segment is as it was recorded")

// What can be wrong with a segment; the values are stable.
const (
	faultFile      = "FILE_UNREADABLE"
	faultNoReceipt = "RECEIPT_MISSING"
	faultReceipt   = "RECEIPT_UNREADABLE"
	faultKey       = "WRONG_KEY"
	faultSignature = "RECEIPT_ALTERED"
	faultOther     = "RECEIPT_OF_ANOTHER_FILE"
	faultAltered   = "FILE_ALTERED"
	faultFrames    = "FRAMES_DIFFER"
	faultOpen      = "UNFINISHED"
	faultMark      = "MARK_ALTERED"
)

// segmentFault is one thing that does not fit.
type segmentFault struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// segmentVerdict is what was found of one file.
type segmentVerdict struct {
	File    string           `json:"file"`
	Intact  bool             `json:"intact"`
	Faults  []segmentFault   `json:"faults"`
	Notes   []string         `json:"notes"`
	Receipt *receipt.Receipt `json:"receipt,omitempty"`
}

func (v *segmentVerdict) fault(code, format string, args ...any) {
	v.Faults = append(v.Faults, segmentFault{code, fmt.Sprintf(format, args...)})
}

// VerifySegments checks each segment against the receipt beside it: signature,
// SHA-256 and number of pictures.
func VerifySegments(ctx context.Context, o VerifySegmentOptions) error {
	pub, err := readPublicKey(o.Key)
	if err != nil {
		return err
	}
	bad := 0
	for _, path := range o.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		v := verifySegment(path, pub)
		if !v.Intact {
			bad++
		}
		if err := v.tell(o.Stdout, o.JSON); err != nil {
			return err
		}
	}
	if bad > 0 {
		return fmt.Errorf("%w: %d of %d", errSegments, bad, len(o.Files))
	}
	return nil
}

// readPublicKey reads the Ed25519 key that signingKey left for verifiers.
func readPublicKey(path string) (ed25519.PublicKey, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: no public key at %s: name the edge's keys/edge.pub with --key, or its configuration with --config", ErrUsage, path)
	}
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, fmt.Errorf("%w: %s is no public key in PEM; the edge's lies in keys/edge.pub", ErrUsage, path)
	}
	k, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: keys: %s: %w", ErrUsage, path, err)
	}
	pub, ok := k.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: %s is no Ed25519 key", ErrUsage, path)
	}
	return pub, nil
}

// verifySegment never fails: what cannot be read does not fit.
func verifySegment(path string, pub ed25519.PublicKey) *segmentVerdict {
	v := &segmentVerdict{File: path, Faults: []segmentFault{}, Notes: []string{}}
	defer func() { v.Intact = len(v.Faults) == 0 }()
	f, err := os.Open(path)
	if err != nil {
		if _, e := os.Stat(path + ".part"); e == nil {
			v.fault(faultOpen, "the segment is still being written; its receipt comes when it is finished")
		} else {
			v.fault(faultFile, "%v", err)
		}
		return v
	}
	defer f.Close() //nolint:errcheck // only read
	v.readReceipt(path+receipt.Suffix, pub)
	if v.Receipt != nil {
		v.compare(f, pub)
	}
	return v
}

// unmarked is the segment in a file without the mark that an export put behind
// it; what the mark says is noted.
func (v *segmentVerdict) unmarked(f *os.File, size int64, pub ed25519.PublicKey) *io.SectionReader {
	whole := io.NewSectionReader(f, 0, size)
	at, payload, err := record.Trailer(f, size, receipt.MarkType, receipt.MaxMark)
	if err != nil || payload == nil {
		return whole // what is no sequence of boxes is told of below
	}
	m, err := receipt.OpenMark(payload, pub)
	switch {
	case err != nil:
		v.fault(faultMark, "the mark of the export was altered, or is not this edge's: %v", err)
	case m.Segment != v.Receipt.Output.SHA256 || m.Bytes != at:
		v.fault(faultMark, "the mark of the export belongs to another segment")
	default:
		v.Notes = append(v.Notes, fmt.Sprintf("exported by %s at %s for %s, export %s; before the mark it is as recorded",
			m.By, m.At.Format(time.RFC3339), m.Purpose, m.Export))
	}
	return io.NewSectionReader(f, 0, at)
}

// readReceipt sets v.Receipt when there is something to compare the file with,
// even if nobody can be held to it.
func (v *segmentVerdict) readReceipt(path string, pub ed25519.PublicKey) {
	b, err := readAtMost(path, receipt.MaxBytes)
	if errors.Is(err, fs.ErrNotExist) {
		v.fault(faultNoReceipt, "there is no receipt beside it (%s): nothing says what the file should be", filepath.Base(path))
		return
	}
	if err != nil {
		v.fault(faultReceipt, "%v", err)
		return
	}
	r, err := receipt.Parse(b)
	if err != nil {
		v.fault(faultReceipt, "%v", err)
		return
	}
	v.Receipt = r
	switch err := receipt.Verify(r, pub); {
	case errors.Is(err, receipt.ErrKey):
		v.fault(faultKey, "the receipt was not signed by this edge: %v", err)
	case err != nil:
		v.fault(faultSignature, "the receipt was altered after it was signed: %v", err)
	}
}

// readAtMost reads a small file, and one byte more than allowed of a large one.
func readAtMost(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	return io.ReadAll(io.LimitReader(f, most+1))
}

// compare checks what the receipt says of the file.
func (v *segmentVerdict) compare(file *os.File, pub ed25519.PublicKey) {
	st, err := file.Stat()
	if err != nil {
		v.fault(faultFile, "%v", err)
		return
	}
	f := v.unmarked(file, st.Size(), pub)
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		v.fault(faultFile, "%v", err)
		return
	}
	r, sum := v.Receipt, hex.EncodeToString(h.Sum(nil))
	in, err := record.Inspect(f, f.Size())
	if err != nil && !errors.Is(err, record.ErrNotSegment) {
		v.fault(faultFile, "%v", err)
		return
	}
	same := sum == r.Output.SHA256 && f.Size() == r.Output.Bytes
	switch {
	case same:
	case err == nil && otherSegment(in, r):
		v.fault(faultOther, "the receipt is of another segment (%s, %d pictures from %s); this file begins at %s",
			r.Output.File, r.Frames.Count, r.Frames.Start.Format(time.RFC3339Nano), in.Start.Format(time.RFC3339Nano))
	case f.Size() != r.Output.Bytes:
		v.fault(faultAltered, "the file has %d bytes, and had %d when it was finished", f.Size(), r.Output.Bytes)
	default:
		v.fault(faultAltered, "the file's content is not what it was when it was finished (SHA-256 %s, not %s)", sum, r.Output.SHA256)
	}
	if err != nil {
		v.fault(faultFrames, "no pictures can be counted: %v", err)
		return
	}
	if in.Frames != r.Frames.Count || !in.Whole {
		v.fault(faultFrames, "the file holds %d whole pictures, the receipt says %d", in.Frames, r.Frames.Count)
	}
	if name := filepath.Base(v.File); name != r.Output.File {
		v.Notes = append(v.Notes, "the file was called "+r.Output.File)
	}
	if r.Restored {
		v.Notes = append(v.Notes, "the segment was finished after an interruption; the receipt speaks for what was then on the disk")
	}
}

// otherSegment tells by the file's own notes, if any of them is whole, that it
// cannot be the one that the receipt is of.
func otherSegment(in record.Inspection, r *receipt.Receipt) bool {
	if in.Noted == 0 {
		return false
	}
	return !in.Start.Truncate(time.Millisecond).Equal(r.Frames.Start) ||
		in.Tally.Known && int64(in.Tally.First) != r.Frames.First
}

func (v *segmentVerdict) tell(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(v)
	}
	if !v.Intact {
		if _, err := fmt.Fprintf(out, "%s: DOES NOT FIT\n", v.File); err != nil {
			return err
		}
		for _, f := range v.Faults {
			if _, err := fmt.Fprintf(out, "  %s: %s\n", f.Code, f.Text); err != nil {
				return err
			}
		}
	} else {
		r := v.Receipt
		if _, err := fmt.Fprintf(out, "%s: as recorded: camera %s, %s to %s, %d pictures (%d fully masked), %d faces masked, %d clear, signed by %s\n",
			v.File, r.Stream.Camera, r.Frames.Start.Format(time.RFC3339), r.Frames.End.Format(time.RFC3339), r.Frames.Count,
			r.Frames.FullMask, r.Faces.Masked, r.Faces.Clear, r.Edge); err != nil {
			return err
		}
	}
	for _, n := range v.Notes {
		if _, err := fmt.Fprintf(out, "  note: %s\n", n); err != nil {
			return err
		}
	}
	return nil
}
