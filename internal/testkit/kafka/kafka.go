// Package kafka gives tests a Kafka broker: a real one unless KAFKA=fake asks
// for the one in this process.
package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"bystander/internal/backends"
	"bystander/internal/testkit/proc"
)

// Options say which broker a test needs. The zero value is a plain one of the
// test's own.
type Options struct {
	// Shared takes the one plain broker of this test binary, which is started
	// when first asked for and ends with the binary. Topics then need names that
	// no other test uses, and the broker must not be hurt.
	Shared bool
	// TLS adds listeners with TLS, SCRAM-SHA-512 over TLS, and mutual TLS.
	TLS bool
	// Users are SCRAM users and their passwords; they imply TLS.
	Users map[string]string
	// Advertised adds plain listeners by name. Clients that come through one are
	// told its address here, such as that of a proxy, and stay on that way.
	Advertised map[string]string
	// Dir is where the broker's data lies; the test's folder when empty.
	Dir string
	// Properties are added to the broker's settings.
	Properties map[string]string
}

// Broker is a running broker with no topics.
type Broker struct {
	proc.Handle
	t    testing.TB
	o    Options
	real *backends.Kafka
	fake *fake
}

// Start starts a broker on free loopback ports with a folder of its own. It
// ends with the test. Where no broker is installed the test fails and says what
// installs it.
func Start(t testing.TB, o Options) *Broker {
	t.Helper()
	o.TLS = o.TLS || len(o.Users) > 0
	switch kind := os.Getenv("KAFKA"); kind {
	case "", "real":
	case "fake":
		return startFake(t, o)
	default:
		t.Fatalf("KAFKA=%s: want real or fake", kind)
	}
	if o.Shared {
		if o.TLS || len(o.Properties) > 0 || len(o.Advertised) > 0 || o.Dir != "" {
			t.Fatal("testkit/kafka: the shared broker is a plain one")
		}
		return (&Broker{t: t, o: o, real: sharedBroker(t)}).handled()
	}
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	k := startReal(t, o.Dir, o)
	b := (&Broker{t: t, o: o, real: k}).handled()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the broker's log: %s", k.LogTail())
		}
		_ = k.Kill() // its data goes with the test's folder
	})
	return b
}

// handled lets the test hurt the broker, as far as it may be.
func (b *Broker) handled() *Broker {
	b.Handle = proc.New(b.t, "testkit/kafka", func() proc.Process { b.t.Helper(); return b.hurt() })
	return b
}

func startReal(t testing.TB, dir string, o Options) *backends.Kafka {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), proc.Patience)
	defer cancel()
	k, err := backends.StartKafka(ctx, backends.KafkaOptions{
		Dir: dir, TLS: o.TLS, Users: o.Users, Advertised: o.Advertised, Properties: o.Properties,
	})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// shared is the broker of this test binary.
var shared struct {
	sync.Mutex
	k *backends.Kafka
}

const sharedPrefix = "bystander-kafka-"

func sharedBroker(t testing.TB) *backends.Kafka {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.k == nil {
		shared.k = startReal(t, proc.SharedDir(sharedPrefix), Options{})
	}
	return shared.k
}

// Addr is the plain listener's address.
func (b *Broker) Addr() string {
	if b.fake != nil {
		return b.fake.addr
	}
	return b.real.Addr()
}

// ListenerAddr is where an advertised listener listens, whatever it is told as.
func (b *Broker) ListenerAddr(name string) string {
	b.t.Helper()
	if b.real == nil || b.o.Advertised[name] == "" {
		b.t.Fatalf("testkit/kafka: no listener %q", name)
	}
	return b.real.ListenerAddr(name)
}

// TLSAddr is the address of the listener with TLS that asks clients for nothing.
func (b *Broker) TLSAddr() string { return b.needTLS().TLSAddr() }

// SCRAMAddr is the address of the listener with SCRAM-SHA-512 over TLS.
func (b *Broker) SCRAMAddr() string { return b.needTLS().SCRAMAddr() }

// MTLSAddr is the address of the listener that asks for a client certificate.
func (b *Broker) MTLSAddr() string { return b.needTLS().MTLSAddr() }

// ClientTLS trusts the broker's authority; with a name it shows a certificate
// of that authority for the name.
func (b *Broker) ClientTLS(name string) *tls.Config {
	b.t.Helper()
	c, err := b.needTLS().CA().ClientTLS(name)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

// ClientPEM writes the authority's certificate, and a client's certificate and
// key for name, into files for programs that read such.
func (b *Broker) ClientPEM(name string) (ca, cert, key string) {
	b.t.Helper()
	a := b.needTLS().CA()
	id, err := a.Issue(name, false)
	if err != nil {
		b.t.Fatal(err)
	}
	dir := b.t.TempDir()
	write := func(file string, pem []byte) string {
		path := filepath.Join(dir, file)
		if err := os.WriteFile(path, pem, 0o600); err != nil {
			b.t.Fatal(err)
		}
		return path
	}
	return write("ca.pem", a.CertPEM), write("cert.pem", id.CertPEM), write("key.pem", id.KeyPEM)
}

func (b *Broker) needTLS() *backends.Kafka {
	b.t.Helper()
	if b.real == nil || !b.o.TLS {
		b.t.Fatal("testkit/kafka: ask for TLS in the options")
	}
	return b.real
}

// PID is the broker process's number; 0 when it does not run or is a fake.
func (b *Broker) PID() int {
	if b.real == nil {
		return 0
	}
	return b.real.PID()
}

// hurt returns the broker as a process of the test's own.
func (b *Broker) hurt() *backends.Kafka {
	b.t.Helper()
	if b.fake != nil {
		b.t.Skip("KAFKA=fake: only a real broker can be paused, killed and restarted")
	}
	if b.o.Shared {
		b.t.Fatal("testkit/kafka: the shared broker must not be hurt")
	}
	return b.real
}

// CreateTopic makes a topic and returns once it can be written to. Settings are
// pairs such as "cleanup.policy=compact".
func (b *Broker) CreateTopic(name string, partitions int, settings ...string) {
	b.t.Helper()
	m := map[string]string{}
	for _, s := range settings {
		n, v, ok := strings.Cut(s, "=")
		if !ok {
			b.t.Fatalf("testkit/kafka: setting %q: want name=value", s)
		}
		m[n] = v
	}
	if b.fake != nil {
		b.must(b.fake.create(name, partitions, m))
		return
	}
	b.must(b.real.CreateTopic(context.Background(), name, partitions, m))
}

// DeleteTopic removes a topic with all that it holds. A broker that has just lost
// its controller refuses at first, and is asked again, as a person would.
func (b *Broker) DeleteTopic(name string) {
	b.t.Helper()
	if b.fake != nil {
		b.must(b.fake.remove(name))
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), proc.Patience)
	defer cancel()
	for again := false; ; again = true {
		err := b.real.DeleteTopic(ctx, name)
		if again && errors.Is(err, kafka.UnknownTopicOrPartition) {
			return // it was done all the same
		}
		if !errors.Is(err, kafka.BrokerNotAvailable) || ctx.Err() != nil {
			b.must(err)
			return
		}
		b.t.Logf("testkit/kafka: %v; once more", err)
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (b *Broker) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(fmt.Errorf("testkit/kafka: %w", err))
	}
}
