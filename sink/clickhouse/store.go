// Package clickhouse is the event store for more than one machine: the schema in
// deploy/clickhouse on ClickHouse 24.8 or newer, written in large batches and
// read back exactly. It keeps the same contract as the embedded store
// (sink/sqlite); one suite, sink/sinktest, holds both to it.
//
// An event that arrives again is harmless by three means: what this process has
// stored is remembered and passed over; a batch offered again whole is known to
// the server by its token; and what is written twice all the same collapses, as
// every table names its rows by (chain_id, seq). Reading asks for the collapsed
// rows, so that answers are right before the server has merged.
package clickhouse

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"bystander/internal/event"
)

// Config says how a server is reached.
type Config struct {
	Addrs    []string // host:port; one is used, others are tried when it fails
	HTTP     bool     // the HTTP interface instead of native TCP
	User     string
	Password string
	TLS      *tls.Config   // nil for none
	Timeout  time.Duration // of one answer; 5 minutes
	Conns    int           // at most; 4
}

// Dial returns a connection pool, made when first needed. The caller closes it.
func Dial(c Config) (driver.Conn, error) {
	proto := ch.Native
	if c.HTTP {
		proto = ch.HTTP
	}
	conn, err := ch.Open(&ch.Options{
		Protocol: proto, Addr: c.Addrs, TLS: c.TLS,
		Auth:        ch.Auth{Username: c.User, Password: c.Password},
		DialTimeout: 5 * time.Second, ReadTimeout: cmp.Or(c.Timeout, 5*time.Minute),
		MaxOpenConns: cmp.Or(c.Conns, 4), MaxIdleConns: 2, ConnMaxLifetime: time.Hour,
		Compression: &ch.Compression{Method: ch.CompressionLZ4},
	})
	if err != nil {
		return nil, fmt.Errorf("clickhouse: open: %w", err)
	}
	return conn, nil
}

// Options say how a store works. The zero value of a field means its default.
type Options struct {
	Variant Variant
	// Verified promises that every event offered has been checked against its
	// hash; Append then does not do so again. The writer sets it.
	Verified bool
	Now      func() time.Time
	// Stored is told, after the write, of events that were not there before, in
	// order. It must not block; the slice is the caller's.
	Stored func([]event.Event)
	// Legacy is for tests alone; see legacy.go.
	Legacy bool
}

// Store is an event store. It is safe for concurrent use and implements
// sink.EventSink.
type Store struct {
	conn driver.Conn
	o    Options
	v    Variant
	cols []writable
	list string // names of cols
	sql  string // of the insert

	mu      sync.Mutex // held through each Append
	marks   map[string]*mark
	arrived int64
	buf     []int64
	closed  bool
	salt    string // of the batches' tokens

	ages   sync.Mutex
	up     uint32    // the server's age in seconds when last asked
	began  time.Time // when it was started, as that says,
	starts int       // and how often that has changed
}

// mark is what this process knows of one chain.
type mark struct {
	top  uint64 // no number above it was stored when last asked
	done ranges // stored whole by this process
}

// Open returns a store over conn, which it does not close. It fails with
// ErrOlder, ErrNewer or ErrAltered unless Migrate has made the schema that this
// program needs.
func Open(ctx context.Context, conn driver.Conn, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := o.Variant.check(); err != nil {
		return nil, err
	}
	if !o.Legacy {
		if err := Current(ctx, conn, o.Variant); err != nil {
			return nil, err
		}
	}
	s := &Store{conn: conn, o: o, v: o.Variant, cols: columns(o.Legacy), marks: map[string]*mark{}}
	s.list = names(s.cols)
	s.sql = "INSERT INTO " + s.v.name("events") + " (" + s.list + ", arrived)"
	return s, nil
}

// Close makes the store refuse further events. It leaves the connection open.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

// Refresh forgets what this process believes to be stored, and has the server
// not pass over a batch for one that came before. The writer calls it when it is
// given a chain that another may have written meanwhile, and when the store may
// have lost what it had: the server goes by a batch's token alone, also when the
// part that it became is gone.
func (s *Store) Refresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.marks)
	s.salt = rand.Text()
}

