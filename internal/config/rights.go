package config

import (
	"fmt"
	"net/url"
)

// Rights say how people's requests reach other systems.
type Rights struct {
	Connectors []Connector `yaml:"connectors"`
}

// Connector is one other system that has to follow a deletion or correction.
type Connector struct {
	ID   string `yaml:"id"`
	Kind string `yaml:"kind"` // webhook, or manual: somebody does it and says so
	URL  string `yaml:"url"`  // of a webhook; https, or http on this machine
	// SecretFile holds what signs the webhook's requests, at least 32 bytes.
	SecretFile string `yaml:"secret_file"`
}

func (r Rights) check(k *checker) {
	seen := map[string]bool{}
	for i, c := range r.Connectors {
		at := fmt.Sprintf("rights.connectors[%d]", i)
		if c.ID == "" || seen[c.ID] {
			k.fail(at+".id", "should be given, each once")
		}
		seen[c.ID] = true
		k.oneOf(at+".kind", c.Kind, "webhook", "manual")
		if c.Kind != "webhook" {
			continue
		}
		if !private(c.URL) {
			k.fail(at+".url", "should be an https address")
		}
		if c.SecretFile == "" {
			k.fail(at+".secret_file", "is needed, so that the other system can tell who calls; make one with: head -c 32 /dev/urandom | base64 > FILE")
		}
	}
}

// private reports whether nobody on the way can read what goes to the address:
// it is https, or this machine.
func private(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	here := u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost"
	return u.Scheme == "https" || u.Scheme == "http" && here
}
