// Package actor says who acts in a request: an account and the roles it holds.
// The front door puts the actor into the request's context; handlers ask for the
// role that they need, and record what they read about people.
package actor

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"bystander/internal/event"
)

// Role is what an account may do. Roles do not include each other.
type Role string

// The roles.
const (
	Operator       Role = "operator"        // watches redacted pictures
	VenueOwner     Role = "venue_owner"     // maps cameras, zones and signs, and plans them
	Inspector      Role = "inspector"       // walks the inspection; never of what they planned
	Auditor        Role = "auditor"         // asks questions of the log
	ConsentOfficer Role = "consent_officer" // takes consents, enrols and withdraws
	PrivacyOfficer Role = "privacy_officer" // assessments, filings, notices, rights requests
	Administrator  Role = "administrator"   // accounts, cameras, configuration
	Kiosk          Role = "kiosk"           // a consent desk's own device
	Subject        Role = "subject"         // an enrolled person, about themselves only
	Client         Role = "client"          // a program that calls the 1:1 interface
)

// Roles lists every role.
func Roles() []Role {
	return []Role{
		Operator, VenueOwner, Inspector, Auditor, ConsentOfficer, PrivacyOfficer,
		Administrator, Kiosk, Subject, Client,
	}
}

// The ways in which an actor can be refused.
var (
	ErrUnknown = errors.New("actor: not signed in")      // 401
	ErrRole    = errors.New("actor: role not permitted") // 403
	// ErrStale: a second factor has to be given, or given anew.
	ErrStale = errors.New("actor: no second factor lately") // 403
	// ErrToken: the program's token was not made for exports.
	ErrToken = errors.New("actor: the token was not made for exports") // 403
)

// Actor is who acts. The zero value is nobody.
type Actor struct {
	ID    string // account id; never a display name
	Roles []Role
	// Enrollee is the person that a Subject acts for: themselves.
	Enrollee string
	// Via is how they proved who they are: "token", "session", "local".
	Via string
	// Session names what let them in, so that what goes on for long can ask
	// whether it still holds; empty where nothing can end it.
	Session string
	// Strong tells that a second factor was given, or that a program's token was
	// made for exports.
	Strong bool
	// Proved is when the second factor was given; zero where nobody gives one: a
	// program's token, and the sample accounts of a demonstration.
	Proved time.Time
}

// StrongFor is how long a second factor counts as given lately: for exports, for
// learning a name, and for changing how one signs in (REQUIREMENTS B-63).
const StrongFor = 15 * time.Minute

// StrongAt reports whether the actor has given a second factor lately enough to
// take data away.
func (a Actor) StrongAt(now time.Time) bool {
	return a.Strong && (a.Proved.IsZero() || now.Sub(a.Proved) < StrongFor)
}

// Known reports whether this is somebody.
func (a Actor) Known() bool { return a.ID != "" }

// Has reports whether the actor holds one of the roles.
func (a Actor) Has(roles ...Role) bool {
	return slices.ContainsFunc(roles, func(r Role) bool { return slices.Contains(a.Roles, r) })
}

// Names lists roles for a log, "none" when there are none.
func Names(roles []Role) string {
	if len(roles) == 0 {
		return "none"
	}
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return strings.Join(names, ",")
}

type key struct{}

// With returns ctx with the actor in it.
func With(ctx context.Context, a Actor) context.Context { return context.WithValue(ctx, key{}, a) }

// From returns the actor of ctx, the zero Actor when there is none.
func From(ctx context.Context) Actor {
	a, _ := ctx.Value(key{}).(Actor)
	return a
}

// Need returns the actor of ctx if it holds one of the roles. It fails with
// ErrUnknown or ErrRole; with no role named nobody passes.
func Need(ctx context.Context, roles ...Role) (Actor, error) {
	a := From(ctx)
	switch {
	case !a.Known():
		return Actor{}, ErrUnknown
	case !a.Has(roles...):
		return Actor{}, ErrRole
	}
	return a, nil
}

// NeedStrong fails with ErrStale, or ErrToken for a program, unless the actor of
// ctx gave a second factor lately.
func NeedStrong(ctx context.Context, now time.Time) error {
	a := From(ctx)
	switch {
	case !a.Known():
		return ErrUnknown
	case a.StrongAt(now):
		return nil
	case a.Via == ViaToken:
		return ErrToken
	}
	return ErrStale
}

// ViaToken is what Actor.Via says of a program.
const ViaToken = "token"

// Read is one look at what is linked to people.
type Read struct {
	Action   string         // what was read, such as "consents.list"
	Object   string         // which one, by id; empty for a list
	Purpose  string         // why; "service" when the reader need not say
	Query    []byte         // canonical form of what was asked; only its hash is kept
	Subjects []event.Digest // pseudonyms of the people in the answer, where it has them
	Count    int            // people in the answer, when it does not name them
}

// Recorder keeps the access log. Actor and request come from the context.
// It returns once the record is durable; on error the read must not be answered.
type Recorder interface {
	RecordRead(ctx context.Context, r Read) error
}
