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
	// PurposeRawImage allows the photograph of the enrolment to be kept, for
	// MaxRawImage at most and only in writing. No gate asks for it.
	PurposeRawImage Purpose = "raw_image"
)

// MaxRawImage is how long a photograph may be kept under PurposeRawImage.
const MaxRawImage = 30 * 24 * time.Hour

// Purposes lists the purposes that a gate asks for, in the order in which
// people are asked. PurposeRawImage is asked for apart from them.
func Purposes() []Purpose {
	return []Purpose{PurposeMatch, PurposeAppearLive, PurposeAppearRecorded}
}

// ParsePurpose returns the purpose of that name.
func ParsePurpose(s string) (Purpose, error) {
	if p := Purpose(s); p == PurposeRawImage || slices.Contains(Purposes(), p) {
		return p, nil
	}
	return "", fmt.Errorf("%w: purpose %q is not one of match, appear_live, appear_recorded, raw_image", ErrInvalid, s)
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

// BasisSeparateConsent is the legal basis of an act that is about this one
// processing and nothing else (PIPL 14 and 29).
const BasisSeparateConsent = "separate consent"

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
	// Widget is what the person operated: checkbox, slide, button, signature.
	Widget string `json:"widget,omitempty"`
	// Language is the one in which the notice was shown, and TextHash names the
	// very text: the notice's hash stays through editorial revisions.
	Language string       `json:"language,omitempty"`
	TextHash event.Digest `json:"text_hash,omitzero"`
	// Evidence is the SHA-256 of a document kept elsewhere, such as a signed
	// sheet or the release of an import's row.
	Evidence event.Digest `json:"evidence,omitzero"`
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
	if c.Purpose == PurposeRawImage {
		if !c.Act.Written {
			bad("%s: keeping the photograph needs consent in writing", c.ID)
		}
		if c.ExpiresAt.Sub(c.Act.At) > MaxRawImage {
			bad("%s: a photograph is kept for %d days at most", c.ID, int(MaxRawImage.Hours()/24))
		}
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

// Renewal is a new act on a consent that waits for one.
type Renewal struct {
	Act           Act
	NoticeVersion string
	Guardian      string // empty for who acts alone
	ExpiresAt     time.Time
}

// Reconfirm returns the next version of a consent in state reconfirm: active
// again, on the strength of a new act. Person, purpose, scenes and zones stay
// as they were. It fails with ErrTransition and ErrInvalid.
func (c Consent) Reconfirm(r Renewal, at time.Time, reason string) (Consent, error) {
	if c.State != ConsentReconfirm {
		return c, fmt.Errorf("%w: consent %s is %s and does not wait to be confirmed again", ErrTransition, c.ID, c.State)
	}
	n, err := c.Become(ConsentGiven, at, reason)
	if err != nil {
		return c, err
	}
	n.Act, n.NoticeVersion, n.Guardian, n.ExpiresAt = r.Act, r.NoticeVersion, r.Guardian, r.ExpiresAt
	if err := n.Check(); err != nil {
		return c, err
	}
	if !r.Act.At.After(c.Act.At) {
		return c, fmt.Errorf("%w: consent %s: confirming again takes a new act", ErrInvalid, c.ID)
	}
	return n, nil
}

// Confirm returns the active version of a pending consent on the strength of a
// second act; nothing but an act turns pending into active.
func (c Consent) Confirm(a Act, at time.Time, reason string) (Consent, error) {
	if c.State != ConsentPending {
		return c, fmt.Errorf("%w: consent %s is %s and not pending", ErrTransition, c.ID, c.State)
	}
	n, err := c.Become(ConsentGiven, at, reason)
	if err != nil {
		return c, err
	}
	n.Act = a
	return n, n.Check()
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
	GuardianVerified time.Time `json:"guardian_verified,omitzero"`
	// Turns14 is the day on which a child turns 14 and acts alone from then on;
	// it is kept of children only, and only until then.
	Turns14    time.Time      `json:"turns_14,omitzero"`
	Restricted bool           `json:"restricted,omitempty"` // asked to restrict processing
	Objected   bool           `json:"objected,omitempty"`
	Status     EnrolleeStatus `json:"status"`
	ChangedAt  time.Time      `json:"changed_at"`
	Reason     string         `json:"reason,omitempty"`
}

// NoticeVersion is one published text of a notice in one language.
type NoticeVersion struct {
	Version       string       `json:"version"`
	Language      string       `json:"language"`
	Hash          event.Digest `json:"hash"`
	EffectiveFrom time.Time    `json:"effective_from"`
}
