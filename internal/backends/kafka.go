package backends

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
)

// KafkaOptions say which broker to start. Only Dir is needed.
type KafkaOptions struct {
	Dir  string // private: settings, data and log
	Port int    // of the plain listener; 0 chooses a free one
	Mode Mode
	// TLS adds three listeners beside the plain one: TLS, TLS with SCRAM-SHA-512
	// and TLS that demands a client certificate. Their certificates come from a
	// CA of the broker's own.
	TLS bool
	// Users are the SCRAM users and their passwords.
	Users map[string]string
	// Advertised adds plain listeners by name. Clients that come through one are
	// told its address here, such as that of a proxy, and stay on that way.
	Advertised map[string]string
	// Properties are added to the broker's settings.
	Properties map[string]string
}

// Kafka is one broker, which is its own controller.
type Kafka struct {
	*Process
	o          KafkaOptions
	controller int
	tls        tlsPorts
	more       map[string]int // ports of the advertised listeners
	ca         *Authority
}

type tlsPorts struct{ plain, scram, mutual int }

// clusterID is any 16 bytes in base64: each broker is a cluster of its own.
const clusterID = "Qnlyc3RhbmRlckJyb2tlcg"

// StartKafka starts a broker and returns once it answers. Starting again in the
// same folder goes on with the same data.
func StartKafka(ctx context.Context, o KafkaOptions) (*Kafka, error) { return startKafka(ctx, o) }

// startKafka is StartKafka with arguments for the Java machine that stand in for
// those of the class archive.
func startKafka(ctx context.Context, o KafkaOptions, extra ...string) (*Kafka, error) {
	k := &Kafka{o: o, more: map[string]int{}}
	if err := freePorts(&k.o.Port, &k.controller); err != nil {
		return nil, err
	}
	for name := range o.Advertised {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		k.more[name] = port
	}
	if err := os.MkdirAll(k.data(), 0o700); err != nil {
		return nil, fmt.Errorf("backends: kafka: %w", err)
	}
	if o.TLS {
		if err := k.setUpTLS(); err != nil {
			return nil, err
		}
	}
	if err := k.writeSettings(); err != nil {
		return nil, err
	}
	args, err := k.command(extra)
	if err != nil {
		return nil, err
	}
	k.Process = &Process{
		name: "kafka", mode: o.Mode, dir: o.Dir, args: args, log: filepath.Join(o.Dir, "kafka.log"), ready: k.answers,
	}
	if err := k.Start(ctx); err != nil {
		return nil, err
	}
	if err := k.addUsers(ctx); err != nil {
		return nil, errors.Join(err, k.Kill())
	}
	return k, nil
}

func (k *Kafka) data() string { return filepath.Join(k.o.Dir, "data") }

// Addr is the plain listener's address.
func (k *Kafka) Addr() string { return local(k.o.Port) }

// ListenerAddr is where an advertised listener listens.
func (k *Kafka) ListenerAddr(name string) string { return local(k.more[name]) }

// TLSAddr is the address of the listener that asks clients for nothing.
func (k *Kafka) TLSAddr() string { return local(k.tls.plain) }

// SCRAMAddr is the address of the TLS listener that asks for a user.
func (k *Kafka) SCRAMAddr() string { return local(k.tls.scram) }

// MTLSAddr is the address of the TLS listener that asks for a certificate.
func (k *Kafka) MTLSAddr() string { return local(k.tls.mutual) }

// CA is the authority of the broker's certificates, nil without TLS.
func (k *Kafka) CA() *Authority { return k.ca }

// kafkaHome is the folder of the jars.
func kafkaHome() (string, error) {
	jar, err := cached("kafka "+KafkaVersion, "kafka-"+KafkaVersion, "kafka_2.13-"+KafkaVersion+".jar")
	return filepath.Dir(jar), err
}

// archive is where the classes of a started broker are kept in the form that
// the Java machine maps into memory; it halves the time of a start.
func archive(home string) string { return filepath.Join(home, "classes.jsa") }

// javaPath returns Debian's Java 17, which the broker is tested with, or else
// the one that is found.
func javaPath() (string, error) {
	found, err := filepath.Glob("/usr/lib/jvm/java-17-openjdk-*/bin/java")
	if err == nil && len(found) > 0 {
		return found[0], nil
	}
	java, err := exec.LookPath("java")
	if err != nil {
		return "", fmt.Errorf("backends: java: %w: run %s", ErrMissing, install)
	}
	return java, nil
}

func (k *Kafka) command(extra []string) ([]string, error) {
	home, err := kafkaHome()
	if err != nil {
		return nil, err
	}
	java, err := javaPath()
	if err != nil {
		return nil, err
	}
	args := []string{
		java, "-Xms64m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData",
		"-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true", "-Djava.net.preferIPv4Stack=true",
		"-Dlog4j.configuration=file:" + filepath.Join(k.o.Dir, "log4j.properties"),
	}
	if len(extra) == 0 {
		extra = []string{"-Xshare:auto", "-Xlog:disable", "-Xlog:all=error:stderr", "-XX:SharedArchiveFile=" + archive(home)}
	}
	args = append(args, extra...)
	return append(args, "-cp", filepath.Join(home, "*"), "kafka.Kafka", filepath.Join(k.o.Dir, "server.properties")), nil
}

// writeSettings writes the broker's settings and what formatting its storage
// would: a broker without it takes the features of its own version.
func (k *Kafka) writeSettings() error {
	files := map[string]string{
		"server.properties": k.settings(),
		"log4j.properties": `log4j.rootLogger=WARN,out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %p %m (%c)%n
`,
	}
	meta := filepath.Join(k.data(), "meta.properties")
	if _, err := os.Stat(meta); err != nil {
		files["data/meta.properties"] = "version=1\nnode.id=1\ncluster.id=" + clusterID + "\n"
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(k.o.Dir, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("backends: kafka: %w", err)
		}
	}
	return nil
}

