// Package logx makes the program's logger. Lines carry component and camera;
// never pixels, embeddings, names or credentials.
package logx

import (
	"fmt"
	"io"
	"time"

	"github.com/rs/zerolog"
)

// New returns a logger that writes lines of the given level ("debug", "info",
// "warn", "error") and up to w, as "console" text or "json".
func New(w io.Writer, level, format string) (zerolog.Logger, error) {
	lv, err := zerolog.ParseLevel(level)
	if err != nil {
		return zerolog.Nop(), fmt.Errorf("log: %w", err)
	}
	if format == "console" {
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.TimeOnly}
	}
	return zerolog.New(w).Level(lv).With().Timestamp().Logger(), nil
}
