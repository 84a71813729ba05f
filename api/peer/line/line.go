// Package line is what edges and their control say to each other over mutual TLS,
// and the edge's end of it. Unknown fields are passed over on both sides: two
// releases that follow each other have to get along while a house is upgraded.
package line

import (
	"fmt"
	"strings"
	"time"
)

// Paths at the control.
const (
	PathJoin  = "/peer/v1/join"  // with a token, without a certificate
	PathRenew = "/peer/v1/renew" // a new certificate for the one shown
	PathSync  = "/peer/v1/sync"  // what holds now, and how the edge fares
	PathLoan  = "/peer/v1/loan"  // one scene's templates
)

// Bounds of what is said.
const (
	MaxBody    = 256 << 10 // of a request
	MaxAnswer  = 32 << 20  // of an answer that is JSON: roots and revocations
	MaxCameras = 256       // of one edge that are told of
	MaxScenes  = 1024      // of one edge
	MaxText    = 200       // of one text
)

// ContentLoan is the media type of sealed templates (package box).
const ContentLoan = "application/x-bystander-loan"

// JoinRequest asks for the first certificate.
type JoinRequest struct {
	Token string `json:"token"`
	CSR   string `json:"csr"` // PEM
}

// JoinAnswer is all that an edge needs to begin.
type JoinAnswer struct {
	ID        string `json:"id"`         // edge/NAME
	Cert      string `json:"cert"`       // PEM
	Trust     string `json:"trust"`      // PEM: roots and revocations
	PolicyKey string `json:"policy_key"` // PEM: what leases are signed with
	Site      string `json:"site"`       // empty while there is none
}

// RenewRequest asks for a certificate for a new key.
type RenewRequest struct {
	CSR string `json:"csr"`
}

// RenewAnswer is the new certificate.
type RenewAnswer struct {
	Cert string `json:"cert"`
}

// SyncRequest says what an edge can use, and how it fares.
type SyncRequest struct {
	Model  string `json:"model"` // digest of the model that compares faces, hex; empty without one
	Form   int    `json:"form"`  // of templates (match.Form)
	Trust  string `json:"trust"` // digest of the roots and revocations that it has
	Health Health `json:"health"`
}

// SyncAnswer says what the edge may have now. What it names no more is to be
// destroyed, and all of it once the term has passed without another answer.
type SyncAnswer struct {
	TermMS int64   `json:"term_ms"` // from when the edge asked
	Scenes []Scene `json:"scenes"`
	Trust  string  `json:"trust,omitempty"` // PEM, where the edge has another
}

// Scene is what may be lent of one.
type Scene struct {
	ID      string `json:"id"`
	Version string `json:"version"` // root of its templates, hex
	Count   int    `json:"count"`   // templates
}

// LoanRequest asks for one scene's templates.
type LoanRequest struct {
	Scene   string `json:"scene"`
	Model   string `json:"model"`
	Form    int    `json:"form"`
	Version string `json:"version"`
	Key     []byte `json:"key"` // box.Key's public half
}

// Info binds a sealed stream to who asked for what.
func (r LoanRequest) Info(edge string) []byte {
	return fmt.Appendf(nil, "bystander loan v1\x00%s\x00%s\x00%s\x00%d\x00%s", edge, r.Scene, r.Model, r.Form, r.Version)
}

// Health is how an edge fares, as its control shows it. Nothing in it is about a
// person.
type Health struct {
	Version string    `json:"version"` // of the program
	Started time.Time `json:"started"`
	Lease   bool      `json:"lease"`  // a fresh policy is held
	Loaned  int       `json:"loaned"` // templates in memory
	Cameras []Camera  `json:"cameras,omitempty"`
	Alarms  []string  `json:"alarms,omitempty"` // names
}

// Camera is one camera's state.
type Camera struct {
	ID    string    `json:"id"`
	State string    `json:"state"` // as on the edge: connected, retrying, …
	Code  string    `json:"code,omitempty"`
	Since time.Time `json:"since"`
	Mask  string    `json:"mask,omitempty"` // why pictures are covered as a whole
}

// Bounded returns the same with long lists and texts cut.
func (h Health) Bounded() Health {
	h.Version = cut(h.Version)
	h.Cameras, h.Alarms = h.Cameras[:min(len(h.Cameras), MaxCameras)], h.Alarms[:min(len(h.Alarms), MaxCameras)]
	for i := range h.Cameras {
		c := &h.Cameras[i]
		c.ID, c.State, c.Code, c.Mask = cut(c.ID), cut(c.State), cut(c.Code), cut(c.Mask)
	}
	for i := range h.Alarms {
		h.Alarms[i] = cut(h.Alarms[i])
	}
	return h
}

func cut(s string) string {
	if len(s) > MaxText {
		return strings.ToValidUTF8(s[:MaxText], "")
	}
	return s
}

// Refusal is the control's no, with a stable code and a text for people.
type Refusal struct {
	Status int    `json:"-"`
	Code   string `json:"code"`
	Text   string `json:"text"`
}

func (r *Refusal) Error() string { return r.Text + " (" + r.Code + ")" }

// Codes of refusals.
const (
	CodeToken   = "TOKEN"   // unknown, used or over
	CodeRequest = "REQUEST" // not understood
	CodeRole    = "ROLE"    // not for this certificate
	CodeRevoked = "REVOKED" // taken back, or the edge is not known any more
	CodeScene   = "SCENE"   // not this edge's, or not lawful now
	CodeChanged = "CHANGED" // the templates changed meanwhile; sync again
	CodeOffSite = "OFF_SITE"
	CodeMany    = "TOO_MANY"
	CodeAway    = "AWAY"  // the control itself cannot now
	CodeOver    = "OVER"  // nobody waits for that any more
	CodeTwice   = "TWICE" // somebody else speaks with the same certificate
)
