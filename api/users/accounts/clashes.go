package accounts

import (
	"slices"

	"bystander/api/actor"
)

// Clash is two roles that one person should not hold.
type Clash struct {
	Roles [2]actor.Role
	Code  string
	Text  string
}

// Clashes names the pairs among the roles that separate duties keep apart. They
// are allowed, since a small house has few people, but said.
func Clashes(roles []actor.Role) []Clash {
	var out []Clash
	add := func(x, y actor.Role, code, text string) {
		if slices.Contains(roles, x) && slices.Contains(roles, y) {
			out = append(out, Clash{[2]actor.Role{x, y}, code, text})
		}
	}
	add(actor.VenueOwner, actor.Inspector, "PLANS_AND_INSPECTS", "one person plans zones and signs, and inspects them")
	for _, r := range []actor.Role{actor.Operator, actor.VenueOwner, actor.Inspector, actor.ConsentOfficer, actor.PrivacyOfficer, actor.Administrator} {
		add(actor.Auditor, r, "AUDITS_OWN_WORK", "one person does the work and audits it")
	}
	add(actor.Administrator, actor.PrivacyOfficer, "GRANTS_AND_APPROVES", "one person gives out roles and approves what they are for")
	add(actor.ConsentOfficer, actor.PrivacyOfficer, "TAKES_AND_APPROVES", "one person takes consents and approves the notices that they rest on")
	return out
}
