package app

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	driverch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"

	"bystander/internal/config"
	"bystander/internal/logx"
	"bystander/sink/clickhouse"
	"bystander/sink/sqlite"
	"bystander/sink/writer"
)

// Writer carries events from Kafka into the store until ctx ends.
func Writer(ctx context.Context, cfg config.Config, stderr io.Writer) (err error) {
	log, flush, err := logx.Open(stderr, cfg.Log.Level, cfg.Log.Format)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	defer flush()
	if len(cfg.Events.Kafka.Brokers) == 0 {
		return fmt.Errorf("%w: events.kafka.brokers: none is named; the writer reads from Kafka", ErrUsage)
	}
	if cfg.Writer.Edges == "" {
		return fmt.Errorf("%w: writer.edges: name the folder of the edges' public keys (NAME.pub, copied from keys/edge.pub of each edge)", ErrUsage)
	}
	keys := &edgeKeys{dir: cfg.Writer.Edges, now: time.Now}
	if err := keys.check(); err != nil {
		return fmt.Errorf("%w: writer.edges: %w", ErrUsage, err)
	}
	client, err := openClient(cfg, "writer")
	if err != nil {
		return errors.Join(ErrUsage, err)
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	store, closeStore, err := openWriterStore(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	reg := prometheus.NewRegistry()
	key, err := signingKey(cfg.Keys, "writer")
	if err != nil { // it can do its work without
		log.Warn().Err(err).Msg("the writer has no key of its own: edges that know their writers by key will not send events again for it")
	}
	traces, endTraces, err := openTraces(ctx, cfg, "bystander-writer", reg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, endTraces()) }()
	w, err := writer.New(client, writer.Options{
		Follow: storedSpans(traces),
		Name:   chainID(cfg.Events.Edge), Key: key,
		Group: cfg.Writer.Group, Keys: keys.of, Store: store,
		Log: log.With().Str("component", "writer").Logger(), Registry: reg,
	})
	if err != nil {
		return errors.Join(ErrUsage, err)
	}
	stop, err := serveHealth(ctx, cfg.Writer.Listen, reg, w, log)
	if err != nil {
		return err
	}
	defer stop()
	b := &bus{client: client, topics: topicOptions(cfg), alarms: &alarms{log: log}, log: log}
	if !b.ensure(ctx) {
		return nil
	}
	log.Info().Strs("topics", topicsOf(client)).Msg("carrying events into the store")
	return w.Run(ctx)
}

// openWriterStore opens ClickHouse when it is configured, else the file of the
// house that runs on one machine.
func openWriterStore(ctx context.Context, cfg config.Config) (writer.Store, func() error, error) {
	if len(cfg.Events.ClickHouse.Addrs) == 0 {
		if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
			return writer.Store{}, nil, fmt.Errorf("data: %w", err)
		}
		s, err := sqlite.Open(ctx, filepath.Join(cfg.Data, "events.db"), sqlite.Options{})
		if err != nil {
			return writer.Store{}, nil, err
		}
		return writer.SQLite(s), s.Close, nil
	}
	conn, variant, err := dialClickHouse(cfg)
	if err != nil {
		return writer.Store{}, nil, err
	}
	s, err := clickhouse.Open(ctx, conn, clickhouse.Options{Variant: variant, Verified: true})
	if err != nil {
		return writer.Store{}, nil, errors.Join(err, conn.Close())
	}
	return writer.ClickHouse(s), func() error { return errors.Join(s.Close(), conn.Close()) }, nil
}

func dialClickHouse(cfg config.Config) (driver.Conn, clickhouse.Variant, error) {
	dial, v, err := clickhouseConfig(cfg)
	if err != nil {
		return nil, v, err
	}
	conn, err := clickhouse.Dial(dial)
	return conn, v, err
}

func clickhouseConfig(cfg config.Config) (clickhouse.Config, clickhouse.Variant, error) {
	c, v := cfg.Events.ClickHouse, clickhouse.Variant{}
	dial := clickhouse.Config{Addrs: c.Addrs, HTTP: c.HTTP, User: c.User}
	if len(c.Addrs) == 0 {
		return dial, v, fmt.Errorf("%w: events.clickhouse.addrs: name a server, host:port", ErrUsage)
	}
	v = clickhouse.Variant{Database: c.Database, Cluster: c.Cluster}
	if c.PasswordFile != "" {
		b, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return dial, v, fmt.Errorf("%w: events.clickhouse.password_file: %w", ErrUsage, err)
		}
		dial.Password = strings.TrimRight(string(b), "\r\n")
	}
	if c.TLS.On() {
		t, err := clientTLS(c.TLS)
		if err != nil {
			return dial, v, fmt.Errorf("%w: events.clickhouse.tls: %w", ErrUsage, err)
		}
		dial.TLS = t
	}
	return dial, v, nil
}

// clickhouseOptions are those of a plain connection for questions.
func clickhouseOptions(cfg config.Config) (*driverch.Options, error) {
	c, v, err := clickhouseConfig(cfg)
	if err != nil {
		return nil, err
	}
	o := &driverch.Options{
		Addr: c.Addrs, TLS: c.TLS, MaxOpenConns: 4,
		Auth: driverch.Auth{Database: cmp.Or(v.Database, "bystander"), Username: c.User, Password: c.Password},
	}
	if c.HTTP {
		o.Protocol = driverch.HTTP
	}
	return o, nil
}

