package erase_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/audit/erase"
	"bystander/audit/verify"
	"bystander/internal/event"
	"bystander/internal/kafkax"
	servers "bystander/internal/testkit/clickhouse"
	broker "bystander/internal/testkit/kafka"
	"bystander/match"
	"bystander/match/vault"
	"bystander/policy"
	persons "bystander/policy/store"
	"bystander/sink"
	"bystander/sink/clickhouse"
	"bystander/sink/kafka"
	"bystander/sink/spool"
	"bystander/sink/sqlite"
)

// What is planted for the person who will be erased.
const (
	canaryName  = "Aurelia Canary-Winterbottom"
	canaryClaim = "claim-token-canary-7f3ab2"
	canaryID    = "0198f7a2-cafe-7bbb-8ccc-c0ffee123456"
	bobID       = "0198f7a2-b0b0-7bbb-8ccc-b0b0b0b0b0b0"
	house       = "edge-1"
	model       = "fd910a25c24c46adc55bafe2f753d648cdc978cdda4d51bc89605875f01fee74"
)

// template is a stored template whose bytes come from nowhere else.
func template(seed int) []byte {
	v := make([]float64, match.TemplateBytes/4)
	var n float64
	for i := range v {
		v[i] = math.Sin(float64(i*seed + 1))
		n += v[i] * v[i]
	}
	b := make([]byte, 0, match.TemplateBytes)
	for _, x := range v {
		u := math.Float32bits(float32(x / math.Sqrt(n)))
		b = append(b, byte(u), byte(u>>8), byte(u>>16), byte(u>>24))
	}
	return b
}

// site is one machine's folders with two people in them.
type site struct {
	data, keys string
	key        ed25519.PrivateKey
	vault      *vault.Vault
	names      *persons.Identity
	people     *persons.Store
	events     *sqlite.Store
	spool      *spool.Spool
	journal    *spool.Journal
}

func newSite(t *testing.T) *site {
	t.Helper()
	dir := t.TempDir()
	s := &site{data: filepath.Join(dir, "data"), keys: filepath.Join(dir, "keys")}
	var err error
	_, s.key, err = ed25519.GenerateKey(nil)
	require.NoError(t, err)
	s.open(t)
	for i, p := range []struct{ id, name string }{{canaryID, canaryName}, {bobID, "Bob"}} {
		require.NoError(t, s.names.SetName(t.Context(), p.id, p.name))
		require.NoError(t, s.people.PutEnrollee(t.Context(), policy.Enrollee{
			ID: p.id, Version: 1, Under14: policy.No, Status: policy.EnrolleeActive, ChangedAt: time.Now(),
		}))
		require.NoError(t, s.people.PutConsents(t.Context(), consent(p.id)))
		_, err := s.vault.Put(t.Context(), vault.NewTemplate{Enrollee: p.id, Scene: "plaza", Model: model, Blob: template(i + 3), Quality: 1})
		require.NoError(t, err)
	}
	_, err = s.vault.SceneKey(t.Context(), "plaza")
	require.NoError(t, err)
	return s
}

func consent(person string) policy.Consent {
	return policy.Consent{
		ID: "consent-of-" + person, Version: 1, Enrollee: person, Purpose: policy.PurposeMatch, Scenes: []string{"plaza"}, Zones: []string{"gate"},
		NoticeVersion: "n1", ExpiresAt: time.Now().Add(time.Hour), State: policy.ConsentPending, ChangedAt: time.Now(),
		Act: policy.Act{Channel: policy.ChannelKiosk, At: time.Now(), NoticeHash: event.Digest{1}, RecordedBy: "desk", Basis: "separate consent"},
	}
}

func (s *site) open(t *testing.T) {
	t.Helper()
	var err error
	s.vault, err = vault.Open(t.Context(), vault.Options{Path: filepath.Join(s.data, "templates.db"), KeyDir: s.keys})
	require.NoError(t, err)
	k, err := vault.OpenKey(filepath.Join(s.keys, "identity.key"), true)
	require.NoError(t, err)
	s.names, err = persons.OpenIdentity(t.Context(), filepath.Join(s.data, "names.db"), k)
	require.NoError(t, err)
	s.people, err = persons.Open(t.Context(), filepath.Join(s.data, "policy.db"))
	require.NoError(t, err)
	s.events, err = sqlite.Open(t.Context(), filepath.Join(s.data, "events.db"), sqlite.Options{})
	require.NoError(t, err)
	s.spool, err = spool.Open(filepath.Join(s.data, "spool"), spool.Options{})
	require.NoError(t, err)
	c, err := event.NewChain(event.ChainConfig{ID: house, Key: s.key})
	require.NoError(t, err)
	s.journal, err = spool.NewJournal(c, s.spool, spool.JournalOptions{})
	require.NoError(t, err)
}

