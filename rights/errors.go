package rights

import (
	"errors"
	"fmt"
)

// The ways in which a step is refused. Each comes as a *Refusal.
var (
	ErrInvalid    = errors.New("rights: not acceptable")                     // 422
	ErrUnverified = errors.New("rights: identity not verified")              // 403
	ErrForbidden  = errors.New("rights: not by this account")                // 403
	ErrState      = errors.New("rights: not in this state")                  // 409
	ErrOpenTasks  = errors.New("rights: not every system has acknowledged")  // 409
	ErrNotFound   = errors.New("rights: no such request")                    // 404
	ErrDisposed   = errors.New("rights: disposed of under its rule")         // 410
	ErrVersion    = errors.New("rights: changed by another in the meantime") // 412
)

// Codes of refusals.
const (
	CodeUnverified = "IDENTITY_UNVERIFIED"
	CodeState      = "WRONG_STATE"
	CodeOpenTasks  = "CONNECTORS_OPEN"
	CodeField      = "FIELD"
	CodeGround     = "GROUND"
	CodeEvidence   = "KEY_DESTRUCTION_EVIDENCE"
	CodeExtended   = "ALREADY_EXTENDED"
	CodeTerm       = "EXTENSION_TOO_LONG"
	CodeNotFound   = "NOT_FOUND"
	CodeDisposed   = "DISPOSED"
	CodeVersion    = "VERSION"
	CodeSameDecide = "APPEAL_SAME_OFFICER"
	CodeNoReview   = "HUMAN_REVIEW"
)

// Refusal says why a step was not taken. It wraps one of the errors above.
type Refusal struct {
	Kind   error
	Code   string
	Field  string // that it is about, where there is one
	Detail string
	Open   []string // connectors that have not acknowledged
}

// Error implements error.
func (r *Refusal) Error() string { return r.Code + ": " + r.Detail }

// Unwrap makes errors.Is find the kind.
func (r *Refusal) Unwrap() error { return r.Kind }

func refuse(kind error, code, format string, a ...any) *Refusal {
	return &Refusal{Kind: kind, Code: code, Detail: fmt.Sprintf(format, a...)}
}

func field(name, format string, a ...any) *Refusal {
	return &Refusal{Kind: ErrInvalid, Code: CodeField, Field: name, Detail: name + ": " + fmt.Sprintf(format, a...)}
}
