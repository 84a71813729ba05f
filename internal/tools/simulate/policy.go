package main

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	"bystander/policy"
	"bystander/policy/relay"
)

// control is the one that decides for all cameras. It implements policy.People
// and policy.Versions, for people who are made up and a count in memory, and
// relay.Issuer, to tell what each lease costs.
type control struct {
	authority *policy.Authority
	client    *kafkax.Client
	publisher *relay.Publisher

	mu       sync.Mutex
	people   []policy.Enrollee
	consents []policy.Consent
	content  event.Digest
	version  uint64
	serial   uint64
	cameras  int             // that are decided for
	issued   []time.Duration // processor time of each lease over these
	size     int             // of the snapshot, as JSON
	sized    event.Digest    // the content that size is of
	failed   error
}

func newControl(broker string) (*control, error) {
	seed := sha256.Sum256([]byte("bystander simulate control")) // signs nothing that lasts
	c := &control{}
	var err error
	if c.authority, err = policy.NewAuthority(ed25519.NewKeyFromSeed(seed[:]), site(1, time.Now()), c, c, time.Now); err != nil {
		return nil, fmt.Errorf("simulate: control: %w", err)
	}
	if c.client, err = kafkax.Open(busConfig(broker, "control")); err != nil {
		return nil, fmt.Errorf("simulate: control: %w", err)
	}
	c.publisher = relay.NewPublisher(c.client, c, relay.PublisherOptions{OnError: func(err error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.failed = err
	}})
	return c, nil
}

// site is one with so many cameras, each with its zone.
func site(cameras int, now time.Time) *policy.Site {
	list := make([]policy.SampleCamera, cameras)
	for i := range list {
		list[i] = policy.SampleCamera{ID: fmt.Sprintf("camera-%05d", i), PlaceType: "stage", Match: true}
	}
	return policy.SampleSite(now, list...)
}

// enrolled are people who agreed to be recognised and shown before one camera each.
func enrolled(n, cameras int, s *policy.Site, now time.Time) (people []policy.Enrollee, consents []policy.Consent) {
	for i := range n {
		id := fmt.Sprintf("person-%06d", i)
		camera := s.Cameras[i%cameras].ID
		people = append(people, policy.Enrollee{ID: id, Version: 1, Under14: policy.No, Status: policy.EnrolleeActive})
		for _, p := range []policy.Purpose{policy.PurposeMatch, policy.PurposeAppearLive} {
			consents = append(consents, policy.Consent{
				ID: id + "-" + string(p), Version: 1, Enrollee: id, Purpose: p,
				Scenes: []string{policy.SampleScene(camera)}, Zones: []string{policy.SampleZone(camera)},
				NoticeVersion: s.Notices[0].Version, ExpiresAt: now.AddDate(1, 0, 0), State: policy.ConsentGiven, ChangedAt: now,
				Act: policy.Act{Channel: policy.ChannelKiosk, At: now, NoticeHash: s.Notices[0].Hash, RecordedBy: "desk", Basis: policy.BasisSeparateConsent, Written: true},
			})
		}
	}
	return people, consents
}

// decide lets the control decide for so many cameras and people from the next
// lease on. It tells how long the site took to be checked.
func (c *control) decide(cameras, people int) (checked time.Duration, err error) {
	now := time.Now()
	s := site(cameras, now)
	who, what := enrolled(people, cameras, s, now)
	c.mu.Lock()
	c.people, c.consents, c.cameras, c.issued = who, what, cameras, nil
	c.mu.Unlock()
	begun := time.Now()
	if err := c.authority.SetSite(s); err != nil {
		return 0, fmt.Errorf("simulate: control: %w", err)
	}
	return time.Since(begun), nil
}

// Enrollees implements policy.People.
func (c *control) Enrollees(context.Context) ([]policy.Enrollee, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.people, nil
}

// Consents implements policy.People.
func (c *control) Consents(context.Context) ([]policy.Consent, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.consents, nil
}

// LatestVersion implements policy.Versions.
func (c *control) LatestVersion(context.Context) (uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.version, nil
}

// DrawLease implements policy.Versions. There is one control: nobody overtakes it.
func (c *control) DrawLease(_ context.Context, _ uint64, content event.Digest, _ time.Time) (version, serial uint64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if content != c.content {
		c.content = content
		c.version++
	}
	c.serial++
	return c.version, c.serial, nil
}

// NextSerial implements policy.Versions.
func (c *control) NextSerial(context.Context) (uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serial++
	return c.serial, nil
}

