package logx

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// The bounds on what is written. In each window, at most perKey lines of one kind
// pass (one level, component, camera and message), and at most perClass lines
// altogether: of errors, and of everything milder. A line a second of one kind
// always passes. The rest is counted, and told when the window ends; so nothing
// is lost without a word, and errors are not crowded out by chatter.
const (
	window   = 10 * time.Second
	perKey   = 20
	perClass = 500
	// mostMessage is how much of a message makes its kind.
	mostMessage = 200
)

// folder writes lines, each kind only so often. It is safe for concurrent use.
type folder struct {
	out io.Writer

	mu     sync.Mutex
	until  time.Time // the window's end
	kinds  map[string]*kind
	class  [classes]count
	key    []byte // room to build one
	ending *time.Timer
}

// The classes of lines.
const (
	mild    = iota
	errored // error and worse
	classes
)

// kind is what lines have in common that are folded into one.
type kind struct {
	level                      zerolog.Level
	component, camera, message string
	count
}

type count struct{ passed, folded int }

func newFolder(out io.Writer) *folder { return &folder{out: out, kinds: map[string]*kind{}} }

// Write implements io.Writer, for lines without a level, which pass.
func (f *folder) Write(p []byte) (int, error) { return f.WriteLevel(zerolog.NoLevel, p) }

// WriteLevel implements zerolog.LevelWriter. The last words of a program that
// ends itself pass always.
func (f *folder) WriteLevel(level zerolog.Level, p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if level >= zerolog.FatalLevel {
		return f.out.Write(p)
	}
	now := time.Now()
	if !now.Before(f.until) {
		f.tell()
		f.until = now.Add(window)
	}
	if !f.passes(level, p) {
		if f.ending == nil {
			f.ending = time.AfterFunc(f.until.Sub(now), f.end)
		}
		return len(p), nil
	}
	return f.out.Write(p)
}

// passes counts a line and reports whether it is written.
func (f *folder) passes(level zerolog.Level, p []byte) bool {
	c := &f.class[classOf(level)]
	component, camera, message := field(p, "component"), field(p, "camera"), last(p, zerolog.MessageFieldName)
	f.key = append(f.key[:0], byte(level)) //nolint:gosec // a handful of levels
	for _, part := range [][]byte{component, camera, message} {
		f.key = append(append(f.key, 0), part...)
	}
	k := f.kinds[string(f.key)]
	switch {
	case k == nil && c.passed >= perClass:
		c.folded++ // of a kind that nobody remembers
		return false
	case k == nil:
		k = &kind{level: level, component: plain(component), camera: plain(camera), message: plain(message)}
		f.kinds[string(f.key)] = k
	case k.passed >= perKey || c.passed >= perClass:
		k.folded++
		return false
	}
	k.passed++
	c.passed++
	return true
}

func classOf(level zerolog.Level) int {
	if level >= zerolog.ErrorLevel && level < zerolog.NoLevel {
		return errored
	}
	return mild
}

// end tells what was folded when a window ends and nobody writes.
func (f *folder) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ending = nil
	f.tell()
	f.until = time.Time{}
}

// flush tells what was folded so far.
func (f *folder) flush() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tell()
	f.until = time.Time{}
}

// tell writes a line for each kind that was folded, and begins to count anew.
func (f *folder) tell() {
	if f.ending != nil {
		f.ending.Stop()
		f.ending = nil
	}
	log := zerolog.New(f.out).With().Timestamp().Logger()
	for _, k := range f.kinds {
		if k.folded == 0 {
			continue
		}
		e := log.WithLevel(k.level).Int("folded", k.folded)
		if k.component != "" {
			e = e.Str("component", k.component)
		}
		if k.camera != "" {
			e = e.Str("camera", k.camera)
		}
		e.Msg(k.message)
	}
	for c, level := range [classes]zerolog.Level{mild: zerolog.WarnLevel, errored: zerolog.ErrorLevel} {
		if n := f.class[c].folded; n > 0 {
			log.WithLevel(level).Int("folded", n).Msg("lines of many kinds were left out: too much is said at once")
		}
	}
	clear(f.kinds)
	f.class = [classes]count{}
}

// field returns the text of a line's first field of that name, as it stands in
// JSON; nil when there is none.
func field(line []byte, name string) []byte {
	return text(line, bytes.Index(line, []byte(`"`+name+`":"`)), name)
}

// last is field for the last one, which the message is.
func last(line []byte, name string) []byte {
	v := text(line, bytes.LastIndex(line, []byte(`"`+name+`":"`)), name)
	return v[:min(len(v), mostMessage)]
}

// plain is a text without JSON's escapes. One that was cut in the midst of an
// escape ends before it.
func plain(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw)
	}
	for {
		var s string
		if json.Unmarshal(append(append([]byte{'"'}, raw...), '"'), &s) == nil {
			return s
		}
		cut := bytes.LastIndexByte(raw, '\\')
		if cut < 0 {
			return string(raw)
		}
		raw = raw[:cut]
	}
}

func text(line []byte, at int, name string) []byte {
	if at < 0 {
		return nil
	}
	v := line[at+len(name)+4:]
	for i := 0; i < len(v); i++ {
		switch v[i] {
		case '\\':
			i++
		case '"':
			return v[:i]
		}
	}
	return v
}
