// Package rtc holds what publishing (ingest/whip) and viewing (sink/live) both
// need around the WebRTC library. It sees signalling text only, never media.
package rtc

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"

	"github.com/pion/logging"
	"github.com/pion/sdp/v3"
	"github.com/rs/zerolog"
)

// ErrNothingAccepted reports an answer all of whose sections are rejected.
var ErrNothingAccepted = errors.New("nothing in the offer can be accepted")

// HomeCandidates moves the ICE candidates of an answer to its first section
// that isn't rejected. The WebRTC library writes them to the first section,
// and where that is a rejected one (sound first, as browsers offer it) the
// other side throws them away with it. It fails with ErrNothingAccepted, or
// when the answer is no SDP.
func HomeCandidates(answer string) (string, error) {
	var d sdp.SessionDescription
	if err := d.UnmarshalString(answer); err != nil {
		return "", fmt.Errorf("own answer: %w", err)
	}
	var candidates []sdp.Attribute
	var home *sdp.MediaDescription
	for _, m := range d.MediaDescriptions {
		if m.MediaName.Port.Value != 0 && home == nil {
			home = m
		}
		kept := m.Attributes[:0]
		for _, a := range m.Attributes {
			if a.Key == "candidate" || a.Key == "end-of-candidates" {
				candidates = append(candidates, a)
			} else {
				kept = append(kept, a)
			}
		}
		m.Attributes = kept
	}
	if home == nil {
		return "", ErrNothingAccepted
	}
	home.Attributes = append(home.Attributes, candidates...)
	b, err := d.Marshal()
	if err != nil {
		return "", fmt.Errorf("own answer: %w", err)
	}
	return string(b), nil
}

// MediaSDP is the media type of offers and answers.
const MediaSDP = "application/sdp"

// ReadOffer reads the offer that a request posts, at most limit bytes of it.
// What is none it answers itself, with false.
func ReadOffer(w http.ResponseWriter, r *http.Request, limit int64) (offer string, ok bool) {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != MediaSDP {
		w.Header().Set("Accept-Post", MediaSDP)
		http.Error(w, "send the offer as "+MediaSDP, http.StatusUnsupportedMediaType)
		return "", false
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &big):
		http.Error(w, "an offer has at most "+strconv.FormatInt(limit, 10)+" bytes", http.StatusRequestEntityTooLarge)
	case err != nil:
		http.Error(w, "the offer broke off", http.StatusBadRequest)
	default:
		return string(b), true
	}
	return "", false
}

// Log takes the WebRTC library's messages: warnings and errors at debug level,
// since their text may hold the other side's addresses, and nothing below.
func Log(log zerolog.Logger) logging.LoggerFactory { return quiet{log} }

type quiet struct{ log zerolog.Logger }

// NewLogger implements logging.LoggerFactory.
func (q quiet) NewLogger(scope string) logging.LeveledLogger {
	return quiet{q.log.With().Str("webrtc", scope).Logger()}
}

func (quiet) Trace(string)          {}
func (quiet) Tracef(string, ...any) {}
func (quiet) Debug(string)          {}
func (quiet) Debugf(string, ...any) {}
func (quiet) Info(string)           {}
func (quiet) Infof(string, ...any)  {}

func (q quiet) Warn(msg string)              { q.log.Debug().Msg(msg) }
func (q quiet) Warnf(f string, args ...any)  { q.log.Debug().Msgf(f, args...) }
func (q quiet) Error(msg string)             { q.log.Debug().Msg(msg) }
func (q quiet) Errorf(f string, args ...any) { q.log.Debug().Msgf(f, args...) }
