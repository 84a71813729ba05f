package calls

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"bystander/api/peer/line"
)

// refusals are the statuses of an edge's no: an offer that it does not understand,
// a camera that it has not, no common codec, a call that it does not know, and no
// room. Others would say something about who asked, such as that they are signed
// out, and that is not the edge's to say.
func refusals() []int {
	return []int{http.StatusBadRequest, http.StatusNotFound, http.StatusNotAcceptable, http.StatusNotImplemented, http.StatusServiceUnavailable}
}

// Open has the edge of a camera answer an offer, and returns the view and the
// answer. It fails with any of this package's errors, a *Refusal, or ctx's.
func (b *Board) Open(ctx context.Context, camera, size, offer string) (id, answer string, err error) {
	r, err := b.ask(ctx, viewTime, line.Call{Kind: line.KindView, Camera: camera, Size: size, Offer: offer})
	if err != nil {
		return "", "", err
	}
	if err = checkAnswer(r.SDP); err != nil {
		b.drop(r.Call)
		return "", "", err
	}
	return r.Call, r.SDP, nil
}

// Still returns one redacted picture (JPEG) of a camera on which nobody is clear.
// It fails as Open does.
func (b *Board) Still(ctx context.Context, camera string) ([]byte, error) {
	r, err := b.ask(ctx, stillTime, line.Call{Kind: line.KindStill, Camera: camera})
	if err != nil {
		return nil, err
	}
	if len(r.Still) > line.MaxStill || !strings.HasPrefix(string(r.Still[:min(len(r.Still), 3)]), "\xff\xd8\xff") {
		return nil, fmt.Errorf("%w: a still of %d bytes", ErrAnswer, len(r.Still))
	}
	return r.Still, nil
}

// ask puts a call on the board and waits for what comes of it.
func (b *Board) ask(ctx context.Context, limit time.Duration, lc line.Call) (line.AnswerRequest, error) {
	lc.ID = rand.Text()
	c := &call{Call: lc, done: make(chan line.AnswerRequest, 1)}
	if err := b.put(c); err != nil {
		return line.AnswerRequest{}, err
	}
	t := time.NewTimer(limit)
	defer t.Stop()
	var err error
	select {
	case r := <-c.done:
		switch {
		case r.Status == http.StatusOK || r.Status == http.StatusCreated:
			return r, nil
		case !slices.Contains(refusals(), r.Status):
			err = fmt.Errorf("%w: a status of %d", ErrAnswer, r.Status)
		default:
			err = &Refusal{r.Status, r.Text}
		}
	case <-t.C:
		err = ErrSlow
	case <-ctx.Done():
		err = ctx.Err()
	}
	b.drop(c.ID)
	return line.AnswerRequest{}, err
}

func (b *Board) put(c *call) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, err := b.find(c.Camera)
	switch {
	case err != nil:
		return err
	case e.old:
		return ErrOld
	case len(e.queue)+len(e.open) >= maxQueue || len(e.views) >= line.MaxViews:
		return ErrBusy
	}
	if c.Kind == line.KindView {
		e.views[c.ID] = &view{camera: c.Camera, size: c.Size}
	}
	e.queue = append(e.queue, c)
	e.wake()
	return nil
}

// drop forgets a call and its view; the edge hears of it with its next answer.
func (b *Board) drop(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.edges {
		e.queue = slices.DeleteFunc(e.queue, func(c *call) bool { return c.ID == id })
		delete(e.open, id)
		if e.views[id] != nil {
			e.drop(id)
		}
	}
}