// Issue implements relay.Issuer.
func (c *control) Issue(ctx context.Context, term time.Duration) (*policy.Snapshot, policy.Lease, error) {
	runtime.LockOSThread()
	from := threadTime()
	s, l, err := c.authority.Issue(ctx, term)
	took := threadTime() - from
	runtime.UnlockOSThread()
	if err != nil {
		return s, l, err
	}
	c.mu.Lock()
	known := c.sized == l.Hash
	if len(s.Cameras) == c.cameras { // else it was begun before the change
		c.issued = append(c.issued, took)
	}
	c.mu.Unlock()
	if known {
		return s, l, nil
	}
	b, err := json.Marshal(s)
	if err != nil {
		return s, l, fmt.Errorf("simulate: control: %w", err)
	}
	c.mu.Lock()
	c.size, c.sized = len(b), l.Hash
	c.mu.Unlock()
	return s, l, nil
}

// Extend implements relay.Issuer.
func (c *control) Extend(ctx context.Context, old *policy.Snapshot, hash event.Digest, term time.Duration) (policy.Lease, error) {
	return c.authority.Extend(ctx, old, hash, term)
}

// threadTime is the processor time that the calling thread has used.
func threadTime() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// state is what a lease costs, and the snapshot's size.
func (c *control) state() (lease time.Duration, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.issued) > 0 {
		sorted := slices.Sorted(slices.Values(c.issued))
		lease = sorted[len(sorted)/2]
	}
	return lease, c.size
}

// follower is an edge that takes the policy.
type follower struct {
	client   *kafkax.Client
	holder   *policy.Holder
	follower *relay.Follower

	mu      sync.Mutex
	ages    []time.Duration // of leases when they were taken
	lapsed  int             // looks that found no valid lease
	looks   int
	began   bool // there was one once
	failed  error
	cameras int // in the newest snapshot
}

func newFollower(broker, name string, pub ed25519.PublicKey) (*follower, error) {
	f := &follower{}
	var err error
	if f.holder, err = policy.NewHolder(pub, policy.SampleSiteID, time.Now); err != nil {
		return nil, fmt.Errorf("simulate: follower: %w", err)
	}
	if f.client, err = kafkax.Open(busConfig(broker, name)); err != nil {
		return nil, fmt.Errorf("simulate: follower: %w", err)
	}
	f.follower = relay.NewFollower(f.client, policy.SampleSiteID, f.holder, relay.FollowerOptions{OnTaken: f.taken})
	return f, nil
}

func (f *follower) taken(l policy.Lease, s *policy.Snapshot) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.began, f.cameras = true, len(s.Cameras)
	f.ages = append(f.ages, time.Since(l.Issued))
}

// run follows until ctx ends, and looks at the lease as cameras do.
func (f *follower) run(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() {
		err := f.follower.Run(ctx)
		f.mu.Lock()
		defer f.mu.Unlock()
		f.failed = err
	})
	t := time.NewTicker(100 * time.Millisecond)
	defer t.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-t.C:
			_, err := f.holder.Current()
			f.mu.Lock()
			if f.began {
				f.looks++
				if err != nil {
					f.lapsed++
				}
			}
			f.mu.Unlock()
		}
	}
	both.Wait()
}

// measure returns and forgets what was measured of leases.
func (f *follower) measure() (ages []time.Duration, lapsed, looks int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	ages, lapsed, looks = f.ages, f.lapsed, f.looks
	f.ages, f.lapsed, f.looks = nil, 0, 0
	return ages, lapsed, looks
}

// knows is how many cameras the follower's newest policy has.
func (f *follower) knows() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cameras
}

// plane is the control plane: a control and those who follow it.
type plane struct {
	control   *control
	followers []*follower
	run       sync.WaitGroup
}

func startPlane(ctx context.Context, broker string, followers int) (*plane, error) {
	c, err := newControl(broker)
	if err != nil {
		return nil, err
	}
	p := &plane{control: c}
	for i := range followers {
		f, err := newFollower(broker, fmt.Sprintf("follower-%d", i), c.authority.Public())
		if err != nil {
			return nil, errors.Join(err, p.close())
		}
		p.followers = append(p.followers, f)
		p.run.Go(func() { f.run(ctx) })
	}
	p.run.Go(func() { c.publisher.Run(ctx) })
	return p, nil
}

// spread waits until every follower knows so many cameras, and tells how long that
// took.
func (p *plane) spread(ctx context.Context, cameras int, patience time.Duration) (time.Duration, error) {
	begun, t := time.Now(), time.NewTicker(20*time.Millisecond)
	defer t.Stop()
	for {
		done := true
		for _, f := range p.followers {
			done = done && f.knows() == cameras
		}
		switch {
		case done:
			return time.Since(begun), nil
		case time.Since(begun) > patience:
			return time.Since(begun), errors.New("the policy did not reach every follower")
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-t.C:
		}
	}
}

// close ends what startPlane opened; its ctx has ended.
func (p *plane) close() error {
	p.run.Wait()
	errs := []error{p.control.client.Close()}
	for _, f := range p.followers {
		errs = append(errs, f.client.Close(), f.failed)
	}
	return errors.Join(errs...)
}
