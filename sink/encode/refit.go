package encode

import "bystander/internal/frame"

// Refit changes the box that pictures are made to fit into, from the next one
// on, which then begins anew with a key picture; a box of zero ends it. It
// belongs to the goroutine that encodes. Whoever calls it has covered the
// pictures at full size already.
func (s *Stream) Refit(box frame.Size) { s.cfg.Fit = box }