func (s *site) close(t *testing.T) {
	t.Helper()
	for _, c := range []interface{ Close() error }{s.journal, s.spool, s.events, s.people, s.names, s.vault} {
		require.NoError(t, c.Close())
	}
}

// meet records events about a person, as the judge drafts them.
func (s *site) meet(t *testing.T, person string, n int) (out []event.Event) {
	t.Helper()
	cs, err := s.people.ConsentsOf(t.Context(), person)
	require.NoError(t, err)
	for i := range n {
		e := event.Event{
			Kind: event.KindMatch, CameraID: "gate", SceneID: "plaza", TS: time.Now().Truncate(time.Millisecond),
			ConsentRef: cs[0].Ref(), Score: 0.7, GateMode: "zone",
		}
		require.NoError(t, s.vault.Each(t.Context(), "plaza", model, func(st match.StoredTemplate) error {
			if st.Enrollee == person {
				e.SubjectRef, e.TemplateRef = match.SubjectRef(st.SubjectKey, "plaza", e.TS), st.Ref
			}
			return nil
		}))
		require.NoError(t, s.vault.SealPayload(person, &e, match.Payload{Box: [4]float32{float32(i), 2, 3, 4}, Claim: canaryClaim}))
		sealed, err := s.journal.Record(t.Context(), e)
		require.NoError(t, err)
		out = append(out, sealed...)
	}
	return out
}

// drain carries what the spool holds into a sink.
func (s *site) drain(t *testing.T, name string, to sink.EventSink) {
	t.Helper()
	cur, err := s.spool.Consumer(name)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, spool.NewPump(cur, to, spool.PumpOptions{}).Drain(ctx))
}

func (s *site) eraser(t *testing.T, stores ...erase.NamedStore) *erase.Eraser {
	t.Helper()
	x, err := erase.Open(t.Context(), erase.Config{
		Path: filepath.Join(s.keys, "erasures.db"), Finders: []erase.Finder{s.vault, s.people},
		Places: []erase.NamedPlace{
			{Name: "keys", Place: s.vault},
			{Name: "key backup", Place: backup(filepath.Join(s.keys, "backup.db"))},
			{Name: "names", Place: s.names},
			{Name: "consents", Place: s.people},
		},
		Stores: append([]erase.NamedStore{{Name: "sqlite", Deleter: s.events}}, stores...),
		Settle: func(context.Context) error { s.drain(t, "sqlite", s.events); return nil },
		Untold: func(ctx context.Context) (map[string][]erase.Span, error) {
			runs, err := s.events.Erased(ctx)
			gone := map[string][]erase.Span{}
			for _, r := range runs[house] {
				gone[house] = append(gone[house], erase.Span{From: r.From, To: r.To})
			}
			return gone, err
		},
		Record: func(ctx context.Context, e event.Event) (event.Event, error) {
			out, err := s.journal.Record(ctx, e)
			if err != nil {
				return e, err
			}
			return out[0], nil
		},
	})
	require.NoError(t, err)
	return x
}

// backup is one copy of the vault's file.
type backup string

func (b backup) Forget(ctx context.Context, person string) (int64, error) {
	return vault.ForgetIn(ctx, string(b), person, time.Now())
}
func (b backup) Persons(context.Context) ([]string, error) { return nil, nil }

// canaries are what must be nowhere.
func canaries() map[string]string {
	return map[string]string{
		"name": canaryName, "claim token": canaryClaim, "enrollee's id": canaryID, "consent's id": "consent-of-" + canaryID,
		"template": string(template(3)[:64]), "id without dashes": strings.ReplaceAll(canaryID, "-", ""),
	}
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	require.NoError(t, os.RemoveAll(to))
	require.NoError(t, os.CopyFS(to, os.DirFS(from)))
}

// holds tells whether any database in dir holds the bytes.
func holds(t *testing.T, dir, what string) bool {
	t.Helper()
	found := false
	for _, name := range []string{"templates.db", "policy.db", "names.db", "events.db"} {
		for _, end := range []string{"", "-wal"} {
			found = found || holdsFile(filepath.Join(dir, name+end), what)
		}
	}
	return found
}

func holdsFile(path, what string) bool {
	b, err := os.ReadFile(path)
	return err == nil && bytes.Contains(b, []byte(what))
}