// Append stores sealed events and returns once the server has them, derived
// tables included. What is stored already, or was and has been disposed of, is
// passed over. It fails with ErrConflict, event.ErrInvalid, event.ErrHash and
// the server's errors; the caller then offers the same events again. A conflict
// is found by comparing with the skeleton before writing; one that another
// process writes at that very moment is found later, for both contents stay.
func (s *Store) Append(ctx context.Context, events []event.Event) error {
	return s.AppendRefs(ctx, event.Refs(events))
}

// AppendRefs is Append of events that lie anywhere. It keeps neither the slice
// nor what it points to.
func (s *Store) AppendRefs(ctx context.Context, events []*event.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	byChain, err := s.sortOut(events)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	var write, fresh []*event.Event
	for _, id := range slices.Sorted(mapKeys(byChain)) {
		w, f, err := s.needed(ctx, id, byChain[id])
		if err != nil {
			return err
		}
		write, fresh = extend(write, w), extend(fresh, f)
	}
	if len(write) == 0 {
		return nil
	}
	if err := s.insert(ctx, write); err != nil {
		return err
	}
	var m *mark
	for i, e := range write {
		if i == 0 || e.ChainID != write[i-1].ChainID {
			m = s.marks[e.ChainID]
		}
		m.top = max(m.top, e.Seq)
		m.done.add(e.Seq)
	}
	if s.o.Stored != nil && len(fresh) > 0 {
		told := make([]event.Event, len(fresh))
		for i, e := range fresh {
			told[i] = *e
		}
		s.o.Stored(told)
	}
	return nil
}

// sortOut checks events and gives those of each chain, in order, once each.
// Events that come in that form already, as the writer's do, are not copied.
func (s *Store) sortOut(events []*event.Event) (map[string][]*event.Event, error) {
	for _, e := range events {
		if err := checkSealed(e); err != nil {
			return nil, err
		}
		if !s.o.Verified {
			if h, err := e.Hash(); err != nil || h != e.RowHash {
				return nil, fmt.Errorf("clickhouse: %w: %s/%d", cmp.Or(err, event.ErrHash), e.ChainID, e.Seq)
			}
		}
	}
	if out := runs(events); out != nil {
		return out, nil
	}
	out := map[string][]*event.Event{}
	for _, e := range events {
		out[e.ChainID] = append(out[e.ChainID], e)
	}
	for id, evs := range out {
		slices.SortStableFunc(evs, bySeq)
		for i := 1; i < len(evs); i++ {
			if evs[i].Seq == evs[i-1].Seq && evs[i].RowHash != evs[i-1].RowHash {
				return nil, fmt.Errorf("%w: %s/%d, twice in one batch", ErrConflict, id, evs[i].Seq)
			}
		}
		out[id] = slices.CompactFunc(evs, func(a, b *event.Event) bool { return a.Seq == b.Seq })
	}
	return out, nil
}

// runs cuts events by chain if each chain's stand together in ascending order,
// and returns nil otherwise.
func runs(events []*event.Event) map[string][]*event.Event {
	out := map[string][]*event.Event{}
	for from := 0; from < len(events); {
		to := from + 1
		for to < len(events) && events[to].ChainID == events[from].ChainID && events[to].Seq > events[to-1].Seq {
			to++
		}
		id := events[from].ChainID
		if out[id] != nil {
			return nil
		}
		out[id] = events[from:to:to]
		from = to
	}
	return out
}

// extend appends b to a without copying when a is empty. Both are read only.
func extend(a, b []*event.Event) []*event.Event {
	if len(a) == 0 {
		return b[:len(b):len(b)]
	}
	return append(a, b...)
}

func bySeq(a, b *event.Event) int { return cmp.Compare(a.Seq, b.Seq) }

// needed returns which of a chain's events have to be written, and which of
// these were never stored before. An event that the server has, but that this
// process did not store itself, is written again: the one who did may have been
// cut off before the derived tables had theirs.
func (s *Store) needed(ctx context.Context, chain string, evs []*event.Event) (write, fresh []*event.Event, err error) {
	m := s.marks[chain]
	if m == nil {
		top, err := s.top(ctx, chain)
		if err != nil {
			return nil, nil, err
		}
		m = &mark{top: top}
		s.marks[chain] = m
	}
	n, _ := slices.BinarySearchFunc(evs, m.top+1, func(e *event.Event, seq uint64) int { return cmp.Compare(e.Seq, seq) })
	if n == 0 {
		return evs, evs, nil
	}
	known, err := s.known(ctx, chain, evs[:n])
	if err != nil {
		return nil, nil, err
	}
	for _, e := range evs[:n] {
		k, there := known.hash[e.Seq]
		switch {
		case there && k != e.RowHash:
			return nil, nil, fmt.Errorf("%w: %s/%d (%s)", ErrConflict, chain, e.Seq, e.ID)
		case e.Seq <= known.floor, known.gone[e.Seq], there && s.expired(e):
		case there && m.done.has(e.Seq):
		case there:
			write = append(write, e)
		default:
			write, fresh = append(write, e), append(fresh, e)
		}
	}
	return extend(write, evs[n:]), extend(fresh, evs[n:]), nil
}

