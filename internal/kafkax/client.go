package kafkax

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/compress"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/scram"

	"bystander/internal/event"
)

// Client is the way to one cluster. It is safe for concurrent use; connections
// are made when first needed.
type Client struct {
	cfg    Config
	kc     *kafka.Client
	tr     *kafka.Transport
	dialer *kafka.Dialer
	codec  compress.Codec  // nil: none
	ctx    context.Context // of every connection; ended by stop
	stop   context.CancelFunc

	sockets *sockets
}

// metadataTTL is how old the client's picture of the cluster may be.
const metadataTTL = 3 * time.Second

// Open checks the settings and returns a client. It does not touch the network;
// Ping does. It fails with ErrConfig.
func Open(cfg Config) (*Client, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	tc, err := cfg.tlsConfig()
	if err != nil {
		return nil, err
	}
	c := &Client{cfg: cfg, codec: newCodec(cfg.compression())}
	var mech sasl.Mechanism
	if cfg.SASL != (SASL{}) {
		if _, err := cfg.password(); err != nil {
			return nil, err
		}
		mech = &signIn{c: &c.cfg}
	}
	c.ctx, c.stop = context.WithCancel(context.Background())
	c.sockets = newSockets()
	dial := c.sockets.dial
	c.dialer = &kafka.Dialer{ClientID: cfg.ClientID, DialFunc: dial, Timeout: cfg.timeout(), TLS: tc, SASLMechanism: mech}
	c.kc, c.tr = c.connect(metadataTTL)
	return c, nil
}

// connect makes a client of the library that holds the layout for ttl, which
// also bounds the request for it.
func (c *Client) connect(ttl time.Duration) (*kafka.Client, *kafka.Transport) {
	tr := &kafka.Transport{
		Dial: c.sockets.dial, DialTimeout: c.cfg.timeout(), IdleTimeout: time.Minute, MetadataTTL: ttl,
		ClientID: c.cfg.ClientID, TLS: c.dialer.TLS, SASL: c.dialer.SASLMechanism, Context: c.ctx,
	}
	return &kafka.Client{Addr: kafka.TCP(c.cfg.Brokers...), Timeout: c.cfg.timeout(), Transport: tr}, tr
}

// fresh returns a client of the library that remembers nothing, to ask the
// cluster how it is at this moment. forget ends its connections.
func (c *Client) fresh() (kc *kafka.Client, forget func()) {
	kc, tr := c.connect(c.cfg.timeout())
	return kc, tr.CloseIdleConnections
}

// Close ends the connections, those of Dialer included; requests under way fail.
func (c *Client) Close() error {
	c.stop()
	c.tr.CloseIdleConnections()
	c.sockets.closeAll()
	return nil
}

// Kafka is the library's client, for requests that this package does not wrap.
func (c *Client) Kafka() *kafka.Client { return c.kc }

// Dialer makes connections with the same settings, for kafka.Reader and
// kafka.ConsumerGroup.
func (c *Client) Dialer() *kafka.Dialer { return c.dialer }

// Brokers returns the addresses that connections start from.
func (c *Client) Brokers() []string { return append([]string(nil), c.cfg.Brokers...) }

// Timeout bounds one request.
func (c *Client) Timeout() time.Duration { return c.cfg.timeout() }

// Name is a topic's name on the cluster: the prefix, a dot, what it is for.
func (c *Client) Name(t event.Topic) string { return c.cfg.prefix() + "." + string(t) }

// Explain tells what an error of the library means here, with the key to look
// at; nil stays nil. The result wraps one of this package's errors and err.
func (c *Client) Explain(what string, err error) error { return c.explain(what, err) }

// Ping reaches the cluster and signs in; nothing is answered from memory. It
// fails with ErrAuth, ErrConfig or ErrUnavailable.
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.kc.ApiVersions(ctx, &kafka.ApiVersionsRequest{})
	return c.explain("reach the cluster", err)
}

