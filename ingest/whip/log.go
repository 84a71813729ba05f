package whip

import (
	"github.com/pion/logging"
	"github.com/rs/zerolog"
)

// pionLog takes the WebRTC library's warnings at debug level, since its text
// may hold the publisher's addresses; what is below a warning is dropped.
type pionLog struct{ log zerolog.Logger }

func (p pionLog) NewLogger(scope string) logging.LeveledLogger {
	return pionLog{p.log.With().Str("webrtc", scope).Logger()}
}

func (pionLog) Trace(string)          {}
func (pionLog) Tracef(string, ...any) {}
func (pionLog) Debug(string)          {}
func (pionLog) Debugf(string, ...any) {}
func (pionLog) Info(string)           {}
func (pionLog) Infof(string, ...any)  {}

func (p pionLog) Warn(msg string)              { p.log.Debug().Msg(msg) }
func (p pionLog) Warnf(f string, args ...any)  { p.log.Debug().Msgf(f, args...) }
func (p pionLog) Error(msg string)             { p.log.Debug().Msg(msg) }
func (p pionLog) Errorf(f string, args ...any) { p.log.Debug().Msgf(f, args...) }
