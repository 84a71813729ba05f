package match

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"bystander/internal/event"
)

// ErrLent reports records of lent templates that are not understood.
var ErrLent = errors.New("match: lent templates")

// MaxLent bounds the templates of a scene that are lent at a time.
const MaxLent = 100_000

// Records of lent templates: a kind, then what it says. A scene's key comes
// first, and once.
const (
	recordKey      = 'k' // key
	recordTemplate = 't' // ref, subject key, template, and the enrollee's id up to the end

	maxEnrollee = 128
	lentBytes   = SubjectKeyBytes + TemplateBytes
)

// KeyRecord is the record of a scene's key, appended to dst.
func KeyRecord(dst, key []byte) []byte { return append(append(dst, recordKey), key...) }

// TemplateRecord is the record of a template, appended to dst. The caller wipes
// it.
func TemplateRecord(dst []byte, t StoredTemplate) []byte {
	dst = append(append(dst, recordTemplate), t.Ref[:]...)
	return append(append(append(dst, t.SubjectKey...), t.Blob...), t.Enrollee...)
}

// Root is what identifies a gallery of these templates (Gallery.Root); only ids
// and refs matter.
func Root(scene, model string, held []StoredTemplate) event.Digest {
	g := Gallery{scene: scene, model: model}
	for i := range held {
		g.entries = append(g.entries, entry{held[i].Enrollee, held[i].Ref})
	}
	slices.SortFunc(g.entries, compareEntries)
	return g.digest()
}

// Lent holds the templates of one scene that somebody else keeps, in locked
// memory, on their way into a gallery. It belongs to one goroutine.
type Lent struct {
	scene, model string
	mem          *locked // the scene's key, then subject key and template of each
	held         []entry
	room         int
	keyed        bool
}

var _ Templates = (*Lent)(nil)

// NewLent makes room for so many templates of a scene, made by the model with
// the digest (hex). The caller closes it.
func NewLent(scene, model string, room int) (*Lent, error) {
	if room < 0 || room > MaxLent {
		return nil, fmt.Errorf("%w: %d of one scene, at most %d", ErrLent, room, MaxLent)
	}
	mem, err := newLocked(SceneKeyBytes + room*lentBytes)
	if err != nil {
		return nil, err
	}
	return &Lent{scene: scene, model: model, mem: mem, room: room}, nil
}

// Take reads a record, of which nothing is kept outside locked memory but ids.
func (l *Lent) Take(record []byte) error {
	if len(record) == 0 {
		return fmt.Errorf("%w: an empty record", ErrLent)
	}
	switch kind, b := record[0], record[1:]; kind {
	case recordKey:
		if l.keyed || len(b) != SceneKeyBytes {
			return fmt.Errorf("%w: the scene's key, twice or of %d bytes", ErrLent, len(b))
		}
		l.keyed = true
		copy(l.mem.b, b)
		return nil
	case recordTemplate:
		return l.template(b)
	default:
		return fmt.Errorf("%w: a record of kind %d", ErrLent, kind)
	}
}

func (l *Lent) template(b []byte) error {
	var e entry
	id := len(e.ref) + lentBytes
	switch {
	case !l.keyed:
		return fmt.Errorf("%w: the scene's key should come first", ErrLent)
	case len(l.held) == l.room:
		return fmt.Errorf("%w: more than the %d that were told of", ErrLent, l.room)
	case len(b) <= id || len(b) > id+maxEnrollee || !utf8.Valid(b[id:]):
		return fmt.Errorf("%w: a template's record of %d bytes", ErrLent, len(b))
	}
	copy(e.ref[:], b)
	e.enrollee = string(b[id:])
	copy(l.at(len(l.held)), b[len(e.ref):id])
	l.held = append(l.held, e)
	return nil
}

// at is where the i-th template's subject key and template lie.
func (l *Lent) at(i int) []byte {
	from := SceneKeyBytes + i*lentBytes
	return l.mem.b[from : from+lentBytes]
}

// SceneKey implements Templates.
func (l *Lent) SceneKey(_ context.Context, scene string) ([]byte, error) {
	if scene != l.scene || !l.keyed {
		return nil, fmt.Errorf("%w: no key of scene %q", ErrLent, scene)
	}
	return slices.Clone(l.mem.b[:SceneKeyBytes]), nil
}

// Each implements Templates.
func (l *Lent) Each(_ context.Context, scene, model string, f func(StoredTemplate) error) error {
	if scene != l.scene || model != l.model {
		return fmt.Errorf("%w: not of scene %q and that model", ErrLent, scene)
	}
	for i, e := range l.held {
		b := l.at(i)
		if err := f(StoredTemplate{Enrollee: e.enrollee, Ref: e.ref, SubjectKey: b[:SubjectKeyBytes], Blob: b[SubjectKeyBytes:]}); err != nil {
			return err
		}
	}
	return nil
}

// Close wipes everything.
func (l *Lent) Close() { l.mem.free(); l.held, l.keyed = nil, false }

// Drop wipes one scene's gallery and forgets it. It returns how many templates
// there were.
func (s *Shelf) Drop(scene string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.by[scene]; g != nil {
		n = g.Size()
		g.Close()
		delete(s.by, scene)
	}
	return n
}
