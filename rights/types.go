package rights

import (
	"slices"
	"time"
)

// Type is what somebody asks for.
type Type string

// The types of request (B-13, C-04, C-20).
const (
	Access          Type = "access"           // which data, for what, since when
	Copy            Type = "copy"             // a signed bundle of it
	Transfer        Type = "transfer"         // the bundle, to a third party they name
	Correct         Type = "correct"          // something is wrong
	Supplement      Type = "supplement"       // something is missing
	Erase           Type = "erase"            // everything
	Withdraw        Type = "withdraw"         // one or all consents
	CancelAccount   Type = "cancel_account"   // consents, templates and the account
	Restrict        Type = "restrict"         // keep, but do not use
	Object          Type = "object"           // no comparison any more
	Explain         Type = "explain"          // how a decision came about
	RefuseAutomated Type = "refuse_automated" // a person decides instead
	Confidentiality Type = "confidentiality"  // keep from being disclosed
	DeceasedKin     Type = "deceased_kin"     // next of kin, for somebody who died
)

// Types lists every type.
func Types() []Type {
	return []Type{
		Access, Copy, Transfer, Correct, Supplement, Erase, Withdraw, CancelAccount,
		Restrict, Object, Explain, RefuseAutomated, Confidentiality, DeceasedKin,
	}
}

// erases reports whether fulfilling the type destroys the person's data.
func (t Type) erases() bool { return t == Erase || t == CancelAccount }

// spreads reports whether other systems have to follow.
func (t Type) spreads() bool {
	return slices.Contains([]Type{Erase, CancelAccount, Withdraw, Restrict, Object, Correct, Supplement}, t)
}

// State is how far a request has got.
type State string

// The states of a request.
const (
	Received   State = "received"
	Verified   State = "identity_verified"
	InProgress State = "in_progress"
	Fulfilled  State = "fulfilled"
	Refused    State = "refused"
	Appealed   State = "appealed"
)

var next = map[State][]State{
	Received:   {Verified, Refused},
	Verified:   {InProgress, Refused},
	InProgress: {Fulfilled, Refused},
	Refused:    {Appealed},
	Appealed:   {Verified, InProgress, Refused}, // verified: where nobody was before
}

// CanBecome reports whether the state machine allows the change.
func (s State) CanBecome(to State) bool { return slices.Contains(next[s], to) }

// Open reports whether something is still to be done.
func (s State) Open() bool { return s != Fulfilled && s != Refused }

// Ground is why a request is refused (B-17).
type Ground string

// The grounds.
const (
	Unlawful         Ground = "UNLAWFUL"         // granting it would break the law
	Repetitive       Ground = "REPETITIVE"       // the same again, without need
	Disproportionate Ground = "DISPROPORTIONATE" // effort out of all proportion
	HarmsOthers      Ground = "HARMS_OTHERS"     // it would disclose or harm somebody else
	Impractical      Ground = "IMPRACTICAL"      // only in backups that cannot be changed
	Unidentified     Ground = "UNIDENTIFIED"     // nobody could be verified
)

// Grounds lists the grounds.
func Grounds() []Ground {
	return []Ground{Unlawful, Repetitive, Disproportionate, HarmsOthers, Impractical, Unidentified}
}

// Method is how somebody's identity was shown.
type Method string

// The methods of verification. None keeps a copy of what was shown.
const (
	InPerson Method = "in_person" // an officer saw a document
	ByCode   Method = "receipt"   // the code that stands on the consent receipt
	ByKin    Method = "kin_proof" // an officer saw proof of kinship and of death
)

// Request is one request as it stands.
type Request struct {
	ID       string    `json:"request_id"` // UUID v7
	Version  uint32    `json:"version"`
	Type     Type      `json:"type"`
	State    State     `json:"state"`
	Text     string    `json:"text,omitempty"` // what they wrote; disposed of with the request
	Language string    `json:"language"`
	Received time.Time `json:"received"`
	Deadline time.Time `json:"deadline"`

	// Enrollee is empty until verified.
	Enrollee   string    `json:"enrollee,omitempty"`
	Method     Method    `json:"verified_by,omitempty"`
	VerifiedAt time.Time `json:"verified_at,omitzero"`

	Acknowledged time.Time `json:"acknowledged,omitzero"`
	Extended     string    `json:"extended,omitempty"` // why; once only
	Ground       Ground    `json:"ground,omitempty"`
	Outcome      string    `json:"outcome,omitempty"` // in words, for the person
	Appeal       string    `json:"appeal,omitempty"`  // where to turn
	// Evidence backs a refusal for backups: the certificate of key destruction.
	Evidence string `json:"evidence,omitempty"`

	ChangedAt time.Time `json:"changed_at"`
	ChangedBy string    `json:"changed_by"` // account
	Reason    string    `json:"reason,omitempty"`
}

// Late reports whether the request was still open after its deadline.
func (r Request) Late(now time.Time) bool {
	if r.State.Open() {
		return now.After(r.Deadline)
	}
	return r.ChangedAt.After(r.Deadline)
}
