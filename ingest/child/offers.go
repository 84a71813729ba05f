package child

import (
	"context"
	"errors"
	"sync"
	"time"

	"bystander/ingest"
	"bystander/ingest/driver"
	"bystander/ingest/internal/wire"
)

const (
	negotiateWithin = 15 * time.Second
	maxOffers       = 8
)

// offers hands WebRTC offers to the driver, only while it runs.
type offers struct {
	mu   sync.Mutex
	ctx  context.Context //nolint:containedctx // the present attempt's
	drv  driver.Negotiator
	busy int
	wg   sync.WaitGroup
}

// open lets offers through to d for as long as ctx lives.
func (o *offers) open(ctx context.Context, d driver.Driver) {
	n, ok := d.(driver.Negotiator)
	if !ok {
		return
	}
	o.mu.Lock()
	o.ctx, o.drv = ctx, n
	o.mu.Unlock()
}

// close refuses further offers.
func (o *offers) close() {
	o.mu.Lock()
	o.ctx, o.drv = nil, nil
	o.mu.Unlock()
}

func (o *offers) wait() { o.wg.Wait() }

// offer has the driver answer m in a goroutine of its own.
func (w *worker) offer(ctx context.Context, m wire.Offer) {
	o := &w.offers
	o.mu.Lock()
	run, drv := o.ctx, o.drv
	full := o.busy >= maxOffers
	if drv != nil && !full {
		o.busy++
		o.wg.Add(1)
	}
	o.mu.Unlock()
	switch {
	case drv == nil:
		_, able := w.drv.(driver.Negotiator)
		err := error(errNoNegotiation)
		if able {
			err = ingest.Errorf(ingest.CodeUnreachable, "camera %q is not ready for a publisher; try again in a moment", w.spec.ID)
		}
		w.answer(m.ID, "", err)
		return
	case full:
		w.answer(m.ID, "", ingest.Errorf(ingest.CodeTimeout, "camera %q: too many publishers try at once", w.spec.ID))
		return
	}
	go func() {
		defer func() {
			o.mu.Lock()
			o.busy--
			o.mu.Unlock()
			o.wg.Done()
		}()
		nctx, cancel := context.WithTimeout(run, negotiateWithin)
		defer cancel()
		sdp, err := drv.Negotiate(nctx, m.SDP)
		if ctx.Err() == nil {
			w.answer(m.ID, sdp, err)
		}
	}()
}

func (w *worker) answer(id uint32, sdp string, err error) {
	a := wire.Answer{ID: id, SDP: sdp}
	if err == nil && (sdp == "" || len(sdp) > wire.MaxSDP) {
		err = ingest.Errorf(ingest.CodeConfig, "the answer would have %d bytes", len(sdp))
	}
	if err != nil {
		var e *ingest.Error
		if !errors.As(err, &e) {
			e = ingest.Errorf(ingest.CodeConfig, "the offer was refused: %v", err)
		}
		a = wire.Answer{ID: id, Code: string(e.Code), Text: ingest.PlainText(e.Text, wire.MaxText)}
	}
	_ = w.conn.Send(a) // when the edge is gone, the receiver sees it
}
