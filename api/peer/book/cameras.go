package book

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Any stands for every camera.
const Any = "*"

// maxPatterns bounds what is kept of one edge.
const maxPatterns = 256

var patternForm = regexp.MustCompile(`^[a-z0-9*][a-z0-9*_-]{0,62}$`)

// Cameras are the cameras that an edge may serve: their ids, with * for any part of
// one. Without any named, as of edges that were let in before cameras were, all are.
type Cameras []string

// Limited reports whether there are cameras that the edge may not serve.
func (c Cameras) Limited() bool { return len(c) > 0 && !slices.Contains(c, Any) }

// Allow reports whether the edge may serve a camera.
func (c Cameras) Allow(id string) bool {
	return !c.Limited() || slices.ContainsFunc(c, func(pattern string) bool {
		ok, err := path.Match(pattern, id)
		return err == nil && ok
	})
}

// String lists them for people.
func (c Cameras) String() string {
	if !c.Limited() {
		return "any camera"
	}
	return strings.Join(c, ", ")
}

// list is how they are kept.
func (c Cameras) list() (string, error) {
	out := append(Cameras{}, c...)
	slices.Sort(out)
	out = slices.Compact(out)
	if len(out) > maxPatterns {
		return "", fmt.Errorf("%w: more than %d cameras; use *, as in hall-*", ErrInvalid, maxPatterns)
	}
	for _, p := range out {
		if !patternForm.MatchString(p) {
			return "", fmt.Errorf("%w: camera %.80q: ids as in the configuration, with * for any part of one", ErrInvalid, p)
		}
	}
	b, err := json.Marshal(out)
	if err != nil {
		return "", fmt.Errorf("book: %w", err)
	}
	return string(b), nil
}
