package match

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"bystander/internal/event"
	"bystander/internal/registers"
	"bystander/match/search"
)

// SubjectKeyBytes is the length of the key that an enrollee's pseudonyms are
// derived from.
const SubjectKeyBytes = 32

// StoredTemplate is one template as the vault hands it out, in the clear. Its
// slices are valid during the call only and wiped after it.
type StoredTemplate struct {
	Enrollee   string
	Ref        event.Digest
	Blob       []byte // TemplateBytes, in the form of the scene's Protector
	SubjectKey []byte // SubjectKeyBytes
}

// Templates is where galleries are loaded from; match/vault has one.
type Templates interface {
	// SceneKey returns the scene's key, making it at first use.
	SceneKey(ctx context.Context, scene string) ([]byte, error)
	// Each calls f for every active template of the scene made by the model
	// with the given digest (hex).
	Each(ctx context.Context, scene, model string, f func(StoredTemplate) error) error
}

// Gallery holds one scene's templates in locked memory. It is read-only after
// loading and safe for concurrent use until Close.
type Gallery struct {
	scene   string
	model   string
	prot    *Protector
	mem     *locked // the index, then subject keys
	index   *search.Index
	keys    []byte
	entries []entry // sorted by enrollee, then ref
	groups  []int32 // by row: whose it is, in the order of entries
	root    event.Digest
}

type entry struct {
	enrollee string
	ref      event.Digest
}

// LoadGallery reads the templates of one scene for one model.
func LoadGallery(ctx context.Context, src Templates, scene, model string) (*Gallery, error) {
	key, err := src.SceneKey(ctx, scene)
	if err != nil {
		return nil, fmt.Errorf("match: gallery: %w", err)
	}
	defer clear(key)
	g := &Gallery{scene: scene, model: model, mem: &locked{}}
	if g.prot, err = NewProtector(key); err != nil {
		return nil, err
	}
	// Two passes: the first counts and orders, so that templates are decrypted
	// straight into their place in locked memory.
	err = src.Each(ctx, scene, model, func(t StoredTemplate) error {
		g.entries = append(g.entries, entry{t.Enrollee, t.Ref})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("match: gallery: %w", err)
	}
	slices.SortFunc(g.entries, compareEntries)
	n := len(g.entries)
	if g.mem, err = newLocked(search.Bytes(n) + n*SubjectKeyBytes); err != nil {
		return nil, err
	}
	if g.index, err = search.New(g.mem.b, n); err != nil {
		g.mem.free()
		return nil, fmt.Errorf("match: gallery: %w", err)
	}
	g.keys = g.mem.b[min(search.Bytes(n), len(g.mem.b)):]
	g.groups = groupsOf(g.entries)
	if err := g.fill(ctx, src); err != nil {
		g.Close()
		return nil, fmt.Errorf("match: gallery: %w", err)
	}
	g.root = g.digest()
	return g, nil
}

// groupsOf numbers the people of the entries, which are sorted by them.
func groupsOf(list []entry) []int32 {
	out := make([]int32, len(list))
	for i := 1; i < len(list); i++ {
		out[i] = out[i-1]
		if list[i].enrollee != list[i-1].enrollee {
			out[i]++
		}
	}
	return out
}

func compareEntries(a, b entry) int {
	if c := strings.Compare(a.enrollee, b.enrollee); c != 0 {
		return c
	}
	return slices.Compare(a.ref[:], b.ref[:])
}

func (g *Gallery) fill(ctx context.Context, src Templates) error {
	filled := 0
	err := src.Each(ctx, g.scene, g.model, func(t StoredTemplate) error {
		i, ok := slices.BinarySearchFunc(g.entries, entry{t.Enrollee, t.Ref}, compareEntries)
		if !ok {
			return nil // came in between; the next load has it
		}
		if len(t.SubjectKey) != SubjectKeyBytes {
			return fmt.Errorf("%w: a subject key of %d bytes", ErrConfig, len(t.SubjectKey))
		}
		filled++
		copy(g.keys[i*SubjectKeyBytes:], t.SubjectKey)
		if err := parseTemplate(g.index.Row(i), t.Blob); err != nil {
			return err
		}
		g.index.Seal(i)
		return nil
	})
	if err == nil && filled != len(g.entries) {
		err = fmt.Errorf("%w: it changed while it was read; load it again", ErrConfig)
	}
	return err
}

// digest is the root that events name: SHA-256 over scene, model and the
// templates' refs in order, each length first.
func (g *Gallery) digest() event.Digest {
	h := sha256.New()
	put := func(b []byte) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(b))))
		h.Write(b)
	}
	put([]byte("bystander gallery v1"))
	put([]byte(g.scene))
	put([]byte(g.model))
	for _, e := range g.entries {
		put(e.ref[:])
	}
	var d event.Digest
	h.Sum(d[:0])
	return d
}

