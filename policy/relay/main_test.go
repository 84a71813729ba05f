package relay_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	broker "bystander/internal/testkit/kafka"
	"bystander/policy"
)

func TestMain(m *testing.M) {
	opts := []goleak.Option{}
	if os.Getenv("KAFKA") == "fake" {
		opts = append(opts, goleak.IgnoreAnyFunction("github.com/twmb/franz-go/pkg/kfake.(*Cluster).run"))
	}
	goleak.VerifyTestMain(m, opts...)
}

// world is an authority with its people in memory.
type world struct {
	mu       sync.Mutex
	now      func() time.Time
	people   []policy.Enrollee
	consents []policy.Consent
	content  event.Digest
	version  uint64
	serial   uint64
}

func (w *world) Enrollees(context.Context) ([]policy.Enrollee, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]policy.Enrollee(nil), w.people...), nil
}

func (w *world) Consents(context.Context) ([]policy.Consent, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]policy.Consent(nil), w.consents...), nil
}

func (w *world) NextSerial(context.Context) (uint64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.serial++
	return w.serial, nil
}

func (w *world) LatestVersion(context.Context) (uint64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.version, nil
}

func (w *world) DrawLease(_ context.Context, base uint64, c event.Digest, _ time.Time) (version, serial uint64, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.version == 0 || c != w.content {
		if w.version != base {
			return 0, 0, policy.ErrOvertaken
		}
		w.version, w.content = w.version+1, c
	}
	w.serial++
	return w.version, w.serial, nil
}

// enroll adds n people, each with a consent to be matched.
func (w *world) enroll(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for range n {
		id := fmt.Sprintf("e%06d", len(w.people))
		w.people = append(w.people, policy.Enrollee{ID: id, Version: 1, Under14: policy.No, Status: policy.EnrolleeActive})
		w.consents = append(w.consents, policy.Consent{
			ID: "c-" + id, Version: 1, Enrollee: id, Purpose: policy.PurposeMatch,
			Scenes: []string{policy.SampleScene("stage")}, Zones: []string{policy.SampleZone("stage")}, NoticeVersion: "n1",
			ExpiresAt: w.now().Add(time.Hour), State: policy.ConsentGiven, ChangedAt: w.now(),
			Act: policy.Act{Channel: policy.ChannelPaper, At: w.now(), NoticeHash: event.Digest{1}, RecordedBy: "desk", Basis: "consent", Written: true},
		})
	}
}

func newAuthority(t *testing.T, now func() time.Time) (*world, *policy.Authority) {
	t.Helper()
	w := &world{now: now}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	site := policy.SampleSite(now(), policy.SampleCamera{ID: "stage", PlaceType: "stage", Match: true})
	a, err := policy.NewAuthority(key, site, w, w, now)
	require.NoError(t, err)
	return w, a
}

func newHolder(t *testing.T, a *policy.Authority, now func() time.Time) *policy.Holder {
	t.Helper()
	h, err := policy.NewHolder(a.Public(), policy.SampleSiteID, now)
	require.NoError(t, err)
	return h
}

func open(t *testing.T, b *broker.Broker, prefix string) *kafkax.Client {
	t.Helper()
	c, err := kafkax.Open(kafkax.Config{Brokers: []string{b.Addr()}, TopicPrefix: prefix, Timeout: 4 * time.Second})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func ensure(t *testing.T, c *kafkax.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err := c.EnsureTopics(ctx, kafkax.TopicOptions{Partitions: 1})
	require.NoError(t, err)
}

// errs collects errors from other goroutines.
type errs struct {
	mu   sync.Mutex
	list []error
}

func (e *errs) add(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, err)
}

func (e *errs) has(target error) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, err := range e.list {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}
