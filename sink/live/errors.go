package live

import "errors"

// The reasons why a viewer is not let in. The HTTP handler turns each into a
// status code.
var (
	// ErrUnknownCamera reports a camera that has no live stream.
	ErrUnknownCamera = errors.New("live: no such camera")
	// ErrUnknownSession reports a session that is over or never was.
	ErrUnknownSession = errors.New("live: no such session")
	// ErrTooManyViewers reports that a camera, or the hub, is full.
	ErrTooManyViewers = errors.New("live: too many viewers; close another view or raise the limit")
	// ErrBadOffer reports an SDP offer that cannot be used at all.
	ErrBadOffer = errors.New("live: unusable SDP offer")
	// ErrNoCodec reports an offer that asks for no H.264 video to receive.
	ErrNoCodec = errors.New("live: the offer must ask to receive H.264 video (packetization-mode 1)")
	// ErrClosed reports use after Close.
	ErrClosed = errors.New("live: closed")
	// ErrNotH264 reports a packet without any H.264 picture in Annex B form.
	ErrNotH264 = errors.New("live: packet holds no H.264 access unit")
)
