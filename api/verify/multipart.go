package verify

import (
	"bytes"
	"errors"
	"mime"
	"net/textproto"
	"strings"
)

var errMultipart = errors.New("the body is not multipart/form-data with one part for each field")

// parseMultipart finds the parts of a form (RFC 7578) where they lie in b; no
// copy of them is made. File names are not looked at.
func parseMultipart(b []byte, boundary string) (map[string]value, error) {
	if boundary == "" || len(boundary) > 70 {
		return nil, errMultipart
	}
	mark := []byte("--" + boundary)
	b, ok := bytes.CutPrefix(b, mark)
	if !ok { // a preamble, which nobody sends
		return nil, errMultipart
	}
	out := map[string]value{}
	sep := append([]byte("\r\n"), mark...)
	for {
		if rest, last := bytes.CutPrefix(b, []byte("--")); last {
			if len(bytes.TrimSpace(rest)) > 0 {
				return nil, errMultipart
			}
			return out, nil
		}
		if b, ok = bytes.CutPrefix(b, []byte("\r\n")); !ok {
			return nil, errMultipart
		}
		part, rest, ok := bytes.Cut(b, sep)
		if !ok {
			return nil, errMultipart
		}
		name, body, err := partOf(part)
		if err != nil {
			return nil, err
		}
		if _, twice := out[name]; twice {
			return nil, errTwice
		}
		if len(out) == maxFields {
			return nil, errFields
		}
		out[name] = value{b: body}
		b = rest
	}
}

// partOf splits a part into the name of its field and its content.
func partOf(part []byte) (name string, body []byte, err error) {
	head, body, ok := bytes.Cut(part, []byte("\r\n\r\n"))
	if !ok || len(head) > 1024 {
		return "", nil, errMultipart
	}
	for line := range strings.SplitSeq(string(head), "\r\n") {
		k, v, ok := strings.Cut(line, ":")
		if !ok {
			return "", nil, errMultipart
		}
		switch textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(k)) {
		case "Content-Disposition":
			kind, params, err := mime.ParseMediaType(v)
			if err != nil || kind != "form-data" || name != "" {
				return "", nil, errMultipart
			}
			name = params["name"]
		case "Content-Transfer-Encoding": // RFC 7578 forbids it
			return "", nil, errMultipart
		}
	}
	if name == "" {
		return "", nil, errMultipart
	}
	return name, body, nil
}
