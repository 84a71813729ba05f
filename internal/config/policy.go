package config

// Who decides what is lawful.
const (
	PolicyHere = "here" // this installation itself
	PolicyBus  = "bus"  // another one, by way of the policy topic
)

// Policy says who decides what is lawful for this installation's cameras.
type Policy struct {
	// From is here (default): the site and the consents that this installation
	// keeps; or bus: what its control publishes, signed, on the policy topic of
	// events.kafka. Then nothing is decided here, and without a fresh lease
	// everybody is masked.
	From string `yaml:"from"`
	Site string `yaml:"site"` // with bus: id of the site to follow
	// Key is the file of the control's public key: keys/policy.pub there. With
	// bus it alone is believed.
	Key string `yaml:"key"`
}

// Follows reports whether another installation decides.
func (p Policy) Follows() bool { return p.From == PolicyBus }

func (c *Config) checkPolicy(k *checker) {
	p := c.Policy
	k.oneOf("policy.from", p.From, PolicyHere, PolicyBus)
	if !p.Follows() {
		if p.Site != "" || p.Key != "" {
			k.fail("policy", "site and key belong to from: bus; set it, or leave them out")
		}
		return
	}
	if p.Site == "" {
		k.fail("policy.site", "name the site to follow, as the control's page shows its id")
	}
	if p.Key == "" {
		k.fail("policy.key", "name the control's public key; copy keys/policy.pub from there")
	}
	if len(c.Events.Kafka.Brokers) == 0 {
		k.fail("policy.from", "bus needs events.kafka.brokers")
	}
	if c.Site != "" {
		k.fail("site", "with policy.from: bus the control's site holds; leave the site file out")
	}
}
