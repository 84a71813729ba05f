package worker

import (
	"context"

	"bystander/internal/frame"
)

// What the tests of turning need.
var (
	CopyTurned   = copyTurned
	TurnedSize   = turnedSize
	TurnedAspect = turnedAspect
)

// What the tests of cards need.
var (
	NeedsOf   = needsOf
	CardFiles = cardFiles
	CardReads = cardReads
)

// Queue is what the tests of waiting pictures need.
type Queue struct{ *queue }

// NewQueue makes one of the given size.
func NewQueue(size int) Queue { return Queue{newQueue(size)} }

func (q Queue) Put(r *frame.Raw) bool                       { return q.put(r) }
func (q Queue) Get(ctx context.Context) (*frame.Raw, error) { return q.get(ctx) }
func (q Queue) Waiting() int                                { return q.waiting() }
func (q Queue) Late() <-chan struct{}                       { return q.late }
