package ingest

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// userInfo matches what stands between "scheme://" and the last "@" before the
// path. Passwords typed by people hold "@", "/" or spaces unescaped often
// enough, so it errs on the side of hiding: without a space or quote, all up to
// the last "@" goes.
var userInfo = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)[^\s"'<>]*@`)

// secretParam matches parameters that cameras use for credentials, in a query or
// in the path itself, where some join them by "_" (…/user=admin_password=x_…).
// There nobody can tell where a password ends, so all up to the next "&" goes.
var secretParam = regexp.MustCompile(`(?i)([?&;/_](?:user(?:name)?|usr|login|pass(?:word|wd|phrase|code)?|psw|pwd|pin|token|auth|key|secret)=)[^&;\s"']*`)

// authHeader matches the value of an authorization header in a dumped message.
var authHeader = regexp.MustCompile(`(?i)((?:proxy-)?authorization:\s*)[^\r\n]*`)

// Redact returns s, an address or any text that may hold addresses, without
// credentials: user info becomes "***", and so do the values of query
// parameters and headers that carry secrets.
func Redact(s string) string {
	s = userInfo.ReplaceAllString(s, "${1}***@")
	s = secretParam.ReplaceAllString(s, "${1}***")
	return authHeader.ReplaceAllString(s, "${1}***")
}

// PlainText makes text from outside fit for a log or a page: credentials and
// control characters are taken out, and it is cut to at most n bytes.
func PlainText(s string, n int) string {
	s = Redact(strings.ToValidUTF8(s, "?"))
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
