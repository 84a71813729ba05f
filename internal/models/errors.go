package models

import (
	"errors"
	"fmt"
)

// The errors of this package, to be told apart with errors.Is.
var (
	// ErrUnknown reports a name that the manifest does not hold.
	ErrUnknown = errors.New("models: unknown model")
	// ErrMissing reports that no source had the model.
	ErrMissing = errors.New("models: model not found")
	// ErrHash reports a file whose SHA-256 is not the manifest's.
	ErrHash = errors.New("models: wrong SHA-256")
	// ErrManifest reports a manifest that breaks its own rules.
	ErrManifest = errors.New("models: bad manifest")
)

// HashError tells which file is not the one the manifest names. It is ErrHash.
type HashError struct {
	Model    string
	File     string // path or address
	Expected string // hex
	Got      string // hex; empty when the file has another length
	Bytes    int64
	WayOut   string
}

func (e *HashError) Error() string {
	return fmt.Sprintf("models: %s: %s is not the file that the manifest names: SHA-256 expected %s, got %s (%d bytes); %s",
		e.Model, e.File, e.Expected, e.Got, e.Bytes, e.WayOut)
}

// Is makes errors.Is(err, ErrHash) true.
func (e *HashError) Is(target error) bool { return target == ErrHash }
