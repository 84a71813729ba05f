package worker

import (
	"context"
	"time"

	"bystander/ingest"
	"bystander/ingest/internal/wire"
)

const maxOffers = 8 // at a time

// negotiate sends an offer to the worker and waits for the answer.
func (s *session) negotiate(ctx context.Context, offer string) (string, error) {
	id := s.src.spec.ID
	if offer == "" || len(offer) > wire.MaxSDP {
		return "", ingest.Permanentf(ingest.CodeConfig, "camera %q: an offer must have 1 to %d bytes", id, wire.MaxSDP)
	}
	reply := make(chan wire.Answer, 1)
	s.mu.Lock()
	if len(s.offers) >= maxOffers {
		s.mu.Unlock()
		return "", ingest.Errorf(ingest.CodeTimeout, "camera %q: too many publishers try at once; try again in a moment", id)
	}
	s.offerID++
	n := s.offerID
	s.offers[n] = reply
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.offers, n)
		s.mu.Unlock()
	}()
	_ = s.conn.SetSendDeadline(time.Now().Add(sendWithin))
	if err := s.conn.Send(wire.Offer{ID: n, SDP: offer}); err != nil {
		return "", ingest.Errorf(ingest.CodeWorkerDied, "camera %q: its worker takes no offer: %v", id, err)
	}
	select {
	case a := <-reply:
		if a.SDP == "" {
			return "", &ingest.Error{
				Code: ingest.Code(ingest.PlainText(a.Code, 32)), Text: ingest.PlainText(a.Text, wire.MaxText),
			}
		}
		return a.SDP, nil
	case <-s.over:
		return "", ingest.Errorf(ingest.CodeWorkerDied, "camera %q: its worker ended during the negotiation; try again", id)
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// deliver hands an answer to whoever waits for it; others are ignored.
func (s *session) deliver(a wire.Answer) {
	s.mu.Lock()
	reply := s.offers[a.ID]
	delete(s.offers, a.ID)
	s.mu.Unlock()
	if reply != nil {
		reply <- a // holds one, and each id is delivered once
	}
}
