// Package doctor looks at an installation and its machine and says what is wrong,
// why that matters, and what to do about it: a command, or a key of the
// configuration. Each check takes what it looks at as arguments, so that it can be
// tried on a machine that is sick on purpose; internal/app says where things are.
package doctor

// Level is how grave a finding is.
type Level string

// The levels. A failure must be mended; doctor then ends with a status of 1.
const (
	Fine Level = "ok"
	Warn Level = "warning"
	Bad  Level = "failure"
)

// Finding is one thing that was looked at.
type Finding struct {
	Name  string `json:"name"`
	Level Level  `json:"level"`
	Text  string `json:"text"`          // what was found
	Why   string `json:"why,omitempty"` // why it matters; empty where nothing is wrong
	Fix   string `json:"fix,omitempty"` // what to do
}

// fine, warn and bad make findings.
func fine(name, text string) Finding { return Finding{Name: name, Level: Fine, Text: text} }

func warn(name, text, why, fix string) Finding { return Finding{name, Warn, text, why, fix} }

func bad(name, text, why, fix string) Finding { return Finding{name, Bad, text, why, fix} }

// Sick reports whether anything must be mended.
func Sick(all []Finding) bool {
	for _, f := range all {
		if f.Level == Bad {
			return true
		}
	}
	return false
}
