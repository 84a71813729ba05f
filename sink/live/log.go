package live

import (
	"github.com/pion/logging"
	"github.com/rs/zerolog"
)

// pionLog passes on that something inside the WebRTC library went wrong. Below
// warnings it is silent. The library's text may hold addresses of viewers, so
// it is kept to debug level.
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