func (k *Kafka) settings() string {
	listeners := []string{"PLAIN://" + k.Addr(), "CONTROLLER://" + local(k.controller)}
	protocols := []string{"PLAIN:PLAINTEXT", "CONTROLLER:PLAINTEXT"}
	p := map[string]string{
		"process.roles":                            "broker,controller",
		"node.id":                                  "1",
		"controller.quorum.voters":                 "1@" + local(k.controller),
		"controller.listener.names":                "CONTROLLER",
		"inter.broker.listener.name":               "PLAIN",
		"log.dirs":                                 k.data(),
		"auto.create.topics.enable":                "false",
		"default.replication.factor":               "1",
		"offsets.topic.replication.factor":         "1",
		"offsets.topic.num.partitions":             "2",
		"transaction.state.log.replication.factor": "1",
		"transaction.state.log.min.isr":            "1",
		"transaction.state.log.num.partitions":     "2",
		"group.initial.rebalance.delay.ms":         "0",
		// A killed broker may come back only when its old session is over.
		"broker.session.timeout.ms":    "4000",
		"broker.heartbeat.interval.ms": "500",
		// One small machine.
		"num.network.threads": "2", "num.io.threads": "2", "background.threads": "2",
		"log.cleaner.threads": "1", "log.cleaner.dedupe.buffer.size": "8388608",
		"queued.max.requests": "64",
	}
	if k.o.TLS {
		l, s, extra := k.tlsSettings()
		listeners, protocols = append(listeners, l...), append(protocols, s...)
		for name, v := range extra {
			p[name] = v
		}
	}
	told := slices.DeleteFunc(slices.Clone(listeners), func(l string) bool { return strings.HasPrefix(l, "CONTROLLER") })
	for name, addr := range k.o.Advertised {
		id := strings.ToUpper(name)
		listeners = append(listeners, id+"://"+k.ListenerAddr(name))
		told = append(told, id+"://"+addr)
		protocols = append(protocols, id+":PLAINTEXT")
	}
	p["listeners"] = strings.Join(listeners, ",")
	p["advertised.listeners"] = strings.Join(told, ",")
	p["listener.security.protocol.map"] = strings.Join(protocols, ",")
	for name, v := range k.o.Properties {
		p[name] = v
	}
	names := make([]string, 0, len(p))
	for name := range p {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "%s=%s\n", name, p[name])
	}
	return b.String()
}

// answers reports whether the broker takes part in its cluster.
func (k *Kafka) answers(ctx context.Context) error {
	return k.do(ctx, func(ctx context.Context, c *kafka.Client) error {
		m, err := c.Metadata(ctx, &kafka.MetadataRequest{})
		if err != nil {
			return err
		}
		if len(m.Brokers) == 0 {
			return errors.New("no broker in the cluster yet")
		}
		return nil
	})
}

// do calls the broker with a client that leaves nothing behind.
func (k *Kafka) do(ctx context.Context, call func(context.Context, *kafka.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	t := &kafka.Transport{DialTimeout: time.Second, MetadataTTL: time.Hour}
	defer t.CloseIdleConnections()
	return call(ctx, &kafka.Client{Addr: kafka.TCP(k.Addr()), Transport: t})
}

// CreateTopic makes a topic and returns once it can be written to. settings may
// be nil.
func (k *Kafka) CreateTopic(ctx context.Context, name string, partitions int, settings map[string]string) error {
	req := kafka.TopicConfig{Topic: name, NumPartitions: partitions, ReplicationFactor: 1}
	for n, v := range settings {
		req.ConfigEntries = append(req.ConfigEntries, kafka.ConfigEntry{ConfigName: n, ConfigValue: v})
	}
	err := k.do(ctx, func(ctx context.Context, c *kafka.Client) error {
		r, err := c.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{req}})
		if err != nil {
			return err
		}
		return r.Errors[name]
	})
	if err != nil {
		return fmt.Errorf("backends: kafka: create topic %s: %w", name, err)
	}
	return k.awaitTopic(ctx, name, func(t kafka.Topic) bool {
		return t.Error == nil && len(t.Partitions) == partitions &&
			!slices.ContainsFunc(t.Partitions, func(p kafka.Partition) bool { return p.Error != nil || p.Leader.Port == 0 })
	})
}

// DeleteTopic removes a topic with all that it holds.
func (k *Kafka) DeleteTopic(ctx context.Context, name string) error {
	err := k.do(ctx, func(ctx context.Context, c *kafka.Client) error {
		r, err := c.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{name}})
		if err != nil {
			return err
		}
		return r.Errors[name]
	})
	if err != nil {
		return fmt.Errorf("backends: kafka: delete topic %s: %w", name, err)
	}
	return k.awaitTopic(ctx, name, func(t kafka.Topic) bool { return errors.Is(t.Error, kafka.UnknownTopicOrPartition) })
}

func (k *Kafka) awaitTopic(ctx context.Context, name string, done func(kafka.Topic) bool) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		var ok bool
		err := k.do(ctx, func(ctx context.Context, c *kafka.Client) error {
			m, err := c.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{name}})
			ok = err == nil && len(m.Topics) == 1 && done(m.Topics[0])
			return err
		})
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("backends: kafka: topic %s: %w", name, errors.Join(ctx.Err(), err))
		case <-tick.C:
		}
	}
}
