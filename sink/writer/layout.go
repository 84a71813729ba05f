package writer

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"bystander/internal/kafkax"
)

// noting is a balancer that remembers how many partitions the leader shared out.
// The library's own watch compares with a count that it takes afterwards: when
// the topic was gone while the partitions were shared out, and is back by then,
// nobody is ever given any.
type noting struct {
	kafka.GroupBalancer

	mu   sync.Mutex
	seen int
	led  bool // this member shared them out
}

// AssignGroups implements kafka.GroupBalancer.
func (n *noting) AssignGroups(members []kafka.GroupMember, partitions []kafka.Partition) kafka.GroupMemberAssignments {
	n.mu.Lock()
	n.seen, n.led = len(partitions), true
	n.mu.Unlock()
	return n.GroupBalancer.AssignGroups(members, partitions)
}

// take returns how many partitions this member has shared out since it was last
// asked; led is false when another member did.
func (n *noting) take() (seen int, led bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	seen, led = n.seen, n.led
	n.seen, n.led = 0, false
	return seen, led
}

// layoutEvery is how often the leader looks how many partitions there are.
const layoutEvery = time.Second

// watch returns, and thereby ends the generation, when the topic no longer has
// the number of partitions that were shared out; all members then join anew. It
// goes by what the client remembers, which costs nothing, and asks the cluster
// before it believes it.
func (s *session) watch(ctx context.Context, shared int) {
	t := time.NewTicker(layoutEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if s.moved(ctx, shared, s.w.c.Partitions) && s.moved(ctx, shared, s.w.c.PartitionsNow) {
			s.w.o.Log.Warn().Int("shared", shared).Msg("the topic has another number of partitions; sharing them out anew")
			return
		}
	}
}

func (s *session) moved(ctx context.Context, shared int, look func(context.Context, string) (int, error)) bool {
	n, err := look(ctx, s.topic)
	return ctx.Err() == nil && n != shared && (err == nil || errors.Is(err, kafkax.ErrNoTopic))
}
