package backends

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha512"
	"fmt"
	"path/filepath"

	"github.com/segmentio/kafka-go"
)

func (k *Kafka) setUpTLS() error {
	if err := freePorts(&k.tls.plain, &k.tls.scram, &k.tls.mutual); err != nil {
		return err
	}
	var err error
	if k.ca, err = NewAuthority("Bystander test authority"); err != nil {
		return err
	}
	server, err := k.ca.Issue("127.0.0.1", true)
	if err != nil {
		return err
	}
	// Kafka reads a key and its certificates from one PEM file.
	if err := writePEM(k.keyStore(), append(server.KeyPEM, server.CertPEM...)); err != nil {
		return err
	}
	return writePEM(k.trustStore(), k.ca.CertPEM)
}

func (k *Kafka) keyStore() string   { return filepath.Join(k.o.Dir, "broker.pem") }
func (k *Kafka) trustStore() string { return filepath.Join(k.o.Dir, "ca.pem") }

// tlsSettings returns the listeners with TLS, their protocols and properties.
func (k *Kafka) tlsSettings() (listeners, protocols []string, p map[string]string) {
	p = map[string]string{
		"ssl.keystore.type":       "PEM",
		"ssl.keystore.location":   k.keyStore(),
		"ssl.truststore.type":     "PEM",
		"ssl.truststore.location": k.trustStore(),

		"listener.name.mutual.ssl.client.auth":               "required",
		"listener.name.scram.sasl.enabled.mechanisms":        "SCRAM-SHA-512",
		"listener.name.scram.scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
	}
	listeners = []string{"TLS://" + k.TLSAddr(), "SCRAM://" + k.SCRAMAddr(), "MUTUAL://" + k.MTLSAddr()}
	protocols = []string{"TLS:SSL", "SCRAM:SASL_SSL", "MUTUAL:SSL"}
	return listeners, protocols, p
}

// addUsers sets the SCRAM users' passwords.
func (k *Kafka) addUsers(ctx context.Context) error {
	if len(k.o.Users) == 0 {
		return nil
	}
	const iterations = 4096
	req := &kafka.AlterUserScramCredentialsRequest{}
	for user, password := range k.o.Users {
		salt := []byte(rand.Text())
		salted, err := pbkdf2.Key(sha512.New, password, salt, iterations, sha512.Size)
		if err != nil {
			return fmt.Errorf("backends: kafka: user %s: %w", user, err)
		}
		req.Upsertions = append(req.Upsertions, kafka.UserScramCredentialsUpsertion{
			Name: user, Mechanism: kafka.ScramMechanismSha512, Iterations: iterations, Salt: salt,
			SaltedPassword: salted,
		})
	}
	return k.do(ctx, func(ctx context.Context, c *kafka.Client) error {
		r, err := c.AlterUserScramCredentials(ctx, req)
		if err != nil {
			return fmt.Errorf("backends: kafka: users: %w", err)
		}
		for _, u := range r.Results {
			if u.Error != nil {
				return fmt.Errorf("backends: kafka: user %s: %w", u.User, u.Error)
			}
		}
		return nil
	})
}
