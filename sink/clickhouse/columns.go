package clickhouse

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"bystander/internal/event"
)

// row is what one row is read into; finish makes the event of it.
type row struct {
	arrived int64
	ev      event.Event

	quality, kind      string
	ms                 int64
	payload, salt, sig string
	keys, values       []string
}

func (r *row) finish(legacy bool) event.Event {
	e := &r.ev
	e.TSQuality, e.Kind = event.TSQuality(r.quality), event.Kind(r.kind)
	if legacy {
		e.TS = time.UnixMilli(r.ms)
		for i, k := range r.keys {
			if e.Detail == nil {
				e.Detail = make(map[string]string, len(r.keys))
			}
			e.Detail[k] = r.values[i]
		}
	}
	e.TS = e.TS.UTC()
	if len(e.Detail) == 0 {
		e.Detail = nil
	}
	e.PayloadEnc, e.Salt, e.NodeSig = bytesOf(r.payload), bytesOf(r.salt), bytesOf(r.sig)
	return *e
}

func bytesOf(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}

// writable is one column of a batch of events.
type writable interface {
	name() string
	wire() string // the type on the way to the server
	send(to driver.BatchColumn, evs []*event.Event) error
	dest(r *row) any
}

// col is a column of Go type T. Its buffer is kept from batch to batch; what it
// points to is the events' own memory, so nothing is copied until the driver
// encodes it.
type col[T any] struct {
	named string
	typed string
	get   func(*event.Event) T
	into  func(*row) any
	buf   []T
}

func (c *col[T]) name() string    { return c.named }
func (c *col[T]) wire() string    { return c.typed }
func (c *col[T]) dest(r *row) any { return c.into(r) }

func (c *col[T]) send(to driver.BatchColumn, evs []*event.Event) error {
	c.buf = slices.Grow(c.buf[:0], len(evs))
	for _, e := range evs {
		c.buf = append(c.buf, c.get(e))
	}
	err := to.Append(c.buf)
	clear(c.buf) // keeps no event alive
	return err
}

func text(name string, ref func(*event.Event) *string) writable {
	return &col[string]{
		named: name, typed: "String",
		get:  func(e *event.Event) string { return *ref(e) },
		into: func(r *row) any { return ref(&r.ev) },
	}
}

func digest(name string, ref func(*event.Event) *event.Digest) writable {
	return &col[[]byte]{
		named: name, typed: "FixedString(32)",
		get:  func(e *event.Event) []byte { return ref(e)[:] },
		into: func(r *row) any { return (*[32]byte)(ref(&r.ev)) },
	}
}

func u32(name string, ref func(*event.Event) *uint32) writable {
	return &col[uint32]{
		named: name, typed: "UInt32",
		get:  func(e *event.Event) uint32 { return *ref(e) },
		into: func(r *row) any { return ref(&r.ev) },
	}
}

func u64(name string, ref func(*event.Event) *uint64) writable {
	return &col[uint64]{
		named: name, typed: "UInt64",
		get:  func(e *event.Event) uint64 { return *ref(e) },
		into: func(r *row) any { return ref(&r.ev) },
	}
}

func f32(name string, ref func(*event.Event) *float32) writable {
	return &col[float32]{
		named: name, typed: "Float32",
		get:  func(e *event.Event) float32 { return *ref(e) },
		into: func(r *row) any { return ref(&r.ev) },
	}
}

func raw(name, typ string, get func(*event.Event) []byte, into func(*row) *string) writable {
	return &col[[]byte]{named: name, typed: typ, get: get, into: func(r *row) any { return into(r) }}
}

