package relay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	"bystander/policy"
)

// Holder checks and keeps a lease; *policy.Holder is one.
type Holder interface {
	Offer(policy.Lease, *policy.Snapshot) error
}

// FollowerOptions say how a follower works. The zero value is usable.
type FollowerOptions struct {
	// MaxBytes bounds the snapshots that are kept or being put together; 256 MiB.
	MaxBytes int
	// Quiet is after how long without a lease the end of the topic is looked at; 3 s.
	Quiet time.Duration
	// OnTaken is told of each lease that the holder took, with its snapshot,
	// which is shared and read-only.
	OnTaken func(policy.Lease, *policy.Snapshot)
	// OnRefused is told of each record that changed nothing, and why.
	OnRefused func(error)
	// OnError is told of trouble with the bus.
	OnError func(error)
	Now     func() time.Time
}

// Follower hands what control publishes for one site to a holder.
type Follower struct {
	c    *kafkax.Client
	site string
	to   Holder
	o    FollowerOptions

	turn sync.Mutex // of whoever hands over a record
	// Of whoever has the turn.
	reading   bool // what the topic held at the start is still being read
	snapshots map[event.Digest]*assembly
	order     []event.Digest // of snapshots, oldest first
	bytes     int
	waiting   *policy.Lease // the newest whose snapshot is not whole yet
	used      event.Digest  // the snapshot of the lease taken last

	mu sync.Mutex
	st FollowerStatus
}

// assembly is a snapshot whose parts are arriving.
type assembly struct {
	parts [][]byte
	have  int
	bytes int
	snap  *policy.Snapshot // once whole and of the right hash
}

// FollowerStatus is how a follower fares.
type FollowerStatus struct {
	CaughtUp bool      // everything that the topic held at the start was read
	Taken    uint64    // leases that the holder took
	Refused  uint64    // records that changed nothing
	Last     time.Time // when the holder last took a lease
	Err      error     // the last trouble with the bus; nil once a record arrived
}

// NewFollower returns a follower for the site. The caller closes c.
func NewFollower(c *kafkax.Client, site string, to Holder, o FollowerOptions) *Follower {
	if o.MaxBytes <= 0 {
		o.MaxBytes = 256 << 20
	}
	if o.Quiet <= 0 {
		o.Quiet = 3 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Follower{c: c, site: site, to: to, o: o, reading: true, snapshots: map[event.Digest]*assembly{}}
}

// Status returns a snapshot.
func (f *Follower) Status() FollowerStatus {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.st
}

// Run reads the topic from its beginning and follows it until ctx ends, which
// is nil. Trouble with the bus is told and outlasted; meanwhile the lease runs
// out. Another error means that the topic is not as demanded.
func (f *Follower) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	var peeking sync.WaitGroup
	peeking.Go(func() { f.peek(ctx) })
	defer peeking.Wait()
	defer stop()
	return f.c.Follow(ctx, event.TopicPolicy, kafkax.FollowOptions{
		CaughtUp: func() {
			f.turn.Lock()
			defer f.turn.Unlock()
			f.reading = false
			f.offerWaiting()
			f.update(func(st *FollowerStatus) { st.CaughtUp = true })
		},
		OnError: func(err error) {
			f.update(func(st *FollowerStatus) { st.Err = err })
			if f.o.OnError != nil {
				f.o.OnError(err)
			}
		},
	}, func(m kafka.Message) error {
		f.Handle(m)
		return nil
	})
}

// peekRecords is how many records are read at the end of the topic. A control sends
// the older snapshot's lease and then the newer one's, so one of the last three is of
// use mostly, with two controls, too. More of them could be parts.
const peekRecords = 3

// peek looks for leases at the end of the topic when none have come for a while: a
// large snapshot may be on its way, and they lie behind it. Those for the snapshot
// that is held are of use.
func (f *Follower) peek(ctx context.Context) {
	t := time.NewTicker(f.o.Quiet / 3)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		st := f.Status()
		if st.Last.IsZero() || f.o.Now().Sub(st.Last) < f.o.Quiet {
			continue
		}
		// What fails here Follow tells of.
		_ = f.c.Tail(ctx, event.TopicPolicy, peekRecords, func(m kafka.Message) error {
			if strings.HasPrefix(string(m.Key), leasePrefix) {
				f.ahead(m)
			}
			return nil
		})
	}
}

// ahead takes a lease that lies behind what was read so far. One for a snapshot that
// is not whole is passed over: it comes again in its turn.
func (f *Follower) ahead(m kafka.Message) {
	f.turn.Lock()
	defer f.turn.Unlock()
	if string(m.Key) != leasePrefix+f.site || m.Value == nil || f.reading {
		return
	}
	l, err := parseLease(m.Value)
	if a := f.snapshots[l.Hash]; err == nil && (a == nil || a.snap == nil) {
		return
	}
	if err == nil {
		err = f.offer(l)
	}
	if err != nil && !Expected(err) { // the same few are looked at again and again
		f.refused(err)
	}
}

func (f *Follower) update(do func(*FollowerStatus)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do(&f.st)
}

