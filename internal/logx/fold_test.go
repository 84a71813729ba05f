package logx_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/internal/logx"
)

// sink keeps what was written.
type sink struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

type line struct {
	Level, Component, Camera, Message string
	Folded                            int
}

func (s *sink) lines(t *testing.T) (out []line) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range strings.Lines(s.b.String()) {
		var v line
		require.NoError(t, json.Unmarshal([]byte(l), &v), "%s", l)
		out = append(out, v)
	}
	return out
}

func open(t *testing.T) (zerolog.Logger, func(), *sink) {
	t.Helper()
	to := &sink{}
	log, flush, err := logx.Open(to, "info", "json")
	require.NoError(t, err)
	return log, flush, to
}

// said adds up what the lines stand for, by message.
func said(lines []line) map[string]int {
	n := map[string]int{}
	for _, l := range lines {
		n[l.Message] += max(l.Folded, 1)
	}
	return n
}

// TestAStorm: a hundred thousand lines become a few, and every one is accounted
// for.
func TestAStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, _, to := open(t)
		log = log.With().Str("component", "detect").Logger()
		const storm = 100_000
		var all sync.WaitGroup
		for w := range 4 {
			all.Go(func() {
				log := log.With().Str("camera", fmt.Sprintf("cam-%d", w%2)).Logger()
				for i := range storm / 4 {
					log.Error().Err(errors.New("out of memory")).Int("at", i).Msg("a detector failed")
				}
			})
		}
		all.Wait()
		require.Len(t, to.lines(t), 40, "twenty of each camera pass")
		time.Sleep(10 * time.Second) // the bubble's clock: nobody writes any more
		synctest.Wait()
		lines := to.lines(t)
		require.Len(t, lines, 42)
		for _, l := range lines[40:] {
			require.Equal(t, line{"error", "detect", l.Camera, "a detector failed", storm/2 - 20}, l)
		}
		require.Equal(t, storm, said(lines)["a detector failed"])
	})
}

// TestAStormOfManyKinds: when every line is another, the number is what is told,
// and errors still come through beside chatter.
func TestAStormOfManyKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, flush, to := open(t)
		const storm = 100_000
		for i := range storm {
			log.Info().Msg(fmt.Sprintf("chatter %d", i))
		}
		log.Error().Msg("the disk is gone")
		for i := range storm {
			log.Error().Msg(fmt.Sprintf("trouble %d", i))
		}
		flush()
		lines := to.lines(t)
		require.LessOrEqual(t, len(lines), 2*500+2)
		total, gone := 0, 0
		for _, l := range lines {
			total += max(l.Folded, 1)
			if l.Message == "the disk is gone" {
				gone++
			}
		}
		require.Equal(t, 2*storm+1, total)
		require.Equal(t, 1, gone)
	})
}

func TestSlowLinesAllPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, _, to := open(t)
		for range 300 {
			log.Warn().Msg("no time service keeps the clock")
			time.Sleep(time.Second) // the bubble's clock
		}
		lines := to.lines(t)
		require.Len(t, lines, 300)
		for _, l := range lines {
			require.Zero(t, l.Folded)
		}
	})
}

func TestTheNextWindowBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, flush, to := open(t)
		for range 3 {
			for range 25 {
				log.Error().Msg("again")
			}
			time.Sleep(11 * time.Second) // the bubble's clock
		}
		flush()
		flush() // says nothing twice
		require.Equal(t, 75, said(to.lines(t))["again"])
		require.Len(t, to.lines(t), 63)
	})
}

func TestKindsAreToldApart(t *testing.T) {
	log, flush, to := open(t)
	for range 30 {
		log.Error().Str("component", "a").Msg(`said "so"`)
		log.Error().Str("component", "b").Msg(`said "so"`)
		log.Warn().Str("component", "b").Msg(`said "so"`)
		log.Warn().Str("text", `"component":"b" "message":"x"`).Msg("")
	}
	flush()
	lines := to.lines(t)
	require.Len(t, lines, 4*21)
	for _, l := range lines[80:] {
		require.Equal(t, 10, l.Folded)
		require.Contains(t, []string{`said "so"`, ""}, l.Message)
	}
}

func TestAWrongLevel(t *testing.T) {
	_, err := logx.New(&sink{}, "loud", "json")
	require.Error(t, err)
}

func FuzzAnyLineIsWritten(f *testing.F) {
	f.Add("msg", "component", "camera")
	f.Add("\\", "\"", "\\\"message\":\"")
	f.Add("\xff", "", "\n")
	f.Fuzz(func(t *testing.T, msg, component, camera string) {
		to := &sink{}
		log, flush, err := logx.Open(to, "info", "json")
		require.NoError(t, err)
		for range 30 {
			log.Error().Str("component", component).Str("camera", camera).Msg(msg)
		}
		flush()
		total := 0
		for _, l := range to.lines(t) {
			total += max(l.Folded, 1)
		}
		require.Equal(t, 30, total)
	})
}
