package consent

import (
	"time"

	"bystander/internal/event"
	"bystander/policy"
	"bystander/policy/consent"
)

// Notice is one revision of a notice.
type Notice struct {
	consent.Notice
}

// Current is the notice in force for a scene.
type Current struct {
	Version string       `json:"version"`
	Hash    event.Digest `json:"hash" doc:"Send it back with the act"`
	Notice  *Notice      `json:"notice,omitempty" doc:"Absent where the site keeps its text elsewhere"`
}

func currentOf(n consent.InForce) Current {
	c := Current{Version: n.Version, Hash: n.Hash}
	if n.Notice != nil {
		c.Notice = &Notice{*n.Notice}
	}
	return c
}

// Offer is what a page shows before anybody has said anything.
type Offer struct {
	Prompt      string           `json:"prompt"`
	Scene       string           `json:"scene"`
	Notice      Current          `json:"notice"`
	Choices     []consent.Choice `json:"choices" doc:"Nothing is selected, nothing is required"`
	Alternative consent.OtherWay `json:"alternative"`
}

// Consent is one version of a consent.
type Consent struct {
	ID            string              `json:"id"`
	Version       uint32              `json:"version"`
	Enrollee      string              `json:"enrollee"`
	Guardian      string              `json:"guardian,omitempty"`
	Purpose       policy.Purpose      `json:"purpose"`
	Scenes        []string            `json:"scenes"`
	Zones         []string            `json:"zones"`
	NoticeVersion string              `json:"notice_version"`
	Act           policy.Act          `json:"act"`
	ExpiresAt     time.Time           `json:"expires_at"`
	State         policy.ConsentState `json:"state"`
	ChangedAt     time.Time           `json:"changed_at" doc:"Since when this state holds; the gate follows within seconds"`
	Reason        string              `json:"reason,omitempty"`
	Code          string              `json:"code,omitempty" doc:"Of the o2o channel: shows this consent at a kiosk; told once"`
}

func consentOf(c policy.Consent) Consent {
	return Consent{
		ID: c.ID, Version: c.Version, Enrollee: c.Enrollee, Guardian: c.Guardian, Purpose: c.Purpose, Scenes: c.Scenes, Zones: c.Zones,
		NoticeVersion: c.NoticeVersion, Act: c.Act, ExpiresAt: c.ExpiresAt, State: c.State, ChangedAt: c.ChangedAt, Reason: c.Reason,
	}
}

func consentsOf(list []policy.Consent) []Consent {
	out := make([]Consent, len(list))
	for i, c := range list {
		out[i] = consentOf(c)
	}
	return out
}

// Person is what is known of an enrollee here: no name and no template.
type Person struct {
	ID        string    `json:"id"`
	Version   uint32    `json:"version"`
	Under14   string    `json:"under_14" enum:"yes,no,unknown"`
	Guardian  string    `json:"guardian,omitempty"`
	Status    string    `json:"status"`
	Restrict  bool      `json:"restricted"`
	Objected  bool      `json:"objected"`
	ChangedAt time.Time `json:"changed_at"`
	Reason    string    `json:"reason,omitempty"`
	// Choices is the current choice for each scene and purpose, and since when
	// it holds (B-48).
	Choices  []SceneChoice `json:"choices,omitempty"`
	Consents []Consent     `json:"consents,omitempty"`
}

// SceneChoice is what a person chose in one scene.
type SceneChoice struct {
	Scene   string              `json:"scene"`
	Purpose policy.Purpose      `json:"purpose"`
	State   policy.ConsentState `json:"state"`
	Since   time.Time           `json:"since"`
	Consent string              `json:"consent"`
}

func personOf(e policy.Enrollee, own []policy.Consent) Person {
	p := Person{
		ID: e.ID, Version: e.Version, Under14: "unknown", Guardian: e.Guardian, Status: string(e.Status), Restrict: e.Restricted,
		Objected: e.Objected, ChangedAt: e.ChangedAt, Reason: e.Reason, Consents: consentsOf(own),
	}
	switch e.Under14 {
	case policy.Yes:
		p.Under14 = "yes"
	case policy.No:
		p.Under14 = "no"
	case policy.Unknown:
	}
	latest := map[[2]string]int{}
	for _, c := range own {
		for _, s := range c.Scenes {
			k := [2]string{s, string(c.Purpose)}
			i, known := latest[k]
			if known && p.Choices[i].Since.After(c.ChangedAt) {
				continue
			}
			choice := SceneChoice{s, c.Purpose, c.State, c.ChangedAt, c.ID}
			if known {
				p.Choices[i] = choice
				continue
			}
			latest[k] = len(p.Choices)
			p.Choices = append(p.Choices, choice)
		}
	}
	return p
}

// actBody is how an act took place, as a client reports it.
type actBody struct {
	Channel    policy.Channel `json:"channel" enum:"web,kiosk,paper,o2o"`
	Widget     string         `json:"widget" maxLength:"32" doc:"What the person operated: checkbox, slide, button, signature"`
	Language   string         `json:"language,omitempty" maxLength:"16" doc:"In which the notice was shown"`
	NoticeHash string         `json:"notice_hash,omitempty" maxLength:"64" doc:"Of the notice that was shown"`
	Basis      string         `json:"basis,omitempty" maxLength:"200" doc:"Legal basis"`
	Written    bool           `json:"written,omitempty" doc:"A signed or typed release exists"`
	Document   string         `json:"document_sha256,omitempty" maxLength:"64" doc:"SHA-256 of that release, kept elsewhere"`
	At         *time.Time     `json:"act_at,omitempty" doc:"Paper only: when it was signed"`
}

// evidence reads the body; a digest that is none counts as missing.
func (b actBody) evidence(by string) (consent.ActEvidence, error) {
	e := consent.ActEvidence{Channel: b.Channel, Widget: b.Widget, Language: b.Language, Basis: b.Basis, Written: b.Written, By: by}
	if err := e.NoticeHash.UnmarshalText([]byte(b.NoticeHash)); err != nil {
		return e, consent.Refuse(consent.Malformed, "NOTICE_HASH_MISSING", "notice_hash", "the notice's hash is 64 hex digits")
	}
	if err := e.Document.UnmarshalText([]byte(b.Document)); err != nil {
		return e, consent.Refuse(consent.Malformed, "EVIDENCE_MISSING", "document_sha256", "a SHA-256 is 64 hex digits")
	}
	if b.At != nil {
		e.At = *b.At
	}
	return e, nil
}

func purposes(list []string) []policy.Purpose {
	out := make([]policy.Purpose, len(list))
	for i, p := range list {
		out[i] = policy.Purpose(p)
	}
	return out
}

func moment(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
