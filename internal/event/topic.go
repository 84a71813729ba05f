package event

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Topic is what a topic of the bus is for. Its name there has the site's prefix
// in front; see internal/kafkax.
type Topic string

// The topics.
const (
	TopicEvents      Topic = "events"      // the match log and all that auditors ask about
	TopicPolicy      Topic = "policy"      // signed snapshots and leases; compacted
	TopicReplay      Topic = "replay"      // what the store asks edges for again, and their answers
	TopicCheckpoints Topic = "checkpoints" // signed heads of the Merkle log; compacted
	TopicParked      Topic = "parked"      // records that could not be read, with the reason
)

// Topics lists the topics.
func Topics() []Topic {
	return []Topic{TopicEvents, TopicPolicy, TopicReplay, TopicCheckpoints, TopicParked}
}

// topicClass is the highest data class that may stand on a topic in the clear.
// Nothing of class L4 may leave the edge by any of them (INV-10).
func topicClass(t Topic) Class {
	switch t {
	case TopicEvents, TopicParked:
		return L3 // a parked record is one that was on its way to the events
	case TopicPolicy:
		return L3 // enrollees by their random ids, and the consents that stand
	case TopicReplay, TopicCheckpoints:
		return L1
	default:
		return ""
	}
}

// TopicClass returns the highest data class that t may carry; none for a topic
// that is not in the list, so that it carries nothing.
func TopicClass(t Topic) Class { return topicClass(t) }

// ErrClass reports a datum that may not stand on a topic.
var ErrClass = errors.New("event: data class not allowed on the topic")

// Allows reports whether t may carry a datum of class c.
func (t Topic) Allows(c Class) bool {
	order := []Class{L1, L2, L3, L4}
	most, have := slices.Index(order, topicClass(t)), slices.Index(order, c)
	return most >= 0 && have >= 0 && have <= most && c != L4
}

// CheckFields reports with ErrClass the fields of Event that t may not carry. A
// producer asks once, before it sends anything.
func (t Topic) CheckFields() error {
	var errs []error
	for _, f := range table() {
		if !t.Allows(f.Class) {
			errs = append(errs, fmt.Errorf("%w: %s is %s, %s carries at most %s", ErrClass, f.Name, f.Class, t, topicClass(t)))
		}
		if w := biometricWord(f.Name); w != "" {
			errs = append(errs, fmt.Errorf("%w: the field %s speaks of a %s", ErrClass, f.Name, w))
		}
	}
	return errors.Join(errs...)
}

// CheckContent looks for what no class tag can tell of: a picture, a template
// or a list of numbers put where text belongs. It fails with ErrClass.
func (t Topic) CheckContent(e *Event) error {
	if t != TopicEvents {
		return fmt.Errorf("%w: events do not go to %s", ErrClass, t)
	}
	if p := pictureMagic(e.PayloadEnc); p != "" {
		return fmt.Errorf("%w: payload_enc is a %s, not ciphertext", ErrClass, p)
	}
	for k, v := range e.Detail {
		if w := biometricWord(k); w != "" {
			return fmt.Errorf("%w: detail %q speaks of a %s", ErrClass, k, w)
		}
		if w := pictureText(v); w != "" {
			return fmt.Errorf("%w: detail %q holds a %s", ErrClass, k, w)
		}
	}
	return nil
}

// biometricWord returns the word in a field's name that only an L4 datum has.
// References to such data (template_ref) and digests are pseudonyms, not they.
func biometricWord(name string) string {
	name = strings.ToLower(name)
	if strings.HasSuffix(name, "_ref") || strings.HasSuffix(name, "_digest") || strings.HasSuffix(name, "_hash") {
		return ""
	}
	for part := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '_' || r == '-' || r == '.' }) {
		switch part {
		case "template", "embedding", "descriptor", "vector", "landmarks", "crop", "thumbnail", "picture", "image",
			"photo", "jpeg", "png", "pixels", "fullname", "surname", "birthdate", "passport", "email", "phone":
			return part
		}
	}
	return ""
}

// pictureMagic names the picture format that b starts as. The marks are long
// enough that ciphertext has them by chance less than once in 2⁵⁰.
func pictureMagic(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		return "PNG picture"
	case len(b) > 11 && bytes.HasPrefix(b, []byte("\xff\xd8\xff")) && (string(b[6:10]) == "JFIF" || string(b[6:10]) == "Exif"):
		return "JPEG picture"
	case len(b) > 11 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP":
		return "WebP picture"
	}
	return ""
}

// pictureText names what a text hides: a picture in base64, or a vector.
func pictureText(s string) string {
	switch {
	case strings.HasPrefix(s, "data:image/"), strings.HasPrefix(s, "iVBORw0KGgo"), strings.HasPrefix(s, "/9j/"), strings.HasPrefix(s, "UklGR"):
		return "picture"
	case strings.Count(s, ".") >= minVector && numbers(s) >= minVector:
		return "vector"
	}
	return ""
}

// minVector is how many fractions in a row make a text a vector. The shortest
// face template in use has 128 numbers.
const minVector = 32

// numbers counts the fractions in a list such as "0.12,-0.5".
func numbers(s string) int {
	n := 0
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune(",; []\t\n", r) }) {
		if strings.Contains(part, ".") && strings.Trim(part, "+-.0123456789eE") == "" {
			n++
		}
	}
	return n
}