func (s *Store) expired(e *event.Event) bool { return e.TS.Before(s.keptFrom()) }

// keptFrom is the time before which events have outlived their rule.
func (s *Store) keptFrom() time.Time { return s.o.Now().AddDate(0, 0, -s.v.days("events")) }

// insert writes one batch. Its token is the hash of its events' hashes, so that
// the same batch offered again after a lost answer is known to the server.
func (s *Store) insert(ctx context.Context, evs []*event.Event) error {
	set := ch.Settings{}
	if !s.o.Legacy {
		set["insert_deduplicate"] = 1
		set["insert_deduplication_token"] = s.salt + token(evs)
		set["deduplicate_blocks_in_dependent_materialized_views"] = 1
		set["async_insert"] = 0
		// A batch names no row twice, so collapsing it while it is written finds
		// nothing, and costs the server more than all the rest of an insert.
		set["optimize_on_insert"] = 0
		set["max_partitions_per_insert_block"] = 0 // a broken clock must not stop the rest
		set["low_cardinality_allow_in_native_format"] = 0
		if s.v.Cluster != "" {
			set["distributed_foreground_insert"] = 1
			set["insert_quorum"] = "auto"
		}
	}
	opts := []ch.QueryOption{ch.WithSettings(set)}
	if !s.o.Legacy {
		opts = append(opts, ch.WithColumnNamesAndTypes(wireTypes(s.cols)))
	}
	b, err := s.conn.PrepareBatch(ch.Context(ctx, opts...), s.sql)
	if err != nil {
		return fmt.Errorf("clickhouse: append: %w", err)
	}
	for i, c := range s.cols {
		if err := c.send(b.Column(i), evs); err != nil {
			return fmt.Errorf("clickhouse: append: %s: %w", c.name(), errors.Join(err, b.Abort()))
		}
	}
	if err := b.Column(len(s.cols)).Append(s.arrivals(len(evs))); err != nil {
		return fmt.Errorf("clickhouse: append: %w", errors.Join(err, b.Abort()))
	}
	if err := b.Send(); err != nil {
		return fmt.Errorf("clickhouse: append: %w", err)
	}
	return nil
}

// arrivals gives n places in the order of arrival: nanoseconds of this
// process's clock, each greater than the one before.
func (s *Store) arrivals(n int) []int64 {
	s.arrived = max(s.arrived+1, s.o.Now().UnixNano())
	s.buf = slices.Grow(s.buf[:0], n)
	for range n {
		s.buf = append(s.buf, s.arrived)
		s.arrived++
	}
	return s.buf
}

// ranges is a set of numbers as runs, ascending and apart.
type ranges []Gap

func (r *ranges) add(n uint64) {
	l := *r
	if k := len(l); k > 0 && l[k-1].Last+1 == n { // the usual case
		l[k-1].Last = n
		return
	}
	i, in := l.find(n)
	if in {
		return
	}
	switch before, after := i > 0 && l[i-1].Last+1 == n, i < len(l) && l[i].First == n+1; {
	case before && after:
		l[i-1].Last = l[i].Last
		*r = slices.Delete(l, i, i+1)
	case before:
		l[i-1].Last = n
	case after:
		l[i].First = n
	default:
		*r = slices.Insert(l, i, Gap{n, n})
	}
}

func (r ranges) has(n uint64) bool {
	_, in := r.find(n)
	return in
}

// find returns the index of the run that holds n, or before which n belongs.
func (r ranges) find(n uint64) (int, bool) {
	return slices.BinarySearchFunc(r, n, func(g Gap, n uint64) int {
		switch {
		case g.Last < n:
			return -1
		case g.First > n:
			return 1
		}
		return 0
	})
}

func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}
