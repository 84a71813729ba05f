package kafkax_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/internal/kafkax"
)

func TestConfigNamesEachFault(t *testing.T) {
	good := kafkax.Config{Brokers: []string{"b:9092"}}
	require.NoError(t, good.Check())
	for key, spoil := range map[string]func(*kafkax.Config){
		"events.kafka.brokers: name":      func(c *kafkax.Config) { c.Brokers = nil },
		`events.kafka.brokers: "b"`:       func(c *kafkax.Config) { c.Brokers = []string{"b"} },
		"events.kafka.topic_prefix":       func(c *kafkax.Config) { c.TopicPrefix = "a b" },
		"events.kafka.compression":        func(c *kafkax.Config) { c.Compression = "gzip" },
		"events.kafka.tls: cert and key":  func(c *kafkax.Config) { c.TLS.Cert = "x" },
		"events.kafka.sasl.mechanism":     func(c *kafkax.Config) { c.SASL = kafkax.SASL{Mechanism: "PLAIN", User: "u", Password: "p"} },
		"events.kafka.sasl.user":          func(c *kafkax.Config) { c.SASL = kafkax.SASL{Mechanism: kafkax.ScramSHA512, Password: "p"} },
		"events.kafka.sasl.password_file": func(c *kafkax.Config) { c.SASL = kafkax.SASL{Mechanism: kafkax.ScramSHA512, User: "u"} },
		"events.kafka.sasl.password_file:": func(c *kafkax.Config) {
			c.SASL = kafkax.SASL{Mechanism: kafkax.ScramSHA512, User: "u", PasswordFile: "/nowhere"}
		},
		"events.kafka.tls.ca:":           func(c *kafkax.Config) { c.TLS.CA = "/nowhere" },
		"events.kafka.tls.cert and .key": func(c *kafkax.Config) { c.TLS.Cert, c.TLS.Key = "/nowhere", "/nowhere" },
		"bus.brokers":                    func(c *kafkax.Config) { c.Path, c.Brokers = "bus", nil },
	} {
		t.Run(key, func(t *testing.T) {
			c := good
			spoil(&c)
			_, err := kafkax.Open(c)
			require.ErrorIs(t, err, kafkax.ErrConfig)
			require.ErrorContains(t, err, strings.Split(key, ": name")[0])
		})
	}
	notPEM := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(notPEM, []byte("x"), 0o600))
	_, err := kafkax.Open(kafkax.Config{Brokers: []string{"b:1"}, TLS: kafkax.TLS{CA: notPEM}})
	require.ErrorContains(t, err, "no PEM certificate")
	_, err = kafkax.Open(kafkax.Config{Compression: "x"})
	require.ErrorContains(t, err, "brokers")
	require.ErrorContains(t, err, "compression", "all faults at once")
}

func TestSecretsDoNotPrint(t *testing.T) {
	c := kafkax.Config{Brokers: []string{"b:1"}, SASL: kafkax.SASL{Mechanism: kafkax.ScramSHA256, User: "u", Password: "swordfish"}}
	j, err := json.Marshal(c)
	require.NoError(t, err)
	y, err := yaml.Marshal(c)
	require.NoError(t, err)
	for _, s := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprintf("%q %s", c.SASL.Password, c.SASL.Password), string(j), string(y)} {
		require.NotContains(t, s, "swordfish")
	}
	require.Equal(t, "swordfish", c.SASL.Password.Reveal())
}

func TestNames(t *testing.T) {
	c := open(t, kafkax.Config{Brokers: []string{"b:1"}})
	require.Equal(t, "bystander.events", c.Name(event.TopicEvents))
	specs := c.Specs(kafkax.TopicOptions{}, 5)
	require.Len(t, specs, len(event.Topics()))
	for _, s := range specs {
		require.Equal(t, 3, s.Replication)
		require.Equal(t, "2", s.Configs["min.insync.replicas"])
		require.Equal(t, "false", s.Configs["unclean.leader.election.enable"])
		compacted := s.Topic == event.TopicPolicy || s.Topic == event.TopicCheckpoints
		require.Equal(t, compacted, s.Configs["cleanup.policy"] == "compact", s.Name)
		require.Equal(t, s.Topic == event.TopicEvents, s.Partitions > 1, s.Name)
	}
	for _, s := range c.Specs(kafkax.TopicOptions{}, 1) {
		require.Equal(t, 1, s.Replication)
		require.Equal(t, "1", s.Configs["min.insync.replicas"])
	}
}
