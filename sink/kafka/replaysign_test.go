package kafka_test

import (
	"bytes"
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	broker "bystander/internal/testkit/kafka"
	"bystander/sink/kafka"
)

// TestOnlyKnownWritersAreServed gives an edge the key of one writer: what that
// one signed is served, and nothing else is, not even answered.
func TestOnlyKnownWritersAreServed(t *testing.T) {
	b := broker.Start(t, broker.Options{Shared: true})
	e := newEdge(t, b)
	e.write(20)
	keyOf := func(seed byte) ed25519.PrivateKey {
		return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	}
	writer, stranger := keyOf(7), keyOf(8)
	request := func(id string, sign func(*kafkax.ReplayRequest)) kafkax.ReplayRequest {
		r := kafkax.ReplayRequest{ID: id, Chain: "edge-1", From: 3, To: 5, At: time.Now().UTC()}
		sign(&r)
		m, err := r.Record()
		require.NoError(t, err)
		require.NoError(t, e.c.Publish(deadline(t), event.TopicReplay, m))
		return r
	}
	signed := func(by string, key ed25519.PrivateKey, after func(*kafkax.ReplayRequest)) func(*kafkax.ReplayRequest) {
		return func(r *kafkax.ReplayRequest) {
			require.NoError(t, r.Sign(by, key))
			after(r)
		}
	}
	as := func(*kafkax.ReplayRequest) {}
	bad := map[string]func(*kafkax.ReplayRequest){
		"unsigned":                 as,
		"unsigned, with a name":    func(r *kafkax.ReplayRequest) { r.By = "writer-1" },
		"by another key":           signed("writer-1", stranger, as),
		"by a writer not known":    signed("writer-2", writer, as),
		"a name put in afterwards": signed("writer-2", writer, func(r *kafkax.ReplayRequest) { r.By = "writer-1" }),
		"more than was signed":     signed("writer-1", writer, func(r *kafkax.ReplayRequest) { r.To = 20 }),
		"of another chain's":       signed("writer-1", writer, func(r *kafkax.ReplayRequest) { r.Chain, r.From = "edge-1", 1 }),
		"made younger":             signed("writer-1", writer, func(r *kafkax.ReplayRequest) { r.At = r.At.Add(time.Second) }),
		"under another id":         signed("writer-1", writer, func(r *kafkax.ReplayRequest) { r.ID += "x" }),
	}
	for name, sign := range bad {
		request(name, sign)
	}
	good := request("good", signed("writer-1", writer, as))
	r, stop := e.start(kafka.ReplayerOptions{Writers: func(name string) ed25519.PublicKey {
		if name == "writer-1" {
			return writer.Public().(ed25519.PublicKey)
		}
		return nil
	}})
	require.Equal(t, []string{"3-5 done"}, statuses(e.answers(good)))
	stop()
	require.Equal(t, kafka.ReplayerStats{Requests: 1, Events: 3, Unknown: uint64(len(bad))}, r.Stats())
	e.mu.Lock()
	defer e.mu.Unlock()
	require.NotEmpty(t, e.err, "it is told")
	for _, err := range e.err {
		require.ErrorIs(t, err, event.ErrSignature)
	}
}
