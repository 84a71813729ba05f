package batch

import (
	"context"
	"errors"

	"bystander/internal/ort"
)

// Of makes a model of ONNX Runtime's a Session. Its SessionOptions.Parallel must
// exceed what the lanes and workers may hold at once; see Lent.
func Of(s *ort.Session) Session { return session{s} }

// Lent is a SessionOptions.Parallel that is never reached: bindings are bounded
// by the lanes, Depth each, and by the workers.
const Lent = 1 << 14

type session struct{ *ort.Session }

// Acquire implements Session.
func (s session) Acquire(ctx context.Context, shape ...int64) (Binding, error) {
	b, err := s.Session.Acquire(ctx, shape...)
	if err != nil {
		return nil, err // a nil *ort.Binding would not be a nil Binding
	}
	return b, nil
}

// FaultyRequest reports errors of ONNX Runtime's that a single request may have
// brought about. It fits Options.Faulty.
func FaultyRequest(err error) bool {
	return errors.Is(err, ort.ErrNotFinite) || errors.Is(err, ort.ErrShape)
}