// Partitions returns how many partitions a topic has. The layout is held for a
// few seconds. It fails with ErrNoTopic and like Ping.
func (c *Client) Partitions(ctx context.Context, topic string) (int, error) {
	return c.partitions(ctx, c.kc, topic)
}

// PartitionsNow is Partitions as the cluster has them at this moment. It makes a
// connection of its own: not for every record.
func (c *Client) PartitionsNow(ctx context.Context, topic string) (int, error) {
	kc, forget := c.fresh()
	defer forget()
	return c.partitions(ctx, kc, topic)
}

func (c *Client) partitions(ctx context.Context, kc *kafka.Client, topic string) (int, error) {
	m, err := kc.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return 0, c.explain("look up topic "+topic, err)
	}
	if len(m.Topics) != 1 {
		return 0, fmt.Errorf("%w: %s", ErrNoTopic, topic)
	}
	if err := m.Topics[0].Error; err != nil {
		return 0, c.explain("look up topic "+topic, err)
	}
	if len(m.Topics[0].Partitions) == 0 {
		return 0, fmt.Errorf("%w: %s has no partition", ErrNoTopic, topic)
	}
	return len(m.Topics[0].Partitions), nil
}

// PartitionOf is where records of that key go: what Kafka's own clients choose,
// so that every producer agrees.
func PartitionOf(key []byte, partitions int) int {
	all := make([]int, partitions)
	for i := range all {
		all[i] = i
	}
	return kafka.Murmur2Balancer{Consistent: true}.Balance(kafka.Message{Key: key}, all...)
}

// signIn is SCRAM with a password that is read at each sign-in.
type signIn struct{ c *Config }

func (s *signIn) Name() string { return s.c.SASL.Mechanism }

func (s *signIn) Start(ctx context.Context) (sasl.StateMachine, []byte, error) {
	pw, err := s.c.password()
	if err != nil {
		return nil, nil, err
	}
	algo := scram.SHA256
	if s.c.SASL.Mechanism == ScramSHA512 {
		algo = scram.SHA512
	}
	m, err := scram.Mechanism(algo, s.c.SASL.User, pw.Reveal())
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %s.sasl: %w", ErrConfig, s.c.path(), err)
	}
	return m.Start(ctx)
}

// Codec compresses what is produced; nil for none. It is safe for concurrent use.
func (c *Client) Codec() compress.Codec { return c.codec }

// compression is the codec's number for kafka-go's own requests.
func (c *Client) compression() kafka.Compression {
	if c.codec == nil {
		return 0
	}
	return kafka.Compression(c.codec.Code())
}

// Publish sends a few records to the topic, each to the partition of its key,
// and returns once all replicas that are in sync have them. Those of one
// partition keep their order. For the many events of an edge see sink/kafka.
func (c *Client) Publish(ctx context.Context, t event.Topic, records ...kafka.Message) error {
	topic := c.Name(t)
	n, err := c.Partitions(ctx, topic)
	if err != nil {
		return err
	}
	byPartition := map[int][]kafka.Record{}
	var order []int
	for _, m := range records {
		p := PartitionOf(m.Key, n)
		if byPartition[p] == nil {
			order = append(order, p)
		}
		byPartition[p] = append(byPartition[p], kafka.Record{
			Time: m.Time, Key: kafka.NewBytes(m.Key), Value: kafka.NewBytes(m.Value), Headers: m.Headers,
		})
	}
	for _, p := range order {
		res, err := c.kc.Produce(ctx, &kafka.ProduceRequest{
			Topic: topic, Partition: p, RequiredAcks: kafka.RequireAll, Compression: c.compression(),
			Records: kafka.NewRecordReader(byPartition[p]...),
		})
		if err == nil {
			err = errors.Join(res.Error, firstOf(res.RecordErrors))
		}
		if err != nil {
			return c.explain("produce to "+topic, err)
		}
	}
	return nil
}

func firstOf(m map[int]error) error {
	for _, err := range m {
		return err
	}
	return nil
}
