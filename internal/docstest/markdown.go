package docstest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// Page is one page of Markdown, taken apart.
type Page struct {
	Name    string // path from the repository's root
	Blocks  []Block
	Links   []Span // targets of links and pictures
	Code    []Span // words set as code within text
	Anchors map[string]bool
	Loose   []Span // commands that stand outside of blocks of commands
	Text    string
}

// Block is one fenced block.
type Block struct {
	Line int // of its first line of content, from 1
	Lang string
	Text string
	// Not says why it is not run, or what else than a configuration it is.
	Not  string
	Ends int // status with which it ends
}

// Span is a piece of a page and its line.
type Span struct {
	Line int
	Text string
}

var (
	fence   = regexp.MustCompile("^( *)```+ *([a-z0-9]*) *$")
	comment = regexp.MustCompile(`^<!-- (.*) -->$`)
	heading = regexp.MustCompile(`^#{1,6} +(.+?) *#*$`)
	link    = regexp.MustCompile(`!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^()\s]+)\)`)
	code    = regexp.MustCompile("`([^`]+)`")
	ends    = regexp.MustCompile(`^ends with (\d+): .+`)
	program = regexp.MustCompile(`^(?:\$ )?(?:bin/)?bystander [a-z]|^(?:\$ )?make [a-z]`)
)

// Parse takes a page apart. It fails where a note above a block is not one that
// the package knows, or a block does not end.
func Parse(name, text string) (*Page, error) {
	r := reader{page: &Page{Name: name, Text: text, Anchors: map[string]bool{}}}
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		m := fence.FindStringSubmatch(lines[i])
		if m == nil {
			r.line(i+1, lines[i])
			continue
		}
		end := i + 1
		for end < len(lines) && strings.TrimSpace(lines[end]) != "```" {
			end++
		}
		if end == len(lines) {
			return nil, fmt.Errorf("%s:%d: the block does not end", name, i+1)
		}
		if err := r.block(i+2, m[2], lines[i+1:end], m[1]); err != nil {
			return nil, err
		}
		i = end
	}
	r.inline()
	return r.page, nil
}

type reader struct {
	page *Page
	note string // of the comment above, while nothing but empty lines follows
	text []Span // lines of running text
}

func (r *reader) line(n int, s string) {
	if m := comment.FindStringSubmatch(strings.TrimSpace(s)); m != nil {
		r.note = m[1]
		return
	}
	if strings.TrimSpace(s) == "" {
		r.text = append(r.text, Span{n, ""})
		return
	}
	r.note = ""
	if m := heading.FindStringSubmatch(s); m != nil {
		r.anchor(m[1])
	}
	if program.MatchString(strings.TrimSpace(s)) && strings.HasPrefix(s, "    ") {
		r.page.Loose = append(r.page.Loose, Span{n, strings.TrimSpace(s)})
	}
	r.text = append(r.text, Span{n, s})
}

func (r *reader) block(n int, lang string, lines []string, indent string) error {
	b := Block{Line: n, Lang: lang}
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], indent)
		if lang != "sh" && lang != "console" && program.MatchString(lines[i]) {
			r.page.Loose = append(r.page.Loose, Span{n + i, lines[i]})
		}
	}
	b.Text = strings.Join(lines, "\n") + "\n"
	switch m := ends.FindStringSubmatch(r.note); {
	case r.note == "":
	case m != nil:
		b.Ends, _ = strconv.Atoi(m[1])
	default:
		kind, why, ok := strings.Cut(r.note, ": ")
		if !ok || kind != "not run" && kind != "not a configuration" || strings.TrimSpace(why) == "" {
			return fmt.Errorf("%s:%d: unknown note above the block: %q", r.page.Name, n, r.note)
		}
		b.Not = why
	}
	r.note = ""
	r.page.Blocks = append(r.page.Blocks, b)
	return nil
}

// anchor notes a heading under the name that links use for it.
func (r *reader) anchor(text string) {
	text = link.ReplaceAllStringFunc(text, func(s string) string { return s[strings.Index(s, "[")+1 : strings.LastIndex(s, "](")] })
	var b strings.Builder
	for _, c := range strings.ToLower(text) {
		switch {
		case c == ' ':
			b.WriteByte('-')
		case unicode.IsLetter(c), unicode.IsNumber(c), c == '-', c == '_':
			b.WriteRune(c)
		}
	}
	name := b.String()
	for i := 1; r.page.Anchors[name]; i++ {
		name = b.String() + "-" + strconv.Itoa(i)
	}
	r.page.Anchors[name] = true
}

// inline finds links and code, which may run over the ends of lines within a
// paragraph.
func (r *reader) inline() {
	for i := 0; i < len(r.text); i++ {
		first, whole := r.text[i].Line, r.text[i].Text
		for i+1 < len(r.text) && r.text[i+1].Line == r.text[i].Line+1 && strings.TrimSpace(r.text[i+1].Text) != "" {
			i++
			whole += "\n" + r.text[i].Text
		}
		at := func(pos int) int { return first + strings.Count(whole[:pos], "\n") }
		plain := []byte(whole)
		for _, m := range code.FindAllStringSubmatchIndex(whole, -1) {
			text := strings.Join(strings.Fields(whole[m[2]:m[3]]), " ")
			r.page.Code = append(r.page.Code, Span{at(m[0]), text})
			for j := m[2]; j < m[3]; j++ { // what is code is no link
				if plain[j] != '\n' {
					plain[j] = 'x'
				}
			}
		}
		for _, m := range link.FindAllSubmatchIndex(plain, -1) {
			r.page.Links = append(r.page.Links, Span{at(m[2]), whole[m[2]:m[3]]})
		}
	}
}
