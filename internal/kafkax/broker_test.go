package kafkax_test

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	broker "bystander/internal/testkit/kafka"
)

// TestWhoIsLetIn: SCRAM over TLS, mutual TLS, and what each mistake is told as.
//
// proves: B-53, B-63
func TestWhoIsLetIn(t *testing.T) {
	b := broker.Start(t, broker.Options{TLS: true, Users: map[string]string{"edge": "right horse"}, Properties: map[string]string{
		"listener.name.scram.sasl.enabled.mechanisms":        "SCRAM-SHA-512,SCRAM-SHA-256",
		"listener.name.scram.scram-sha-256.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
	}})
	addUser256(t, b, "old-edge", "right horse")
	ca, cert, key := b.ClientPEM("edge-1")
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	pw := file("password", "right horse\n")
	scram := func() kafkax.Config {
		return kafkax.Config{
			Brokers: []string{b.SCRAMAddr()}, TLS: kafkax.TLS{CA: ca}, Timeout: 5 * time.Second,
			SASL: kafkax.SASL{Mechanism: kafkax.ScramSHA512, User: "edge", PasswordFile: pw},
		}
	}
	mtls := kafkax.Config{Brokers: []string{b.MTLSAddr()}, TLS: kafkax.TLS{CA: ca, Cert: cert, Key: key}, Timeout: 5 * time.Second}
	with := func(c kafkax.Config, do func(*kafkax.Config)) kafkax.Config { do(&c); return c }
	for name, tc := range map[string]struct {
		cfg  kafkax.Config
		want error
		says string
	}{
		"SCRAM over TLS":           {cfg: scram()},
		"SCRAM-SHA-256 over TLS":   {cfg: with(scram(), func(c *kafkax.Config) { c.SASL.Mechanism, c.SASL.User = kafkax.ScramSHA256, "old-edge" })},
		"mutual TLS":               {cfg: mtls},
		"wrong password":           {with(scram(), func(c *kafkax.Config) { c.SASL.PasswordFile = file("wrong", "battery staple") }), kafkax.ErrAuth, "events.kafka.sasl.password_file"},
		"unknown user":             {with(scram(), func(c *kafkax.Config) { c.SASL.User = "mallory" }), kafkax.ErrAuth, "events.kafka.sasl.user"},
		"user of the other kind":   {with(scram(), func(c *kafkax.Config) { c.SASL.Mechanism = kafkax.ScramSHA256 }), kafkax.ErrAuth, "events.kafka.sasl"},
		"broker of another CA":     {with(scram(), func(c *kafkax.Config) { c.TLS.CA = otherCA(t, dir) }), kafkax.ErrAuth, "events.kafka.tls.ca"},
		"broker of another name":   {with(scram(), func(c *kafkax.Config) { c.TLS.ServerName = "elsewhere.example" }), kafkax.ErrAuth, "events.kafka.tls.server_name"},
		"no client certificate":    {with(mtls, func(c *kafkax.Config) { c.TLS.Cert, c.TLS.Key = "", "" }), kafkax.ErrAuth, "events.kafka.tls.cert"},
		"plain where TLS is asked": {with(mtls, func(c *kafkax.Config) { c.TLS = kafkax.TLS{} }), kafkax.ErrUnavailable, "events.kafka.tls.ca"},
		"nobody there":             {kafkax.Config{Brokers: []string{"127.0.0.1:1"}, Timeout: time.Second}, kafkax.ErrUnavailable, "events.kafka.brokers"},
	} {
		t.Run(name, func(t *testing.T) {
			c := open(t, tc.cfg)
			err := c.Ping(deadline(t, 10*time.Second))
			if tc.want == nil {
				require.NoError(t, err)
				_, err = c.EnsureTopics(deadline(t, 30*time.Second), kafkax.TopicOptions{Partitions: 1})
				require.NoError(t, err)
				require.NoError(t, c.Publish(deadline(t, 10*time.Second), event.TopicParked, kafka.Message{Key: []byte("k"), Value: []byte("v")}))
				conn, err := c.Dialer().DialContext(deadline(t, 10*time.Second), "tcp", c.Brokers()[0])
				require.NoError(t, err, "readers get in the same way")
				require.NoError(t, conn.Close())
				return
			}
			require.ErrorIs(t, err, tc.want)
			require.ErrorContains(t, err, tc.says)
			require.NotContains(t, err.Error(), "right horse")
			require.NotContains(t, err.Error(), "battery staple")
			require.False(t, kafkax.Permanent(err))
		})
	}

	// A password is changed in its file; nobody restarts.
	c := open(t, with(scram(), func(c *kafkax.Config) { c.SASL.PasswordFile = file("rotating", "battery staple") }))
	require.ErrorIs(t, c.Ping(deadline(t, 10*time.Second)), kafkax.ErrAuth)
	file("rotating", "right horse")
	require.Eventually(t, func() bool { return c.Ping(deadline(t, 5*time.Second)) == nil }, 30*time.Second, 100*time.Millisecond)
}