// Handle takes one record. Run calls it; tests may.
func (f *Follower) Handle(m kafka.Message) {
	f.turn.Lock()
	defer f.turn.Unlock()
	f.update(func(st *FollowerStatus) { st.Err = nil })
	key := string(m.Key)
	var err error
	switch {
	case strings.HasPrefix(key, leasePrefix):
		if key[len(leasePrefix):] == f.site && m.Value != nil {
			err = f.lease(m.Value)
		}
	case strings.HasPrefix(key, snapshotPrefix):
		err = f.part(key, m.Value)
	default:
		err = fmt.Errorf("%w: key %.200q", ErrMalformed, key)
	}
	if err != nil {
		f.refused(err)
	}
}

func (f *Follower) refused(err error) {
	f.update(func(st *FollowerStatus) { st.Refused++ })
	if f.o.OnRefused != nil {
		f.o.OnRefused(err)
	}
}

// lease offers a lease if its snapshot is here, and else keeps it until it is.
func (f *Follower) lease(b []byte) error {
	l, err := parseLease(b)
	if err != nil {
		return err
	}
	// While the past is read only the newest lease matters; those before it have
	// expired.
	if a := f.snapshots[l.Hash]; a == nil || a.snap == nil || f.reading {
		f.waiting = &l
		return nil
	}
	return f.offer(l)
}

func (f *Follower) offer(l policy.Lease) error {
	f.waiting = nil
	a := f.snapshots[l.Hash]
	if err := f.to.Offer(l, a.snap); err != nil {
		return err
	}
	f.used = l.Hash
	f.forget()
	f.update(func(st *FollowerStatus) {
		st.Taken++
		st.Last = f.o.Now()
	})
	if f.o.OnTaken != nil {
		f.o.OnTaken(l, a.snap)
	}
	return nil
}

func (f *Follower) offerWaiting() {
	if f.waiting == nil || f.reading {
		return
	}
	if a := f.snapshots[f.waiting.Hash]; a == nil || a.snap == nil {
		return
	}
	if err := f.offer(*f.waiting); err != nil {
		f.refused(err)
	}
}

// part takes one part of a snapshot, or its removal.
func (f *Follower) part(key string, b []byte) error {
	p, err := parsePart(key)
	if err != nil {
		return err
	}
	if p.site != f.site {
		return nil // another site's, on the same topic
	}
	a := f.snapshots[p.hash]
	switch {
	case a != nil && a.snap != nil:
		return nil // whole and checked: no later record can spoil it
	case b == nil: // disposed of
		f.drop(p.hash)
		return nil
	case len(b) > partBytes:
		return fmt.Errorf("%w: a part of %d bytes", ErrMalformed, len(b))
	case a == nil:
		a = &assembly{parts: make([][]byte, p.count)}
		f.snapshots[p.hash] = a
		f.order = append(f.order, p.hash)
	case len(a.parts) != p.count:
		f.drop(p.hash)
		return fmt.Errorf("%w: %d parts and %d", ErrContent, len(a.parts), p.count)
	}
	f.put(a, p.index, b)
	if err := f.bound(p.hash); err != nil {
		return err
	}
	if a.have < p.count {
		return nil
	}
	if err := f.join(p.hash, a); err != nil {
		f.drop(p.hash)
		return err
	}
	f.offerWaiting()
	return nil
}

func (f *Follower) put(a *assembly, i int, b []byte) {
	if a.parts[i] == nil {
		a.have++
	}
	a.bytes += len(b) - len(a.parts[i])
	f.bytes += len(b) - len(a.parts[i])
	a.parts[i] = b
}

// join parses a whole snapshot and checks its hash. The holder does so again:
// this only keeps a spoilt one from taking the place of a good one.
func (f *Follower) join(hash event.Digest, a *assembly) error {
	var all []byte
	for _, b := range a.parts {
		all = append(all, b...)
	}
	s := new(policy.Snapshot)
	if err := json.Unmarshal(all, s); err != nil {
		return fmt.Errorf("%w: %w", ErrContent, err)
	}
	got, err := s.Hash()
	if err != nil {
		return err
	}
	if got != hash {
		return fmt.Errorf("%w: %s", ErrContent, hash)
	}
	a.snap = s
	for i := range a.parts {
		a.parts[i] = nil // the size is still reckoned with
	}
	return nil
}

// bound gives up the oldest snapshots beyond the limit, never the one in use:
// whoever floods the topic gets nobody's policy thrown away. It fails when the
// newest itself had to go.
func (f *Follower) bound(newest event.Digest) error {
	for i := 0; f.bytes > f.o.MaxBytes && i < len(f.order); {
		oldest := f.order[i]
		if oldest == f.used {
			i++
			continue
		}
		f.drop(oldest)
		if oldest == newest {
			return fmt.Errorf("%w: more than %d bytes in all", ErrTooMuch, f.o.MaxBytes)
		}
	}
	return nil
}

// forget drops what came before the snapshot in use.
func (f *Follower) forget() {
	for len(f.order) > 0 && f.order[0] != f.used {
		f.drop(f.order[0])
	}
}

func (f *Follower) drop(hash event.Digest) {
	a := f.snapshots[hash]
	if a == nil {
		return
	}
	delete(f.snapshots, hash)
	f.bytes -= a.bytes
	for i, h := range f.order {
		if h == hash {
			f.order = append(f.order[:i:i], f.order[i+1:]...)
			break
		}
	}
}

// Expected reports whether a refusal is part of ordinary life: a lease that ran
// out on the way or that came twice.
func Expected(err error) bool {
	return errors.Is(err, policy.ErrExpired) || errors.Is(err, policy.ErrStale)
}
