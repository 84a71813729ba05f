package app

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"bystander/audit/verify"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/sink/spool"
	"bystander/sink/sqlite"
)

// errBroken reports a log that is not as it was written.
var errBroken = errors.New("the event log is not whole or not as it was written")

// VerifyOptions say what is verified, and against what.
type VerifyOptions struct {
	Chain    string // all chains when empty
	From, To uint64
	Key      string // file of the edge's public key; the installation's when empty
	// One of these, or the installation's store.
	Spool, Export string
	Store         string   // local or clickhouse; ClickHouse when it is configured
	Checkpoints   []string // files: signed notes, or histories of them
	Log           string   // folder or address of the tiles; the installation's when empty
	LogKey        string   // verifier key or a file with it; the installation's when empty
	ByAge         bool
	JSON          bool
	Stdout        io.Writer
	Progress      io.Writer // nil for none
}

// AuditVerify proves that the rows of a store, a spool or an export are whole,
// unaltered and in order, against the edge's key, its spool, the Merkle log and
// checkpoints kept elsewhere. What is wrong is told, and is an error.
func AuditVerify(ctx context.Context, cfg config.Config, o VerifyOptions) (err error) {
	src, err := openRows(ctx, cfg, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.close()) }()
	chains, err := src.chains(ctx, cfg, o)
	if err != nil {
		return err
	}
	vo := verify.Options{ByAge: o.ByAge, Retention: cfg.Events.MaxAge}
	if o.Progress != nil {
		vo.Progress = progressLine(o.Progress)
	}
	reports, err := verify.Run(ctx, src, chains, vo)
	if err != nil {
		return err
	}
	broken := false
	for _, r := range reports {
		broken = broken || !r.Intact
		if err := tellReport(o.Stdout, r, o.JSON); err != nil {
			return err
		}
	}
	if broken {
		return errBroken
	}
	return nil
}

// progressLine tells once a second how far a long run has got.
func progressLine(w io.Writer) func(chain string, rows, last uint64) {
	began := time.Now()
	next := began.Add(time.Second)
	return func(chain string, rows, last uint64) {
		if now := time.Now(); now.After(next) {
			next = now.Add(time.Second)
			fmt.Fprintf(w, "chain %s: %d rows, at number %d, %.0f rows a second\n", chain, rows, last, float64(rows)/now.Sub(began).Seconds())
		}
	}
}

func tellReport(out io.Writer, r verify.Report, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(r)
	}
	if r.Intact {
		fmt.Fprintf(out, "chain %s: %d events, %d to %d: whole, unaltered, in order", r.Chain, r.Rows, r.First, r.Last)
	} else {
		fmt.Fprintf(out, "chain %s: BROKEN: %d events, %d to %d", r.Chain, r.Rows, r.First, r.Last)
	}
	fmt.Fprintf(out, "; %d disposed of; %d compared with the Merkle log, %d checkpoints hold\n", r.Disposed, r.Logged, r.Checkpoints)
	for _, f := range r.Findings {
		fmt.Fprintf(out, "  %s %s\n", r.Chain, f)
	}
	for _, g := range r.Gaps {
		why := "by age; no signed event says so"
		if g.Event != "" {
			why = "as event " + g.Event + " says"
		}
		fmt.Fprintf(out, "  %s %d to %d: disposed under rule %s, %s\n", r.Chain, g.From, g.To, g.Rule, why)
	}
	for _, n := range r.Notes {
		if _, err := fmt.Fprintf(out, "  note: %s\n", n); err != nil {
			return err
		}
	}
	return nil
}

// rowSource is where rows come from, with what its folder tells besides.
type rowSource struct {
	verify.Source
	close func() error
	floor func(ctx context.Context, chain string) (event.Head, error) // nil where nothing is
	spool *spool.Inspection                                           // of a spool

	// Of a store: it is compared with what its consumer of the edge's spool has
	// acknowledged. arrived waits for what is still on its way; nil for none.
	store    bool
	consumer string
	arrived  func(ctx context.Context, chain string, to uint64) error
}

func openRows(ctx context.Context, cfg config.Config, o VerifyOptions) (*rowSource, error) {
	switch {
	case o.Spool != "" && o.Export != "":
		return nil, fmt.Errorf("%w: give --spool or --export, not both", ErrUsage)
	case o.Export != "":
		f, err := os.Open(o.Export)
		if err != nil {
			return nil, fmt.Errorf("%w: --export: %w", ErrUsage, err)
		}
		st, err := f.Stat()
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		x, err := verify.ReadExport(f, st.Size())
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return &rowSource{Source: x, close: f.Close}, nil
	case o.Spool != "":
		in, err := spool.Inspect(o.Spool, nil)
		if err != nil {
			return nil, fmt.Errorf("%w: --spool: %w", ErrUsage, err)
		}
		return &rowSource{Source: spoolRows{o.Spool, in.Head.ChainID}, close: func() error { return nil }, spool: &in}, nil
	}
	switch {
	case o.Store != "" && o.Store != storeLocal && o.Store != storeClickHouse:
		return nil, wrongStore(o.Store)
	case o.Store == storeClickHouse, o.Store == "" && len(cfg.Events.ClickHouse.Addrs) > 0:
		return openClickHouseRows(ctx, cfg)
	}
	path := filepath.Join(cfg.Data, "events.db")
	in, err := sqlite.Inspect(path)
	if err != nil {
		return nil, fmt.Errorf("%w: there is no event log at %s; name the installation with --config or --data, or give --spool or --export", ErrUsage, path)
	}
	return &rowSource{Source: storeRows{in}, close: in.Close, floor: in.Floor, store: true, consumer: "sqlite"}, nil
}

