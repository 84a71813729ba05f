// Package logx makes the program's logger. Lines carry component and camera;
// never pixels, embeddings, names or credentials. Lines that repeat are folded,
// so that a fault which comes with every picture does not fill a disk.
package logx

import (
	"fmt"
	"io"
	"time"

	"github.com/rs/zerolog"
)

// New returns a logger that writes lines of the given level ("debug", "info",
// "warn", "error") and up to w, as "console" text or "json". What was folded last
// is told within the window; Open tells it at the end, too.
func New(w io.Writer, level, format string) (zerolog.Logger, error) {
	log, _, err := Open(w, level, format)
	return log, err
}

// Open is New for a program that ends in order: flush writes how many lines were
// folded and not told yet.
func Open(w io.Writer, level, format string) (log zerolog.Logger, flush func(), err error) {
	lv, err := zerolog.ParseLevel(level)
	if err != nil {
		return zerolog.Nop(), func() {}, fmt.Errorf("log: %w", err)
	}
	if format == "console" {
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.TimeOnly}
	}
	f := newFolder(w)
	return zerolog.New(f).Level(lv).With().Timestamp().Logger(), f.flush, nil
}