// Scene is the scene the gallery serves.
func (g *Gallery) Scene() string { return g.scene }

// Model is the digest of the model that made its templates, in hex.
func (g *Gallery) Model() string { return g.model }

// Size is the number of templates.
func (g *Gallery) Size() int { return len(g.entries) }

// Root identifies the content: which templates, for which scene and model.
func (g *Gallery) Root() event.Digest { return g.root }

// Close wipes the templates. Nothing of the gallery may be used afterwards.
func (g *Gallery) Close() { g.mem.free(); g.index, g.keys = nil, nil }

// span returns the rows of an enrollee.
func (g *Gallery) span(enrollee string) (from, to int) {
	from, _ = slices.BinarySearchFunc(g.entries, enrollee, func(e entry, id string) int { return strings.Compare(e.enrollee, id) })
	for to = from; to < len(g.entries) && g.entries[to].enrollee == enrollee; to++ {
	}
	return from, to
}

// Has reports whether the enrollee has a template here.
func (g *Gallery) Has(enrollee string) bool { a, b := g.span(enrollee); return b > a }

// hit is the outcome of one search.
type hit struct {
	enrollee string
	ref      event.Digest
	score    float32 // of the best candidate
	second   float32 // of the next best other candidate; −1 when there is none
	compared int     // templates looked at
}

// spans returns the rows of the candidates, to be searched by. Neighbours are
// joined, so that a gallery of candidates alone is one span. The list of
// candidates is sorted when it comes from a snapshot; when it is not, the spans
// are not either, which the search does not mind.
func (g *Gallery) spans(candidates []string, into []search.Span) []search.Span {
	into = into[:0]
	next := 0 // most often the candidate follows the last one
	for _, id := range candidates {
		from, to := next, next
		if next < len(g.entries) && g.entries[next].enrollee == id {
			for to < len(g.entries) && g.entries[to].enrollee == id {
				to++
			}
		} else {
			from, to = g.span(id)
		}
		switch last := len(into) - 1; {
		case from == to:
			continue
		case last >= 0 && into[last].To == from:
			into[last].To = to
		default:
			into = append(into, search.Span{From: from, To: to})
		}
		next = to
	}
	return into
}

// search compares the probe with the rows of the spans and no others, exactly.
// q is room to work in, wiped afterwards: on a stack, which may move, a copy of
// the embedding could stay behind.
func (g *Gallery) search(p *Probe, spans []search.Span, q *scratch) hit {
	var r search.Result
	q.use(func() {
		g.prot.apply(&q.query.V, &p.v, &q.tmp)
		r = g.index.Best(&q.query, g.groups, spans)
	})
	h := hit{score: r.Score, second: r.Second, compared: r.Compared}
	if r.Row >= 0 {
		h.enrollee, h.ref = g.entries[r.Row].enrollee, g.entries[r.Row].ref
	}
	return h
}

// scratch is where a search keeps the probe in the form of the scene. It lies
// on the heap and belongs to one goroutine.
type scratch struct {
	query search.Query
	tmp   [Dim]float32
}

// use runs f and leaves nothing of what it computed, neither here nor in the
// processor's registers.
func (s *scratch) use(f func()) {
	registers.Shield(func() {
		defer clear(s.tmp[:])
		defer s.query.Wipe()
		f()
	})
}

// SubjectRef is the enrollee's pseudonym in the gallery's scene on the day of
// at (UTC): HMAC-SHA-256 under the subject's own key, so that it cannot be
// linked across days or scenes without that key, and not at all once the key
// is destroyed. It is zero for somebody without a template here.
func (g *Gallery) SubjectRef(enrollee string, at time.Time) event.Digest {
	i, to := g.span(enrollee)
	if i == to {
		return event.Digest{}
	}
	return SubjectRef(g.keys[i*SubjectKeyBytes:(i+1)*SubjectKeyBytes], g.scene, at)
}
