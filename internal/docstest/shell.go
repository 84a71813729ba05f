package docstest

import (
	"strings"
)

// Commands splits a block of commands into its commands, each into words, as a
// shell does, without running anything: lines joined by a backslash, comments,
// quotes, pipes, lists and redirections. Substitutions stay as they are written;
// a here-document's text is left out.
func Commands(text string) [][]string {
	s := splitter{}
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		for strings.HasSuffix(line, `\`) && i+1 < len(lines) {
			i++
			line = strings.TrimSuffix(line, `\`) + lines[i] // as a shell does
		}
		for s.open(line) && i+1 < len(lines) { // a quote that goes on
			i++
			line += "\n" + lines[i]
		}
		end := s.split(line)
		for end != "" && i+1 < len(lines) {
			i++
			if strings.TrimSpace(lines[i]) == end {
				break
			}
		}
	}
	return s.all
}

type splitter struct {
	all [][]string
	now []string
}

// open reports whether a quote in the line is not closed.
func (s *splitter) open(line string) bool {
	quote := rune(0)
	for _, c := range line {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case quote == 0 && c == '#':
			return false
		}
	}
	return quote != 0
}

func (s *splitter) end() {
	if len(s.now) > 0 {
		s.all = append(s.all, s.now)
	}
	s.now = nil
}

// split splits one whole line, and returns the word that ends its here-document.
func (s *splitter) split(line string) (document string) {
	defer s.end()
	var word strings.Builder
	var quote byte
	some, depth := false, 0
	flush := func() {
		if some {
			s.now = append(s.now, word.String())
		}
		word.Reset()
		some = false
	}
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			} else {
				word.WriteByte(c)
			}
		case depth > 0 || c == '(' && strings.HasSuffix(word.String(), "$"):
			if c == '(' {
				depth++
			}
			if c == ')' {
				depth--
			}
			word.WriteByte(c)
			some = true
		case c == '\'' || c == '"':
			quote, some = c, true
		case c == ' ' || c == '\t' || c == '\n':
			flush()
		case c == '#' && !some:
			return document
		case c == ';' || c == '|' || c == '&' || c == '(' && !some:
			flush()
			s.end()
		case (c == '<' || c == '>') && strings.HasPrefix(line[i+1:], "("): // a command's output as a file
			flush()
			s.end()
			i++
		case c == '<' || c == '>':
			if strings.Trim(word.String(), "0123456789") == "" {
				word.Reset()
				some = false
			}
			flush()
			rest := strings.TrimLeft(line[i:], "<>&-")
			target, _, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
			if strings.HasPrefix(line[i:], "<<") {
				document = strings.Trim(target, `'"`)
			}
			i = len(line) - len(rest) + strings.Index(rest, target) + len(target) - 1
		default:
			word.WriteByte(c)
			some = true
		}
	}
	flush()
	return document
}