// TestCanary plants a person everywhere, on a real broker and the real engine
// too, erases them, and reads every byte that is left. Then it puts yesterday's
// backup back.
//
// proves: INV-15
func TestCanary(t *testing.T) {
	s := newSite(t)
	b := broker.Start(t, broker.Options{Dir: filepath.Join(t.TempDir(), "kafka")})
	kc, err := kafkax.Open(kafkax.Config{Brokers: []string{b.Addr()}, Compression: "none"})
	require.NoError(t, err)
	defer kc.Close()
	_, err = kc.EnsureTopics(t.Context(), kafkax.TopicOptions{Partitions: 1})
	require.NoError(t, err)
	lot, err := kafka.OpenLot(filepath.Join(s.data, "parked"))
	require.NoError(t, err)
	ks, err := kafka.New(kc, kafka.Options{Parking: lot})
	require.NoError(t, err)
	defer ks.Close()
	engine := servers.StartEngine(t, servers.Options{Dir: filepath.Join(t.TempDir(), "engine")})
	conn, err := clickhouse.Dial(clickhouse.Config{Addrs: []string{engine.Addr()}, HTTP: true})
	require.NoError(t, err)
	defer conn.Close()
	variant := clickhouse.Variant{Database: engine.Database()}
	_, err = clickhouse.Migrate(t.Context(), conn, variant)
	require.NoError(t, err)
	ch, err := clickhouse.Open(t.Context(), conn, clickhouse.Options{Variant: variant})
	require.NoError(t, err)

	bobs := s.meet(t, bobID, 3)
	hers := s.meet(t, canaryID, 5)
	bobs = append(bobs, s.meet(t, bobID, 2)...)
	s.drain(t, "sqlite", s.events)
	s.drain(t, "kafka", ks)
	s.drain(t, "clickhouse", ch)
	late := s.meet(t, canaryID, 2) // still on its way to the stores
	who, p, err := s.vault.OpenPayload(t.Context(), &hers[0])
	require.NoError(t, err)
	require.Equal(t, canaryID, who)
	require.Equal(t, canaryClaim, p.Claim, "an officer can read it, before")

	// Yesterday's backups: of the data, and apart from it of the keys.
	yesterday := filepath.Join(t.TempDir(), "yesterday")
	copyTree(t, s.data, yesterday)
	require.True(t, holds(t, yesterday, canaryID), "the search would find her")
	for _, end := range []string{"", "-wal"} {
		raw, err := os.ReadFile(filepath.Join(s.data, "templates.db"+end))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(s.keys, "backup.db"+end), raw, 0o600))
	}
	require.True(t, holdsFile(filepath.Join(s.keys, "backup.db-wal"), canaryID) || holdsFile(filepath.Join(s.keys, "backup.db"), canaryID))

	x := s.eraser(t, erase.NamedStore{Name: "clickhouse", Deleter: ch})
	c, err := x.Erase(t.Context(), canaryID, "request")
	require.NoError(t, err)
	require.False(t, c.Finished.IsZero())
	s.drain(t, "sqlite", s.events)
	s.drain(t, "kafka", ks)
	s.drain(t, "clickhouse", ch)
	requireVerifies(t, s, uint64(len(hers)+len(late)))
	requireUnreadable(t, s, append(hers, late...), bobs)
	n, err := ch.Count(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(len(bobs)+len(late)+1), n, "late rows reach the store past this machine after the deletion, unreadable")
	_, err = ch.Delete(t.Context(), []event.Digest{late[0].SubjectRef})
	require.NoError(t, err)
	requireTables(t, engine, append(hers, late...))
	requireTopics(t, b, kc, hers)
	require.NoError(t, x.Close())
	s.close(t)
	for what, canary := range canaries() {
		for _, dir := range []string{s.data, s.keys} {
			t.Run(what, func(t *testing.T) { requireNowhere(t, dir, canary) })
		}
	}
	requireRestoredIsErased(t, s, yesterday, append(hers, late...))
}

// requireVerifies checks the log with the gap explained, against the key alone.
func requireVerifies(t *testing.T, s *site, gone uint64) {
	t.Helper()
	in, err := sqlite.Inspect(filepath.Join(s.data, "events.db"))
	require.NoError(t, err)
	defer in.Close()
	rs, err := verify.Run(t.Context(), inspected{in}, []verify.Chain{{ID: house, Key: s.key.Public().(ed25519.PublicKey), Head: s.spool.Head()}}, verify.Options{})
	require.NoError(t, err)
	require.True(t, rs[0].Intact, "%v", rs[0].Findings)
	require.Equal(t, gone, rs[0].Disposed)
	for _, g := range rs[0].Gaps {
		require.Equal(t, "erasure", g.Rule)
		require.NotEmpty(t, g.Event)
	}
}

type inspected struct{ *sqlite.Inspector }

