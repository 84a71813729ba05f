package consent

import (
	"errors"
	"strings"
	"time"
)

// Sort tells what kind of no a Refusal is.
type Sort int

// The sorts, with the HTTP status that an interface gives each.
const (
	Malformed Sort = iota + 1 // 422: the request says too little or what is never allowed
	Forbidden                 // 403
	Unmet                     // 409: a condition does not hold now
	Unknown                   // 404
	TooSoon                   // 429: ask again after Refusal.After
	Broken                    // 503: a part of this installation is missing
)

// Reason is one thing that stands in the way.
type Reason struct {
	Code   string `json:"code"`
	Object string `json:"object,omitempty"`
	Text   string `json:"text"`
}

// Refusal is a no with its reasons, the first of which gives its code.
type Refusal struct {
	Sort    Sort
	Reasons []Reason
	After   time.Duration // of TooSoon: how long until asking is allowed
}

// Error implements error.
func (r *Refusal) Error() string {
	var parts []string
	for _, x := range r.Reasons {
		p := x.Code
		if x.Object != "" {
			p += " (" + x.Object + ")"
		}
		parts = append(parts, p+": "+x.Text)
	}
	return "consent: " + strings.Join(parts, "; ")
}

// Code is the first reason's.
func (r *Refusal) Code() string {
	if len(r.Reasons) == 0 {
		return ""
	}
	return r.Reasons[0].Code
}

// Refuse makes a refusal with one reason.
func Refuse(s Sort, code, object, text string) *Refusal {
	return &Refusal{Sort: s, Reasons: []Reason{{Code: code, Object: object, Text: text}}}
}

// Sentinels that callers tell apart with errors.Is.
var (
	// ErrReceipt reports a receipt that is not what its signer wrote, or no
	// receipt at all; the text says which.
	ErrReceipt = errors.New("consent: receipt")
	// ErrKey reports a key file that holds no usable Ed25519 key.
	ErrKey = errors.New("consent: key")
)
