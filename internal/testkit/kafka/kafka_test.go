package kafka_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"testing"
	"time"

	kgo "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/scram"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"bystander/internal/testkit/kafka"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func write(t *testing.T, addr string, tc *tls.Config, mech sasl.Mechanism, topic string, values ...string) error {
	t.Helper()
	tr := &kgo.Transport{TLS: tc, SASL: mech}
	defer tr.CloseIdleConnections()
	w := &kgo.Writer{Addr: kgo.TCP(addr), Topic: topic, RequiredAcks: kgo.RequireAll, Transport: tr, MaxAttempts: 1, BatchTimeout: time.Millisecond}
	defer func() { require.NoError(t, w.Close()) }()
	msgs := make([]kgo.Message, len(values))
	for i, v := range values {
		msgs[i] = kgo.Message{Key: []byte("k"), Value: []byte(v)}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return w.WriteMessages(ctx, msgs...)
}

func TestTopicsAndAnOutsideClient(t *testing.T) {
	b := kafka.Start(t, kafka.Options{Shared: true})
	b.CreateTopic("hello", 3, "cleanup.policy=compact")
	b.KcatWrite("hello", "a:one", "b:two")
	require.NoError(t, write(t, b.Addr(), nil, nil, "hello", "three"))
	require.ElementsMatch(t, []string{"a one", "b two", "k three"}, b.KcatRead("hello", "%k %s"))
	b.DeleteTopic("hello")
	b.CreateTopic("hello", 1)
	require.Empty(t, b.KcatRead("hello", "%s"))
}

func TestSharedBrokerIsOne(t *testing.T) {
	if os.Getenv("KAFKA") == "fake" {
		t.Skip("KAFKA=fake: each test has its own")
	}
	a, b := kafka.Start(t, kafka.Options{Shared: true}), kafka.Start(t, kafka.Options{Shared: true})
	require.Equal(t, a.Addr(), b.Addr())
}

func TestSurvivesKillPauseAndStop(t *testing.T) {
	b := kafka.Start(t, kafka.Options{})
	b.CreateTopic("kept", 1)
	require.NoError(t, write(t, b.Addr(), nil, nil, "kept", "1"))
	addr := b.Addr()

	b.Kill()
	require.Error(t, write(t, addr, nil, nil, "kept", "lost"))
	begun := time.Now()
	b.Restart()
	t.Logf("restart after a kill: %v", time.Since(begun).Round(time.Millisecond))
	require.Equal(t, addr, b.Addr())
	require.NoError(t, write(t, addr, nil, nil, "kept", "2"))

	b.Pause()
	paused, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	c, err := kgo.DialContext(paused, "tcp", addr) // the kernel accepts, the broker answers nothing
	if err == nil {
		require.NoError(t, c.SetDeadline(time.Now().Add(300*time.Millisecond)))
		_, err = c.Brokers()
		_ = c.Close() // it has closed itself after the failure
	}
	require.Error(t, err)
	b.Resume()
	require.NoError(t, write(t, addr, nil, nil, "kept", "3"))

	b.Stop()
	b.Restart()
	require.Equal(t, []string{"1", "2", "3"}, b.KcatRead("kept", "%s"))
}

func TestTLSAndUsers(t *testing.T) {
	b := kafka.Start(t, kafka.Options{Users: map[string]string{"edge": "long enough"}})
	b.CreateTopic("guarded", 1)
	mech := func(password string) sasl.Mechanism {
		m, err := scram.Mechanism(scram.SHA512, "edge", password)
		require.NoError(t, err)
		return m
	}
	for _, c := range []struct {
		name, addr string
		tls        *tls.Config
		mech       sasl.Mechanism
		ok         bool
	}{
		{"tls", b.TLSAddr(), b.ClientTLS(""), nil, true},
		{"tls, authority unknown", b.TLSAddr(), &tls.Config{}, nil, false},
		{"scram", b.SCRAMAddr(), b.ClientTLS(""), mech("long enough"), true},
		{"scram, wrong password", b.SCRAMAddr(), b.ClientTLS(""), mech("wrong"), false},
		{"scram, none", b.SCRAMAddr(), b.ClientTLS(""), nil, false},
		{"mutual", b.MTLSAddr(), b.ClientTLS("edge-1"), nil, true},
		{"mutual, no certificate", b.MTLSAddr(), b.ClientTLS(""), nil, false},
	} {
		err := write(t, c.addr, c.tls, c.mech, "guarded", c.name)
		require.Equal(t, c.ok, err == nil, "%s: %v", c.name, err)
	}
	ca, cert, key := b.ClientPEM("kcat")
	out := kafka.Kcat(t, "", "-b", b.MTLSAddr(), "-X", "security.protocol=ssl", "-X", "ssl.ca.location="+ca,
		"-X", "ssl.certificate.location="+cert, "-X", "ssl.key.location="+key, "-C", "-t", "guarded", "-e", "-q", "-f", "%s\n")
	require.Equal(t, "tls\nscram\nmutual\n", out)
}

func TestConsumerGroup(t *testing.T) {
	b := kafka.Start(t, kafka.Options{Shared: true})
	b.CreateTopic("grouped", 2)
	for i := range 10 {
		require.NoError(t, write(t, b.Addr(), nil, nil, "grouped", fmt.Sprint(i)))
	}
	r := kgo.NewReader(kgo.ReaderConfig{Brokers: []string{b.Addr()}, GroupID: "g", Topic: "grouped", Logger: kgo.LoggerFunc(func(string, ...any) {})})
	defer func() { require.NoError(t, r.Close()) }()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for range 10 {
		m, err := r.FetchMessage(ctx)
		require.NoError(t, err)
		require.NoError(t, r.CommitMessages(ctx, m))
	}
}