// storeRows are the rows of the embedded store.
type storeRows struct{ *sqlite.Inspector }

// Walk implements verify.Source.
func (s storeRows) Walk(ctx context.Context, chain string, from, to uint64, fn func(verify.Row) error) error {
	return s.Inspector.Walk(ctx, chain, from, to, func(p sqlite.Place) error {
		return fn(verify.Row{Seq: p.Seq, Event: p.Event, Prev: p.Prev, Hash: p.Hash, TS: p.TS, Rule: p.Rule, Err: p.Err})
	})
}

// spoolRows are the rows of a spool.
type spoolRows struct{ dir, chain string }

// Chains implements verify.Source.
func (s spoolRows) Chains(context.Context) ([]string, error) { return []string{s.chain}, nil }

// Walk implements verify.Source.
func (s spoolRows) Walk(ctx context.Context, chain string, from, to uint64, fn func(verify.Row) error) error {
	_, err := spool.Inspect(s.dir, func(e *event.Event) error {
		if e.Seq < from || to > 0 && e.Seq > to || e.ChainID != chain {
			return ctx.Err()
		}
		return fn(verify.Row{Seq: e.Seq, Event: e})
	})
	return err
}

// chains lists what is to be checked, with what is known of each from elsewhere.
func (s *rowSource) chains(ctx context.Context, cfg config.Config, o VerifyOptions) ([]verify.Chain, error) {
	ids, err := s.Chains(ctx)
	if err != nil {
		return nil, err
	}
	own, err := ownChain(cfg)
	if err != nil {
		return nil, err
	}
	if o.Chain != "" {
		ids = []string{o.Chain}
	} else if s.store && !slices.Contains(ids, own) {
		ids = append(ids, own) // everything of it may have been deleted
	}
	var out []verify.Chain
	for _, id := range ids {
		c := verify.Chain{ID: id, From: o.From, To: o.To}
		if c.Key, err = verifyKey(cfg, o, id); err != nil {
			return nil, err
		}
		if s.floor != nil {
			if c.Floor, err = s.floor(ctx, id); err != nil {
				return nil, err
			}
		}
		if s.spool != nil && c.From == 0 && s.spool.Oldest > 1 {
			c.From = s.spool.Oldest // older ones were acknowledged and retired
		}
		if s.store && id == own {
			if err := knownHead(cfg, &c, s.consumer); err != nil {
				return nil, err
			}
			if s.arrived != nil {
				if err := s.arrived(ctx, id, c.Head.Seq); err != nil {
					return nil, err
				}
			}
		}
		if c.Log, err = knownLog(ctx, cfg, o, id); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// verifyKey reads the public key of a chain's edge. Verifying never makes one.
func verifyKey(cfg config.Config, o VerifyOptions, chain string) (ed25519.PublicKey, error) {
	path := o.Key
	if path == "" {
		path = filepath.Join(cfg.Keys, filepath.Base(chain)+".pub")
		if _, err := os.Stat(path); err != nil {
			path = filepath.Join(cfg.Keys, "edge.pub")
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: chain %s: the edge's public key: %w; name it with --key", ErrUsage, chain, err)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("%w: %s holds no PEM block", ErrUsage, path)
	}
	k, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrUsage, path, err)
	}
	pub, ok := k.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: %s is no Ed25519 key", ErrUsage, path)
	}
	return pub, nil
}

// ownChain is the chain of the installation's edge: what its spool holds, for
// the configuration may name another now.
func ownChain(cfg config.Config) (string, error) {
	in, err := spool.Inspect(filepath.Join(cfg.Data, "spool"), nil)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if in.Head.ChainID != "" {
		return in.Head.ChainID, nil
	}
	return chainID(cfg.Events.Edge), nil
}

// knownHead asks the edge's spool how far the store must go: what it took over
// was acknowledged to that consumer, the rest waits.
func knownHead(cfg config.Config, c *verify.Chain, consumer string) error {
	dir := filepath.Join(cfg.Data, "spool")
	var acked event.Head
	first, err := spool.Inspect(dir, nil)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	to := first.Acked[consumer]
	in, err := spool.Inspect(dir, func(e *event.Event) error {
		if e.Seq == to {
			acked = event.HeadOf(e)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if in.Head.ChainID != "" && in.Head.ChainID != c.ID {
		return nil
	}
	if acked.Seq == 0 {
		acked = event.Head{ChainID: c.ID, Seq: to} // acknowledged and retired
	}
	c.Head, c.Waiting = acked, in.Head.Seq
	return nil
}