// addUser256 sets a user's password for SCRAM-SHA-256.
func addUser256(t *testing.T, b *broker.Broker, user, password string) {
	t.Helper()
	salt := []byte("0123456789abcdef")
	salted, err := pbkdf2.Key(sha256.New, password, salt, 4096, sha256.Size)
	require.NoError(t, err)
	c := open(t, kafkax.Config{Brokers: []string{b.Addr()}})
	res, err := c.Kafka().AlterUserScramCredentials(deadline(t, 20*time.Second), &kafka.AlterUserScramCredentialsRequest{
		Upsertions: []kafka.UserScramCredentialsUpsertion{{
			Name: user, Mechanism: kafka.ScramMechanismSha256, Iterations: 4096, Salt: salt, SaltedPassword: salted,
		}},
	})
	require.NoError(t, err)
	require.NoError(t, res.Results[0].Error)
}

func otherCA(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "other-ca.pem")
	require.NoError(t, os.WriteFile(path, selfSigned(t), 0o600))
	return path
}

func TestTopicsAreMadeAndPutRight(t *testing.T) {
	b := broker.Start(t, broker.Options{})
	c := open(t, kafkax.Config{Brokers: []string{b.Addr()}, TopicPrefix: "made"})
	ctx := deadline(t, 60*time.Second)
	require.ErrorIs(t, c.Publish(ctx, event.TopicPolicy, kafka.Message{Value: []byte("x")}), kafkax.ErrNoTopic)
	_, err := c.Partitions(ctx, c.Name(event.TopicPolicy))
	require.ErrorIs(t, err, kafkax.ErrNoTopic, "nothing was made in passing")

	o := kafkax.TopicOptions{Partitions: 2, EventsFor: 48 * time.Hour}
	changes, err := c.EnsureTopics(ctx, o)
	require.NoError(t, err)
	require.Len(t, changes, len(event.Topics()))
	for _, ch := range changes {
		require.True(t, ch.Created, ch.Name)
	}
	changes, err = c.EnsureTopics(ctx, o)
	require.NoError(t, err)
	require.Empty(t, changes, "again changes nothing")

	// Somebody turned a knob, and the retention rule changed.
	_, err = c.Kafka().IncrementalAlterConfigs(ctx, &kafka.IncrementalAlterConfigsRequest{Resources: []kafka.IncrementalAlterConfigsRequestResource{{
		ResourceType: kafka.ResourceTypeTopic, ResourceName: c.Name(event.TopicPolicy),
		Configs: []kafka.IncrementalAlterConfigsRequestConfig{{Name: "cleanup.policy", Value: "delete"}},
	}}})
	require.NoError(t, err)
	o.EventsFor = 24 * time.Hour
	set := map[string]map[string]string{}
	require.Eventually(t, func() bool { // settings reach a broker a moment after they are taken
		changes, err := c.EnsureTopics(ctx, o)
		require.NoError(t, err)
		for _, ch := range changes {
			set[ch.Name] = ch.Set
		}
		return set["made.policy"] != nil && set["made.events"] != nil
	}, 30*time.Second, 50*time.Millisecond)
	require.Equal(t, map[string]string{"cleanup.policy": "compact"}, set["made.policy"])
	require.Equal(t, "86400000", set["made.events"]["retention.ms"])
	require.Len(t, set, 2)

	o.Partitions = 3
	_, err = c.EnsureTopics(ctx, o)
	require.ErrorIs(t, err, kafkax.ErrDrift)
	require.ErrorContains(t, err, "made.events has 2 partitions, want 3")
}

