package match_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/match"
)

// sealer notes what it is asked to seal.
type sealer struct {
	got []match.Payload
	who []string
	err error
}

func (s *sealer) SealPayload(enrollee string, e *event.Event, p match.Payload) error {
	s.got, s.who = append(s.got, p), append(s.who, enrollee)
	e.PayloadEnc, e.DEKID = []byte("sealed"), "key"
	return s.err
}

// Where a person stood leaves the judge under their own key, or not at all.
func TestPayloadIsSealed(t *testing.T) {
	for _, failing := range []error{nil, errors.New("erased")} {
		s := newStand(t, "ann", "bob")
		seal := &sealer{err: failing}
		var err error
		s.judge, err = match.NewJudge(match.JudgeConfig{
			Camera: "cam", Leases: &s.leases, Shelf: s.shelf, Embedder: &s.emb, Claims: s.claims,
			Calibration: match.Calibration0095(), Rules: match.DefaultRules(), Sealer: seal,
		})
		require.NoError(t, err)
		_, events := s.match("ann", s.face(1))
		require.Len(t, events, 3)
		for i, e := range events {
			require.Equal(t, "ann", seal.who[i])
			require.Equal(t, [4]float32{100, 100, 228, 228}, seal.got[i].Box)
			if failing == nil {
				require.Equal(t, "sealed", string(e.PayloadEnc))
			} else {
				require.Empty(t, e.PayloadEnc)
				require.Empty(t, e.DEKID)
			}
			require.Empty(t, e.Detail["box"])
		}
		s.look(time.Second)
	}
}
