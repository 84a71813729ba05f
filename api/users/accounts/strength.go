package accounts

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a password. There are no rules on what it is made of: length and not
// being a common one is what counts (NIST SP 800-63B-4, 3.1.1.2).
const (
	MinPassword = 12  // characters
	MaxPassword = 256 // bytes
)

// common are the pieces that the commonest passwords consist of, in small
// letters, with figures for letters undone.
var common = []string{
	"password", "passwort", "passphrase", "qwertyuiop", "qwerty", "qwertz", "azerty", "asdfghjkl", "asdfgh", "asdf", "zxcvbnm", "zxcvbn",
	"letmein", "welcome", "iloveyou", "administrator", "admin", "root", "superuser", "guest", "login", "master", "monkey", "dragon", "shadow",
	"sunshine", "princess", "football", "baseball", "superman", "batman", "trustno", "starwars", "freedom", "whatever", "hello", "charlie",
	"michael", "jordan", "hunter", "killer", "secret", "access", "changeme", "change", "default", "temporary", "temp", "test", "demo", "abc",
	"bystander", "camera", "security", "operator", "auditor", "kiosk", "computer", "internet", "google", "summer", "winter", "spring", "autumn",
	"january", "february", "march", "april", "june", "july", "august", "september", "october", "november", "december",
	"woaini", "mima", "nihao", "zhongguo", "beijing", "shanghai", "guanli", "the", "and", "user", "pass", "word", "please", "my", "is", "me",
}

// leet undoes the usual figures and signs for letters.
var leet = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i")

// CheckStrength refuses, with ErrWeak, passwords that are too short, too long or
// among the first that anybody would guess.
func CheckStrength(password, id string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password):
		return fmt.Errorf("%w: it holds bytes that are no characters", ErrWeak)
	case n < MinPassword:
		return fmt.Errorf("%w: use at least %d characters; a few words that do not belong together are easy to remember", ErrWeak, MinPassword)
	case len(password) > MaxPassword:
		return fmt.Errorf("%w: use at most %d bytes", ErrWeak, MaxPassword)
	case guessable(password, id):
		return fmt.Errorf("%w: it is among the first that would be guessed; use a few words that do not belong together", ErrWeak)
	}
	return nil
}

// guessable reports whether little is left once common words, figures, runs and
// repetitions are taken away.
func guessable(password, id string) bool {
	words := slices.Clone(common)
	if len(id) >= 3 {
		words = append(words, strings.ToLower(id))
	}
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) }) // the longest first
	return left(password, words) < 4 || left(leet.Replace(strings.ToLower(password)), words) < 4
}

// left counts the distinct steps of what remains: characters that neither repeat
// nor continue those before.
func left(password string, words []string) int {
	rest := strings.ToLower(password)
	for _, w := range words {
		rest = strings.ReplaceAll(rest, w, "")
	}
	seen := map[string]bool{}
	var before, last rune
	for _, r := range rest {
		step := r - last
		if (unicode.IsLetter(r) || r > unicode.MaxASCII) && (step < -1 || step > 1) {
			seen[string([]rune{before, r})] = true
		}
		before, last = last, r
	}
	return len(seen)
}