func clientTLS(t config.TLS) (*tls.Config, error) {
	out := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.CA != "" {
		b, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, err
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(b) {
			return nil, fmt.Errorf("ca: %s holds no certificate in PEM", t.CA)
		}
	}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, err
		}
		out.Certificates = []tls.Certificate{pair}
	}
	return out, nil
}

// edgeKeys finds the public keys of the edges in a folder. A key that is put
// there later is found within a few seconds.
type edgeKeys struct {
	dir string
	now func() time.Time

	mu    sync.Mutex
	known map[string]edgeKey
}

type edgeKey struct {
	key   ed25519.PublicKey // nil when there was none
	until time.Time         // look again afterwards
}

// check tells at the start what is wrong with the folder.
func (k *edgeKeys) check() error {
	files, err := filepath.Glob(filepath.Join(k.dir, "*.pub"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("%s holds no NAME.pub; copy keys/edge.pub of each edge there, under the edge's name", k.dir)
	}
	for _, f := range files {
		if _, err := readPublic(f); err != nil {
			return err
		}
	}
	return nil
}

// of returns the key of a chain's edge, nil when none is known.
func (k *edgeKeys) of(chain string) ed25519.PublicKey {
	if chain != filepath.Base(chain) || chain == "." || chain == ".." {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if have, ok := k.known[chain]; ok && k.now().Before(have.until) {
		return have.key
	}
	if k.known == nil || len(k.known) > 100_000 { // names come from outside
		k.known = map[string]edgeKey{}
	}
	key, err := readPublic(filepath.Join(k.dir, chain+".pub"))
	if err != nil {
		key = nil
	}
	k.known[chain] = edgeKey{key, k.now().Add(5 * time.Second)}
	return key
}

func readPublic(path string) (ed25519.PublicKey, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("keys: %s holds no PEM block", path)
	}
	pub, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("keys: %s: %w", path, err)
	}
	key, ok := pub.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("keys: %s is no Ed25519 key", path)
	}
	return key, nil
}

// serveHealth serves /metrics and /healthz when an address is set.
func serveHealth(ctx context.Context, addr string, reg *prometheus.Registry, w *writer.Writer, log zerolog.Logger) (func(), error) {
	if addr == "" {
		return func() {}, nil
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("writer.listen: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	mux.HandleFunc("GET /healthz", func(rw http.ResponseWriter, _ *http.Request) {
		if err := w.Status().Err; err != nil {
			http.Error(rw, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(rw, "ok")
	})
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() { // waited for by the function returned
		defer close(done)
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			log.Error().Err(err).Msg("health page ended")
		}
	}()
	log.Info().Stringer("addr", ln.Addr()).Msg("serving /metrics and /healthz")
	return func() {
		if err := srv.Close(); err != nil {
			log.Debug().Err(err).Msg("closing the health page")
		}
		<-done
	}, nil
}

// ClickHouseMigrate brings the store's schema up to date.
func ClickHouseMigrate(ctx context.Context, cfg config.Config, out io.Writer) (err error) {
	conn, v, err := dialClickHouse(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	r, err := clickhouse.Migrate(ctx, conn, v)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "schema version %d (was %d)\n", r.To, r.From)
	for _, s := range r.Applied {
		fmt.Fprintf(out, "  applied %s\n", s)
	}
	for _, p := range r.Periods {
		fmt.Fprintf(out, "  changed the retention period of %s\n", p)
	}
	if len(r.Room) > 0 {
		fmt.Fprintf(out, "  inserts leave room on the disk in %s\n", strings.Join(r.Room, ", "))
	}
	if r.NoRoles != "" {
		fmt.Fprintf(out, "  roles and row policies were not made: %s\n", r.NoRoles)
	}
	return nil
}

// errUnreadable reports parts that Repair could not put right.
var errUnreadable = errors.New("the store holds data that cannot be read and that nothing else gives: restore these tables from a backup")

// ClickHouseRepair puts right what the store cannot read of its own data.
func ClickHouseRepair(ctx context.Context, cfg config.Config, asJSON bool, out io.Writer) (err error) {
	conn, v, err := dialClickHouse(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	r, err := clickhouse.Repair(ctx, conn, v)
	if err != nil {
		return err
	}
	if asJSON {
		if err := json.NewEncoder(out).Encode(r); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(out, "%d parts read, %d of them broken\n", r.Checked, len(r.Broken))
		for _, p := range r.Broken {
			fmt.Fprintf(out, "  %s %s: %s (%s)\n", p.Table, p.Part, p.Outcome, p.Reason)
		}
		for _, t := range r.Refilled {
			fmt.Fprintf(out, "  %s was filled again from the log\n", t)
		}
		if r.LogHit {
			fmt.Fprintln(out, "  events are missing: the writers ask the edges for them when they start, and hourly")
		}
	}
	if r.Left() > 0 {
		return errUnreadable
	}
	return nil
}

// ClickHousePrint prints the schema that ClickHouseMigrate would make.
func ClickHousePrint(cfg config.Config, out io.Writer) error {
	c := cfg.Events.ClickHouse
	text, err := clickhouse.Print(clickhouse.Variant{Database: c.Database, Cluster: c.Cluster})
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, text)
	return err
}
