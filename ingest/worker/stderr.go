package worker

import (
	"bufio"
	"errors"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"bystander/ingest"
)

const (
	maxLine      = 400 // bytes of a worker's line that are kept
	linesPerSec  = 20
	maxPrefixLen = 2
)

// logLines passes a worker's standard error to the log, one line at a time,
// until r ends: cut in length, limited in rate, and without credentials.
func logLines(r io.Reader, log zerolog.Logger, spec ingest.Spec) {
	log = log.With().Str("component", "ingest.worker").Logger()
	hide := secretsOf(spec.URL)
	br := bufio.NewReaderSize(r, maxLine)
	limit := bucket{rate: linesPerSec, burst: 5 * linesPerSec, fill: 5 * linesPerSec, at: time.Now()}
	var skipped int
	for {
		line, err := br.ReadSlice('\n')
		text := string(line)
		for errors.Is(err, bufio.ErrBufferFull) { // the rest of a long line goes
			_, err = br.ReadSlice('\n')
		}
		if text = strings.TrimSpace(text); text != "" {
			if limit.take(time.Now()) {
				if skipped > 0 {
					log.Warn().Int("lines", skipped).Msg("the worker wrote more lines than are kept")
					skipped = 0
				}
				emit(log, ingest.PlainText(hide.Replace(text), maxLine))
			} else {
				skipped++
			}
		}
		if err != nil {
			return
		}
	}
}

// emit logs a line at the level that its first letter names ("E ", "W ", "I ",
// "D "); what the runtime or a C library wrote has no such letter.
func emit(log zerolog.Logger, line string) {
	level := zerolog.WarnLevel
	if len(line) > maxPrefixLen && line[1] == ' ' {
		switch line[0] {
		case 'E':
			level, line = zerolog.ErrorLevel, line[2:]
		case 'W':
			line = line[2:]
		case 'I':
			level, line = zerolog.InfoLevel, line[2:]
		case 'D':
			level, line = zerolog.DebugLevel, line[2:]
		}
	}
	log.WithLevel(level).Msg(line)
}

// secretsOf hides the credentials of an address wherever they stand, in either
// spelling.
func secretsOf(address string) *strings.Replacer {
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return strings.NewReplacer()
	}
	var pairs []string
	add := func(s string) {
		if len(s) >= 3 { // shorter ones would blank out half of every line
			pairs = append(pairs, s, "***")
		}
	}
	if pw, ok := u.User.Password(); ok {
		add(pw)
		add(url.QueryEscape(pw))
		add(url.PathEscape(pw))
		if _, raw, ok := strings.Cut(u.User.String(), ":"); ok {
			add(raw)
		}
	}
	return strings.NewReplacer(pairs...)
}
