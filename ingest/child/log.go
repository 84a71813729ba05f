package child

import (
	"fmt"
	"io"
	"strings"

	"github.com/rs/zerolog"
)

// newLog writes lines as the edge reads them: the level's first letter, the
// message, the fields.
func newLog(w io.Writer) zerolog.Logger {
	return zerolog.New(zerolog.ConsoleWriter{
		Out: w, NoColor: true,
		PartsOrder: []string{zerolog.LevelFieldName, zerolog.MessageFieldName},
		FormatLevel: func(v any) string {
			s := strings.ToUpper(fmt.Sprint(v))
			if s == "" {
				return "I"
			}
			return s[:1]
		},
	})
}
