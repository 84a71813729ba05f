package kafka

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
)

// fake is a broker in this process.
type fake struct{ addr string }

func startFake(t testing.TB, o Options) *Broker {
	t.Helper()
	if o.TLS || len(o.Properties) > 0 || len(o.Advertised) > 0 {
		t.Skip("KAFKA=fake: the broker in this process has neither TLS nor settings")
	}
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.DefaultNumPartitions(1))
	if err != nil {
		t.Fatal(fmt.Errorf("testkit/kafka: fake: %w", err))
	}
	t.Cleanup(c.Close)
	// On standard error too, so that no summary of a passed run hides it.
	fmt.Fprintf(os.Stderr, "KAFKA=fake: %s runs against a broker in this process, not a real one\n", t.Name())
	return (&Broker{t: t, o: o, fake: &fake{addr: c.ListenAddrs()[0]}}).handled()
}

func (f *fake) do(call func(context.Context, *kafka.Client) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	t := &kafka.Transport{}
	defer t.CloseIdleConnections()
	return call(ctx, &kafka.Client{Addr: kafka.TCP(f.addr), Transport: t})
}

func (f *fake) create(name string, partitions int, settings map[string]string) error {
	req := kafka.TopicConfig{Topic: name, NumPartitions: partitions, ReplicationFactor: 1}
	for n, v := range settings {
		req.ConfigEntries = append(req.ConfigEntries, kafka.ConfigEntry{ConfigName: n, ConfigValue: v})
	}
	return f.do(func(ctx context.Context, c *kafka.Client) error {
		r, err := c.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{req}})
		if err != nil {
			return err
		}
		return r.Errors[name]
	})
}

func (f *fake) remove(name string) error {
	return f.do(func(ctx context.Context, c *kafka.Client) error {
		r, err := c.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{name}})
		if err != nil {
			return err
		}
		return r.Errors[name]
	})
}
