package ask

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
)

// Stamp marks a copy that leaves the house: who took it, when, why, and under
// which request the access log knows of it. It holds account ids, no names.
type Stamp struct {
	By      string // account id
	At      time.Time
	Purpose string
	Request string // X-Request-Id
}

// mark is one line of a stamp.
type mark struct{ name, text string }

func (s Stamp) marks() []mark {
	return []mark{
		{"exported_by", s.By},
		{"exported_at", s.At.UTC().Format(time.RFC3339)},
		{"purpose", s.Purpose},
		{"request", s.Request},
	}
}

// WriteStamped writes the answer like Write, with the stamp in the file itself:
// in CSV as lines that begin with # before the header, in Parquet among the
// file's key-value metadata. Other formats are shown, not taken away, and carry
// none.
func (a *Answer) WriteStamped(w io.Writer, f Format, s Stamp) error {
	switch f {
	case CSV:
		out := bufio.NewWriter(w)
		fmt.Fprintf(out, "# bystander: %s\n", a.Question.Name)
		for _, m := range s.marks() {
			fmt.Fprintf(out, "# %s: %s\n", m.name, oneLine(m.text))
		}
		if err := out.Flush(); err != nil {
			return fmt.Errorf("ask: %w", err)
		}
		return a.writeCSV(w)
	case Parquet:
		return a.writeParquet(w, s.marks()...)
	default:
		return a.Write(w, f)
	}
}

// oneLine keeps a text from ending its line, and from moving a cursor.
func oneLine(s string) string {
	return printable(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s))
}
