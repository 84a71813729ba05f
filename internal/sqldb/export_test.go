package sqldb

import (
	"context"
	"time"
)

// HandOver shortens how long a new leader waits.
func (l *Leader) HandOver(d time.Duration) { l.handOver = d }

// OpenAnswering opens a store on a server with another bound on each answer.
func OpenAnswering(ctx context.Context, place string, s Schema, answer time.Duration) (*DB, error) {
	srv, err := openServer(place)
	if err != nil {
		return nil, err
	}
	srv.answer = answer
	return srv.open(ctx, s)
}
