package sitestore

import (
	"errors"
	"fmt"

	"bystander/policy"
)

// The ways in which a change is refused. Every one comes as a *Refusal.
var (
	ErrInvalid   = errors.New("sitestore: not acceptable")       // 422
	ErrNotMet    = errors.New("sitestore: conditions not met")   // 409
	ErrForbidden = errors.New("sitestore: not by this account")  // 403
	ErrVersion   = errors.New("sitestore: changed by another")   // 412
	ErrNotFound  = errors.New("sitestore: no such thing")        // 404
	ErrGone      = errors.New("sitestore: closed for good")      // 410
	ErrKept      = errors.New("sitestore: must be kept for now") // 403
)

// Codes of refusals that are not a condition of the gate.
const (
	CodeManagedByFile = "MANAGED_BY_FILE"
	CodeSelfApproval  = "SELF_APPROVAL"
	CodePlanner       = "INSPECTOR_IS_PLANNER"
	CodeReason        = "REASON_MISSING"
	CodeState         = "WRONG_STATE"
	CodeVersion       = "VERSION"
	CodeExists        = "EXISTS"
	CodeNotFound      = "NOT_FOUND"
	CodeProhibited    = "PROHIBITED_PLACE"
	CodeSignText      = "SIGN_INCOMPLETE"
	CodeOutline       = "OUTLINE"
	CodePurpose       = "PURPOSE_FORBIDDEN"
	CodeInvalid       = "INVALID"
)

// Refusal says why a change was not made. It wraps one of the errors above.
type Refusal struct {
	Kind    error
	Code    string
	Detail  string
	Reasons []policy.Reason
}

// Error implements error.
func (r *Refusal) Error() string { return r.Code + ": " + r.Detail }

// Unwrap makes errors.Is find the kind.
func (r *Refusal) Unwrap() error { return r.Kind }

func refuse(kind error, code, format string, a ...any) *Refusal {
	return &Refusal{Kind: kind, Code: code, Detail: fmt.Sprintf(format, a...)}
}

func invalid(format string, a ...any) *Refusal {
	return refuse(ErrInvalid, CodeInvalid, format, a...)
}

// notMet lists conditions; nil when there are none.
func notMet(detail string, reasons []policy.Reason) error {
	if len(reasons) == 0 {
		return nil
	}
	return &Refusal{Kind: ErrNotMet, Code: reasons[0].Code, Detail: detail, Reasons: reasons}
}

func one(code, subject, text string) error {
	return notMet(text, []policy.Reason{{Code: code, Subject: subject, Text: text}})
}

func wrongState(kind, id, is, to string) error {
	return one(CodeState, id, fmt.Sprintf("%s %s is %s and cannot become %s", kind, id, is, to))
}