// TestTopicsAreMadeAgainAtOnce: a client that has just used a topic makes it
// anew when somebody removed it, and does not trust what it remembers.
func TestTopicsAreMadeAgainAtOnce(t *testing.T) {
	b := broker.Start(t, broker.Options{})
	c := open(t, kafkax.Config{Brokers: []string{b.Addr()}, TopicPrefix: "again"})
	ctx := deadline(t, 60*time.Second)
	o := kafkax.TopicOptions{Partitions: 2}
	_, err := c.EnsureTopics(ctx, o)
	require.NoError(t, err)
	name := c.Name(event.TopicEvents)
	for range 3 {
		n, err := c.Partitions(ctx, name)
		require.NoError(t, err)
		require.Equal(t, 2, n)
		b.DeleteTopic(name)
		_, err = c.PartitionsNow(ctx, name)
		require.ErrorIs(t, err, kafkax.ErrNoTopic)
		changes, err := c.EnsureTopics(ctx, o)
		require.NoError(t, err)
		require.Equal(t, []kafkax.TopicChange{{Name: name, Created: true}}, changes)
		n, err = c.PartitionsNow(ctx, name)
		require.NoError(t, err)
		require.Equal(t, 2, n)
	}
}

func TestFollow(t *testing.T) {
	b := broker.Start(t, broker.Options{})
	c := open(t, kafkax.Config{Brokers: []string{b.Addr()}, TopicPrefix: "follow", Timeout: 4 * time.Second})
	_, err := c.EnsureTopics(deadline(t, 60*time.Second), kafkax.TopicOptions{Partitions: 1})
	require.NoError(t, err)
	send := func(from, to int) {
		t.Helper()
		var ms []kafka.Message
		for i := from; i <= to; i++ {
			ms = append(ms, kafka.Message{Key: fmt.Appendf(nil, "%d", i%3), Value: fmt.Appendf(nil, "%d", i), Headers: []kafka.Header{{Key: "h", Value: []byte{byte(i)}}}})
		}
		require.NoError(t, c.Publish(deadline(t, 20*time.Second), event.TopicReplay, ms...))
	}
	send(1, 50)
	n := 0
	require.NoError(t, c.ReadToEnd(deadline(t, 20*time.Second), event.TopicReplay, func(m kafka.Message) error { n++; return nil }))
	require.Equal(t, 50, n)
	stop := fmt.Errorf("enough")
	require.ErrorIs(t, c.ReadToEnd(deadline(t, 20*time.Second), event.TopicReplay, func(kafka.Message) error { return stop }), stop)

	tail := func(n int64) (got []string) {
		t.Helper()
		require.NoError(t, c.Tail(deadline(t, 20*time.Second), event.TopicReplay, n, func(m kafka.Message) error {
			got = append(got, string(m.Value))
			return nil
		}))
		return got
	}
	require.Equal(t, []string{"49", "50"}, tail(2), "out of the middle of a batch")
	require.Len(t, tail(1000), 50)
	require.Empty(t, tail(0))
	require.ErrorIs(t, c.Tail(deadline(t, 20*time.Second), event.TopicReplay, 2, func(kafka.Message) error { return stop }), stop)
	require.NoError(t, c.Tail(deadline(t, 20*time.Second), event.TopicParked, 2, func(kafka.Message) error { return stop }), "it is empty")

	got := make(chan string, 1000)
	caught := make(chan struct{})
	failed := make(chan error, 1000)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	t.Cleanup(func() { cancel(); require.NoError(t, <-done) })
	go func() {
		done <- c.Follow(ctx, event.TopicReplay, kafkax.FollowOptions{
			CaughtUp: func() { close(caught) },
			OnError:  func(err error) { failed <- err },
		}, func(m kafka.Message) error { got <- string(m.Value); return nil })
	}()
	expect := func(from, to int) {
		t.Helper()
		for i := from; i <= to; i++ {
			select {
			case v := <-got:
				require.Equal(t, fmt.Sprint(i), v)
			case <-time.After(40 * time.Second):
				t.Fatalf("no record %d; %v", i, <-failed)
			}
		}
	}
	expect(1, 50)
	<-caught
	send(51, 60)
	expect(51, 60)

	// The broker dies and comes back; then the topic is made anew and empty.
	b.Kill()
	require.Error(t, <-failed)
	b.Restart()
	require.Eventually(t, func() bool {
		return c.Publish(deadline(t, 5*time.Second), event.TopicReplay, kafka.Message{Value: []byte("61")}) == nil
	}, 60*time.Second, 100*time.Millisecond)
	expect(61, 61)
	for len(got) > 0 { // a publish that failed may have arrived all the same
		require.Equal(t, "61", <-got)
	}
	b.DeleteTopic(c.Name(event.TopicReplay))
	_, err = c.EnsureTopics(deadline(t, 60*time.Second), kafkax.TopicOptions{Partitions: 1})
	require.NoError(t, err)
	send(1, 5)
	expect(1, 5)
}
