package policy

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"bystander/internal/event"
)

// Purpose is what one consent allows; a consent never carries two.
type Purpose string

// The purposes. Being matched, being seen and being recorded are three
// separate consents.
const (
	PurposeMatch          Purpose = "match"
	PurposeAppearLive     Purpose = "appear_live"
	PurposeAppearRecorded Purpose = "appear_recorded"
)

// Purposes lists the purposes in the order they are asked for.
func Purposes() []Purpose {
	return []Purpose{PurposeMatch, PurposeAppearLive, PurposeAppearRecorded}
}

// ParsePurpose returns the purpose of that name.
func ParsePurpose(s string) (Purpose, error) {
	if p := Purpose(s); slices.Contains(Purposes(), p) {
		return p, nil
	}
	return "", fmt.Errorf("%w: purpose %q is not one of match, appear_live, appear_recorded", ErrInvalid, s)
}

// ConsentState is how far a consent has got.
type ConsentState string

// The states of a consent. Withdrawn and expired are terminal: only a new
// consent re-opens.
const (
	ConsentPending   ConsentState = "pending"
	ConsentGiven     ConsentState = "active"
	ConsentReconfirm ConsentState = "reconfirm"
	ConsentWithdrawn ConsentState = "withdrawn"
	ConsentExpired   ConsentState = "expired"
)

var consentMoves = map[ConsentState][]ConsentState{
	ConsentPending:   {ConsentGiven, ConsentWithdrawn, ConsentExpired},
	ConsentGiven:     {ConsentReconfirm, ConsentWithdrawn, ConsentExpired},
	ConsentReconfirm: {ConsentGiven, ConsentWithdrawn, ConsentExpired},
}

// CanBecome reports whether the state machine allows the change.
func (s ConsentState) CanBecome(to ConsentState) bool {
	return slices.Contains(consentMoves[s], to)
}

// Terminal reports whether nothing can follow.
func (s ConsentState) Terminal() bool { return s == ConsentWithdrawn || s == ConsentExpired }

// Channel is where the act took place.
type Channel string

// The channels of a consent act.
const (
	ChannelWeb   Channel = "web"
	ChannelKiosk Channel = "kiosk"
	ChannelPaper Channel = "paper"
	ChannelO2O   Channel = "o2o"
)

// Act is the evidence of one act: who recorded it, how, on which notice.
type Act struct {
	Channel    Channel      `json:"channel"`
	At         time.Time    `json:"at"`
	NoticeHash event.Digest `json:"notice_hash"`
	// RecordedBy names the officer or station account, never the enrollee.
	RecordedBy string `json:"recorded_by"`
	// Basis is the legal basis, e.g. "separate consent".
	Basis string `json:"basis"`
	// Written tells that a signed or typed release exists (A-28, BIPA).
	Written bool `json:"written"`
	// Note holds what else proves the act, without personal data.
	Note string `json:"note,omitempty"`
}

// Consent is one version of one person's consent to one purpose.
type Consent struct {
	ID            string       `json:"id"` // UUID v7
	Version       uint32       `json:"version"`
	Enrollee      string       `json:"enrollee"`
	Guardian      string       `json:"guardian,omitempty"`
	Purpose       Purpose      `json:"purpose"`
	Scenes        []string     `json:"scenes"`
	Zones         []string     `json:"zones"`
	NoticeVersion string       `json:"notice_version"`
	Act           Act          `json:"act"`
	ExpiresAt     time.Time    `json:"expires_at"`
	State         ConsentState `json:"state"`
	ChangedAt     time.Time    `json:"changed_at"`
	Reason        string       `json:"reason,omitempty"` // of the last change
}

// Ref is what events carry: SHA-256 over the consent's id under its own domain.
func (c Consent) Ref() event.Digest { return sum("bystander consent ref v1", []byte(c.ID)) }

// Check returns every rule that the consent breaks, joined, each ErrInvalid.
func (c Consent) Check() error {
	var errs []error
	bad := func(format string, a ...any) {
		errs = append(errs, fmt.Errorf("%w: consent "+format, append([]any{ErrInvalid}, a...)...))
	}
	if c.ID == "" || c.Enrollee == "" {
		bad("needs id and enrollee")
	}
	if _, err := ParsePurpose(string(c.Purpose)); err != nil {
		errs = append(errs, err)
	}
	if len(c.Scenes) == 0 || len(c.Zones) == 0 {
		bad("%s names no scene or no zone", c.ID)
	}
	if c.NoticeVersion == "" || c.Act.NoticeHash.IsZero() {
		bad("%s names no notice", c.ID)
	}
	if c.Act.Basis == "" || c.Act.RecordedBy == "" || c.Act.At.IsZero() {
		bad("%s has no act: basis, recorded_by and time are needed", c.ID)
	}
	if !slices.Contains([]Channel{ChannelWeb, ChannelKiosk, ChannelPaper, ChannelO2O}, c.Act.Channel) {
		bad("%s: channel %q is not web, kiosk, paper or o2o", c.ID, c.Act.Channel)
	}
	if c.Purpose == PurposeAppearRecorded && !c.Act.Written {
		bad("%s: being recorded clear needs consent in writing", c.ID)
	}
	if c.ExpiresAt.IsZero() || !c.ExpiresAt.After(c.Act.At) {
		bad("%s has no expiry after the act", c.ID)
	}
	return errors.Join(errs...)
}

// Become returns the next version of the consent in the given state. It fails
// with ErrTransition when the state machine forbids it, and without a reason.
func (c Consent) Become(to ConsentState, at time.Time, reason string) (Consent, error) {
	if !c.State.CanBecome(to) {
		return c, fmt.Errorf("%w: consent %s is %s and cannot become %s", ErrTransition, c.ID, c.State, to)
	}
	if reason == "" {
		return c, fmt.Errorf("%w: consent %s: a change of state needs a reason", ErrTransition, c.ID)
	}
	c.Version++
	c.State, c.ChangedAt, c.Reason = to, at, reason
	return c, nil
}

// EnrolleeStatus is whether a person's enrolment may be used.
type EnrolleeStatus string

// The statuses of an enrollee.
const (
	EnrolleeActive   EnrolleeStatus = "active"
	EnrolleeCanceled EnrolleeStatus = "cancelled"
)

// Enrollee is a person who enrolled, known here by id only. The name lives in
// the identity vault, the template in the template vault.
type Enrollee struct {
	ID        string `json:"id"` // UUID v7
	Version   uint32 `json:"version"`
	BirthYear int    `json:"birth_year,omitempty"`
	Under14   Tri    `json:"under14"`
	Guardian  string `json:"guardian,omitempty"` // id of the guardian
	// GuardianVerified is when the guardian was verified; zero means never.
	GuardianVerified time.Time      `json:"guardian_verified,omitzero"`
	Restricted       bool           `json:"restricted,omitempty"` // asked to restrict processing
	Objected         bool           `json:"objected,omitempty"`
	Status           EnrolleeStatus `json:"status"`
	ChangedAt        time.Time      `json:"changed_at"`
	Reason           string         `json:"reason,omitempty"`
}

// NoticeVersion is one published text of a notice in one language.
type NoticeVersion struct {
	Version       string       `json:"version"`
	Language      string       `json:"language"`
	Hash          event.Digest `json:"hash"`
	EffectiveFrom time.Time    `json:"effective_from"`
}