func (i inspected) Walk(ctx context.Context, chain string, from, to uint64, fn func(verify.Row) error) error {
	return i.Inspector.Walk(ctx, chain, from, to, func(p sqlite.Place) error {
		return fn(verify.Row{Seq: p.Seq, Event: p.Event, Prev: p.Prev, Hash: p.Hash, TS: p.TS, Rule: p.Rule, Err: p.Err})
	})
}

// requireUnreadable tries every key that is left on her ciphertexts, in the
// vault and in its backup; his open as before.
func requireUnreadable(t *testing.T, s *site, hers, his []event.Event) {
	t.Helper()
	old, err := vault.Open(t.Context(), vault.Options{Path: filepath.Join(s.keys, "backup.db"), KeyDir: s.keys})
	require.NoError(t, err)
	defer old.Close()
	for _, v := range []*vault.Vault{s.vault, old} {
		for i := range hers {
			_, _, err := v.OpenPayload(t.Context(), &hers[i])
			require.ErrorIs(t, err, vault.ErrNobody)
			stolen := hers[i] // under his pseudonym, so that his key is tried
			stolen.SubjectRef = his[0].SubjectRef
			_, _, err = v.OpenPayload(t.Context(), &stolen)
			require.ErrorIs(t, err, vault.ErrWrongKey)
		}
		who, _, err := v.OpenPayload(t.Context(), &his[0])
		require.NoError(t, err)
		require.Equal(t, bobID, who)
	}
	_, err = s.names.Name(t.Context(), canaryID)
	require.ErrorIs(t, err, policy.ErrNotFound)
}

// requireTables reads every table of the engine.
func requireTables(t *testing.T, engine *servers.Server, hers []event.Event) {
	t.Helper()
	tables := strings.Fields(engine.Exec("SELECT name FROM system.tables WHERE database = '" + engine.Database() + "' AND engine NOT LIKE '%View' FORMAT TSV"))
	require.Greater(t, len(tables), 5)
	for _, table := range tables {
		rows := engine.Exec(fmt.Sprintf("SELECT * FROM `%s`.`%s` FORMAT JSONEachRow", engine.Database(), table))
		for what, canary := range canaries() {
			require.NotContains(t, rows, canary, "%s in %s", what, table)
		}
		for _, column := range []string{"subject_ref", "consent_ref", "template_ref"} {
			has := strings.TrimSpace(engine.Exec(fmt.Sprintf("SELECT count() FROM system.columns WHERE database = '%s' AND table = '%s' AND name = '%s' FORMAT TSV", engine.Database(), table, column)))
			if has == "0" {
				continue
			}
			n := strings.TrimSpace(engine.Exec(fmt.Sprintf("SELECT count() FROM `%s`.`%s` WHERE %s IN (unhex('%s'), unhex('%s'), unhex('%s')) FORMAT TSV",
				engine.Database(), table, column, hers[0].SubjectRef, hers[0].ConsentRef, hers[0].TemplateRef)))
			require.Equal(t, "0", n, "%s.%s", table, column)
		}
	}
}

// requireTopics reads every topic: her rows are there as ever, for a topic
// cannot be rewritten, and say nothing any more.
func requireTopics(t *testing.T, b *broker.Broker, kc *kafkax.Client, hers []event.Event) {
	t.Helper()
	all := ""
	for _, topic := range []event.Topic{event.TopicEvents, event.TopicPolicy, event.TopicReplay, event.TopicCheckpoints, event.TopicParked} {
		all += strings.Join(b.KcatRead(kc.Name(topic), "%k %h %s\\n"), "\n")
	}
	require.Contains(t, all, hers[0].ID)
	require.Contains(t, all, hex.EncodeToString(hers[0].SubjectRef[:]), "the search would find her")
	for what, canary := range canaries() {
		require.NotContains(t, all, canary, what)
	}
}

// requireRestoredIsErased puts yesterday's data back: before anything is served
// she is erased again, and the bytes are gone.
func requireRestoredIsErased(t *testing.T, s *site, yesterday string, hers []event.Event) {
	t.Helper()
	copyTree(t, yesterday, s.data)
	require.True(t, holds(t, s.data, canaryID))
	s.open(t)
	x := s.eraser(t)
	n, err := x.Replay(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	_, err = x.Resume(t.Context())
	require.NoError(t, err)
	for i := range hers {
		_, _, err := s.vault.OpenPayload(t.Context(), &hers[i])
		require.ErrorIs(t, err, vault.ErrNobody)
	}
	require.NoError(t, x.Close())
	s.close(t)
	for what, canary := range canaries() {
		t.Run("restored "+what, func(t *testing.T) { requireNowhere(t, s.data, canary) })
	}
}
