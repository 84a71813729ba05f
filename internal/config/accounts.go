package config

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
)

// The ways in which server.sign_in lets people act.
const (
	SignInRequired = "required" // whoever acts has signed in
	SignInLoopback = "loopback" // whoever sits at this machine may watch it
)

// Accounts are the people who sign in.
type Accounts struct {
	// SecondFactor lists roles that need a second factor besides administrators
	// and privacy officers, who always do.
	SecondFactor []string `yaml:"second_factor"`
	// OIDC are identity providers that vouch for people.
	OIDC []OIDC `yaml:"oidc"`
}

// OIDC is an identity provider (OpenID Connect, authorization code with PKCE).
type OIDC struct {
	ID     string `yaml:"id"`    // in addresses: /v1/session/oidc/{id}
	Label  string `yaml:"label"` // on the button; default the id
	Issuer string `yaml:"issuer"`
	Client string `yaml:"client_id"`
	// SecretFile holds the client's secret; none for a public client.
	SecretFile string   `yaml:"client_secret_file"`
	Scopes     []string `yaml:"scopes"` // besides openid and profile
	// GroupsClaim names the claim that lists groups; default "groups".
	GroupsClaim string `yaml:"groups_claim"`
	// Roles maps a group to the roles of its members. Whoever is in none of
	// these groups gets no account.
	Roles map[string][]string `yaml:"roles"`
}

// accountRoles are the roles that accounts may hold.
var accountRoles = []string{
	"operator", "venue_owner", "inspector", "auditor", "consent_officer", "privacy_officer", "administrator",
}

func (a Accounts) check(k *checker, https bool, hosts []string) {
	for i, r := range a.SecondFactor {
		k.oneOf(fmt.Sprintf("accounts.second_factor[%d]", i), r, accountRoles...)
	}
	seen := map[string]bool{}
	for i, o := range a.OIDC {
		at := fmt.Sprintf("accounts.oidc[%d]", i)
		switch {
		case !idPattern.MatchString(o.ID):
			k.fail(at+".id", "%q should be 1 to 63 small letters, digits, - or _", o.ID)
		case seen[o.ID]:
			k.fail(at+".id", "%q is given twice", o.ID)
		}
		seen[o.ID] = true
		o.check(k, at)
	}
	if len(a.OIDC) > 0 && https && len(hosts) == 0 {
		k.fail("server.hosts", "name the address that people open first: an identity provider sends them back there")
	}
}

func (o OIDC) check(k *checker, at string) {
	u, err := url.Parse(o.Issuer)
	local := err == nil && u.Scheme == "http" && isLoopback(u.Hostname())
	if err != nil || u.Host == "" || u.Scheme != "https" && !local {
		k.fail(at+".issuer", "%q should be an address such as https://login.example/realms/venue", o.Issuer)
	}
	if o.Client == "" {
		k.fail(at+".client_id", "name the client that the provider knows this installation by")
	}
	if o.SecretFile != "" {
		if _, err := o.Secret(); err != nil {
			k.fail(at+".client_secret_file", "%v", err)
		}
	}
	if len(o.Roles) == 0 {
		k.fail(at+".roles", "map at least one group to roles; without that nobody gets in")
	}
	for group, roles := range o.Roles {
		for _, r := range roles {
			k.oneOf(at+".roles."+group, r, accountRoles...)
		}
		if len(roles) == 0 {
			k.fail(at+".roles."+group, "name at least one role")
		}
	}
}

// Secret reads the client's secret; empty for a public client.
func (o OIDC) Secret() (Secret, error) {
	if o.SecretFile == "" {
		return "", nil
	}
	b, err := os.ReadFile(o.SecretFile)
	if err != nil {
		return "", err
	}
	return Secret(strings.TrimSpace(string(b))), nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// checkReach refuses what would let strangers in, or have passwords travel in
// the clear.
func (s Server) checkReach(k *checker, host string) {
	k.oneOf("server.sign_in", s.SignIn, SignInRequired, SignInLoopback)
	if isLoopback(host) {
		return
	}
	if s.SignIn == SignInLoopback {
		k.fail("server.sign_in", "loopback lets whoever reaches %s watch; listen on 127.0.0.1, or set server.sign_in: required", s.Listen)
		return
	}
	if !s.AllowInsecureNetwork && !s.HTTPS {
		k.fail("server.listen", "%s reaches beyond this machine, where passwords and pictures would travel unencrypted; "+
			"put a proxy with TLS in front and set server.https: true, use 127.0.0.1, or set server.allow_insecure_network: true on a network that you trust", s.Listen)
	}
}
