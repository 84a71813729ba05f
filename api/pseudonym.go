package api

import "encoding/hex"

// Letters and digits that people do not mix up when they read them aloud.
const (
	nameLetters = "ACDEFHJKLMNPRTUVWXY"
	nameDigits  = "23456789"
)

// Pseudonym is the short name by which people speak of a subject_ref: a
// letter, a digit and two letters, such as K7FA. It says nothing that the
// reference does not; two people may share one (1 in 54,872), so programs use
// the reference. An unreadable reference gives "".
func Pseudonym(subjectRef string) string {
	b, err := hex.DecodeString(subjectRef)
	if err != nil || len(b) < 4 {
		return ""
	}
	letter := func(c byte) byte { return nameLetters[int(c)%len(nameLetters)] }
	return string([]byte{letter(b[0]), nameDigits[int(b[1])%len(nameDigits)], letter(b[2]), letter(b[3])})
}
