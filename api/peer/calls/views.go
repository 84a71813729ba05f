package calls

import "time"

// view is somebody who watches.
type view struct {
	camera, size string
	began        time.Time // when the edge answered; zero before
	seen         bool      // the edge said that it runs
}

// view finds a view of a camera; the board's lock is held.
func (b *Board) view(camera, id string) (*edge, *view, error) {
	for _, e := range b.edges {
		if v := e.views[id]; v != nil && v.camera == camera {
			return e, v, nil
		}
	}
	return nil, nil, ErrView
}

// Has reports whether a camera has a view.
func (b *Board) Has(camera, id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, _, err := b.view(camera, id)
	return err == nil
}

// Resize has a view change over to another size. It fails with ErrView.
func (b *Board) Resize(camera, id, size string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, v, err := b.view(camera, id)
	if err != nil {
		return err
	}
	v.size, e.changed = size, true
	e.wake()
	return nil
}

// End ends a view. It fails with ErrView.
func (b *Board) End(camera, id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, _, err := b.view(camera, id)
	if err != nil {
		return err
	}
	e.drop(id)
	return nil
}

func (e *edge) drop(view string) {
	delete(e.views, view)
	e.changed = true
	e.wake()
}

// Views is how many views are open.
func (b *Board) Views() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.edges {
		n += len(e.views)
	}
	return n
}