// columns lists the columns of table events, but for arrived, in the order of
// event.Fields; a test holds the two together.
func columns(legacy bool) []writable {
	ts := writable(&col[int64]{
		named: "ts", typed: "DateTime64(3, 'UTC')",
		get:  func(e *event.Event) int64 { return e.TS.UnixMilli() },
		into: func(r *row) any { return &r.ev.TS },
	})
	detail := []writable{&col[map[string]string]{
		named: "detail", typed: "Map(String, String)",
		get:  func(e *event.Event) map[string]string { return e.Detail },
		into: func(r *row) any { return &r.ev.Detail },
	}}
	if legacy {
		ts, detail = legacyTime(), legacyDetail()
	}
	return slices.Concat([]writable{
		text("event_id", func(e *event.Event) *string { return &e.ID }).(*col[string]).as("UUID"),
		ts,
		&col[string]{named: "ts_quality", typed: "String", get: func(e *event.Event) string { return string(e.TSQuality) }, into: func(r *row) any { return &r.quality }},
		&col[string]{named: "kind", typed: "String", get: func(e *event.Event) string { return string(e.Kind) }, into: func(r *row) any { return &r.kind }},
		text("site_id", func(e *event.Event) *string { return &e.SiteID }),
		text("camera_id", func(e *event.Event) *string { return &e.CameraID }),
		text("scene_id", func(e *event.Event) *string { return &e.SceneID }),
		text("zone_id", func(e *event.Event) *string { return &e.ZoneID }),
		u32("zone_version", func(e *event.Event) *uint32 { return &e.ZoneVersion }),
		digest("sign_set_hash", func(e *event.Event) *event.Digest { return &e.SignSetHash }),
		text("inspection_id", func(e *event.Event) *string { return &e.InspectionID }),
		u64("policy_version", func(e *event.Event) *uint64 { return &e.PolicyVersion }),
		text("notice_version", func(e *event.Event) *string { return &e.NoticeVersion }),
		text("assessment_id", func(e *event.Event) *string { return &e.AssessmentID }),
		text("gate_mode", func(e *event.Event) *string { return &e.GateMode }),
		u32("gate_bits", func(e *event.Event) *uint32 { return &e.GateBits }),
		digest("subject_ref", func(e *event.Event) *event.Digest { return &e.SubjectRef }),
		digest("consent_ref", func(e *event.Event) *event.Digest { return &e.ConsentRef }),
		u32("consent_version", func(e *event.Event) *uint32 { return &e.ConsentVersion }),
		digest("gallery_root", func(e *event.Event) *event.Digest { return &e.GalleryRoot }),
		u32("gallery_size", func(e *event.Event) *uint32 { return &e.GallerySize }),
		digest("template_ref", func(e *event.Event) *event.Digest { return &e.TemplateRef }),
		digest("model_digest", func(e *event.Event) *event.Digest { return &e.ModelDigest }),
		f32("score", func(e *event.Event) *float32 { return &e.Score }),
		f32("threshold", func(e *event.Event) *float32 { return &e.Threshold }),
		f32("margin", func(e *event.Event) *float32 { return &e.Margin }),
		f32("quality", func(e *event.Event) *float32 { return &e.Quality }),
		text("pad", func(e *event.Event) *string { return &e.PAD }),
		text("ref_event", func(e *event.Event) *string { return &e.RefEvent }),
		digest("reviewer_ref", func(e *event.Event) *event.Digest { return &e.ReviewerRef }),
		text("verdict", func(e *event.Event) *string { return &e.Verdict }),
		text("receipt_id", func(e *event.Event) *string { return &e.ReceiptID }),
		raw("payload_enc", "String", func(e *event.Event) []byte { return e.PayloadEnc }, func(r *row) *string { return &r.payload }),
		text("dek_id", func(e *event.Event) *string { return &e.DEKID }),
		raw("salt", "FixedString(16)", func(e *event.Event) []byte { return e.Salt }, func(r *row) *string { return &r.salt }),
	}, detail, []writable{
		text("chain_id", func(e *event.Event) *string { return &e.ChainID }),
		u64("seq", func(e *event.Event) *uint64 { return &e.Seq }),
		digest("prev_hash", func(e *event.Event) *event.Digest { return &e.PrevHash }),
		digest("row_hash", func(e *event.Event) *event.Digest { return &e.RowHash }),
		raw("node_sig", "FixedString(64)", func(e *event.Event) []byte { return e.NodeSig }, func(r *row) *string { return &r.sig }),
	})
}

func (c *col[T]) as(typ string) *col[T] {
	c.typed = typ
	return c
}

func names(cols []writable) string {
	out := make([]string, len(cols))
	for i, c := range cols {
		out[i] = c.name()
	}
	return strings.Join(out, ", ")
}

// wireTypes are what the driver encodes each column as. Text goes as plain
// String: the server makes its dictionaries faster than the driver.
func wireTypes(cols []writable) []ch.ColumnNameAndType {
	out := make([]ch.ColumnNameAndType, 0, len(cols)+1)
	for _, c := range cols {
		out = append(out, ch.ColumnNameAndType{Name: c.name(), Type: c.wire()})
	}
	return append(out, ch.ColumnNameAndType{Name: "arrived", Type: "Int64"})
}

// sortedDetail gives a map's keys and values in one order.
func sortedDetail(m map[string]string) (keys, values []string) {
	keys = slices.Sorted(maps.Keys(m))
	values = make([]string, len(keys))
	for i, k := range keys {
		values[i] = m[k]
	}
	return keys, values
}

// checkSealed refuses what the columns could not give back exactly.
func checkSealed(e *event.Event) error {
	switch {
	case e.ChainID == "" || e.Seq == 0 || e.ID == "" || e.TS.IsZero() || e.RowHash.IsZero():
		return fmt.Errorf("clickhouse: %w: event %q has not been sealed", event.ErrInvalid, e.ID)
	case len(e.Salt) != event.SaltSize || len(e.NodeSig) != 64:
		return fmt.Errorf("clickhouse: %w: event %q: salt of %d bytes, signature of %d", event.ErrInvalid, e.ID, len(e.Salt), len(e.NodeSig))
	case !canonicalUUID(e.ID):
		return fmt.Errorf("clickhouse: %w: event id %q is not a UUID in lower case", event.ErrInvalid, e.ID)
	}
	return nil
}

func canonicalUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case (c < '0' || c > '9') && (c < 'a' || c > 'f'):
			return false
		}
	}
	return true
}
