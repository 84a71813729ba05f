package app_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/app"
	"bystander/internal/backup"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/match"
	"bystander/match/vault"
	"bystander/policy"
	persons "bystander/policy/store"
	"bystander/sink/spool"
	"bystander/sink/sqlite"
)

const (
	annID, annName = "01900000-0000-7000-8000-00000000a11a", "Ann Canary-Whisperwind"
	benID, benName = "01900000-0000-7000-8000-00000000be11", "Ben Canary-Thistledown"
	mugshotModel   = "model-of-the-test"
)

// premises is an installation with two enrolled people, as a running program leaves
// it on the disk.
type premises struct {
	cfg    config.Config
	root   string
	vault  *vault.Vault
	names  *persons.Identity
	people *persons.Store
	events *sqlite.Store
	spool  *spool.Spool
	log    *spool.Journal
	anns   []event.Event // events about Ann
}

func newPremises(t *testing.T) *premises {
	t.Helper()
	root := t.TempDir()
	cfg := config.Default()
	cfg.Data, cfg.Keys = filepath.Join(root, "data"), filepath.Join(root, "data", "keys")
	cfg.Events.Edge = "venue-1"
	h := &premises{cfg: cfg, root: root}
	h.open(t)
	for i, p := range []struct{ id, name string }{{annID, annName}, {benID, benName}} {
		require.NoError(t, h.names.SetName(t.Context(), p.id, p.name))
		require.NoError(t, h.people.PutEnrollee(t.Context(), policy.Enrollee{
			ID: p.id, Version: 1, Under14: policy.No, Status: policy.EnrolleeActive, ChangedAt: time.Now(),
		}))
		require.NoError(t, h.people.PutConsents(t.Context(), policy.Consent{
			ID: "consent-of-" + p.id, Version: 1, Enrollee: p.id, Purpose: policy.PurposeMatch, Scenes: []string{"plaza"}, Zones: []string{"gate"},
			NoticeVersion: "n1", ExpiresAt: time.Now().Add(time.Hour), State: policy.ConsentPending, ChangedAt: time.Now(),
			Act: policy.Act{Channel: policy.ChannelKiosk, At: time.Now(), NoticeHash: event.Digest{1}, RecordedBy: "desk", Basis: "separate consent"},
		}))
		_, err := h.vault.Put(t.Context(), vault.NewTemplate{
			Enrollee: p.id, Scene: "plaza", Model: mugshotModel, Quality: 1, Blob: mugshot(i + 3),
		})
		require.NoError(t, err)
		h.meet(t, p.id, 5)
	}
	require.NoError(t, os.MkdirAll(filepath.Join(cfg.Data, "recordings", "gate"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(cfg.Data, "recordings", "gate", "a.mp4"), []byte("redacted"), 0o600))
	return h
}

// mugshot is a template that is nobody's.
func mugshot(seed int) []byte {
	b := make([]byte, match.TemplateBytes)
	for i := range b {
		b[i] = byte(i*seed + seed)
	}
	return b
}

func (h *premises) open(t *testing.T) {
	t.Helper()
	var err error
	require.NoError(t, os.MkdirAll(h.cfg.Keys, 0o700))
	h.vault, err = vault.Open(t.Context(), vault.Options{Path: filepath.Join(h.cfg.Data, "templates.db"), KeyDir: h.cfg.Keys})
	require.NoError(t, err)
	k, err := vault.OpenKey(filepath.Join(h.cfg.Keys, vault.IdentityKeyName), true)
	require.NoError(t, err)
	h.names, err = persons.OpenIdentity(t.Context(), filepath.Join(h.cfg.Data, "names.db"), k)
	require.NoError(t, err)
	h.people, err = persons.Open(t.Context(), filepath.Join(h.cfg.Data, "policy.db"))
	require.NoError(t, err)
	h.events, err = sqlite.Open(t.Context(), filepath.Join(h.cfg.Data, "events.db"), sqlite.Options{})
	require.NoError(t, err)
	h.spool, err = spool.Open(filepath.Join(h.cfg.Data, "spool"), spool.Options{})
	require.NoError(t, err)
	c, err := event.NewChain(event.ChainConfig{ID: h.cfg.Events.Edge, Key: h.key(t), Last: h.spool.Head()})
	require.NoError(t, err)
	h.log, err = spool.NewJournal(c, h.spool, spool.JournalOptions{})
	require.NoError(t, err)
}

// key is the edge's, made at its first use by the program itself.
func (h *premises) key(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	path := filepath.Join(h.cfg.Keys, "edge.pem")
	if _, err := os.Stat(path); err != nil {
		pub, key, err := ed25519.GenerateKey(nil)
		require.NoError(t, err)
		der, err := x509.MarshalPKCS8PrivateKey(key)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
		der, err = x509.MarshalPKIXPublicKey(pub)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(h.cfg.Keys, "edge.pub"), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600))
	}
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	block, _ := pem.Decode(b)
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	require.NoError(t, err)
	return k.(ed25519.PrivateKey)
}

func (h *premises) close(t *testing.T) {
	t.Helper()
	for _, c := range []io.Closer{h.log, h.spool, h.events, h.people, h.names, h.vault} {
		require.NoError(t, c.Close())
	}
}

// meet puts events about a person on the log, and half of them into the store.
func (h *premises) meet(t *testing.T, person string, n int) {
	t.Helper()
	for i := range n {
		e := event.Event{Kind: event.KindMatch, CameraID: "gate", SceneID: "plaza", TS: time.Now().Truncate(time.Millisecond), Score: 0.7, GateMode: "zone"}
		require.NoError(t, h.vault.Each(t.Context(), "plaza", mugshotModel, func(st match.StoredTemplate) error {
			if st.Enrollee == person {
				e.SubjectRef, e.TemplateRef = match.SubjectRef(st.SubjectKey, "plaza", e.TS), st.Ref
			}
			return nil
		}))
		require.NoError(t, h.vault.SealPayload(person, &e, match.Payload{Box: [4]float32{float32(i), 2, 3, 4}}))
		out, err := h.log.Record(t.Context(), e)
		require.NoError(t, err)
		if person == annID {
			h.anns = append(h.anns, out...)
		}
	}
	if person == annID {
		cur, err := h.spool.Consumer("sqlite")
		require.NoError(t, err)
		require.NoError(t, spool.NewPump(cur, h.events, spool.PumpOptions{}).Drain(t.Context()))
	}
}

// pair makes a key pair, the secret half in a file.
func pair(t *testing.T, dir string) (file, public string) {
	t.Helper()
	secret, public, err := backup.NewKey()
	require.NoError(t, err)
	file = filepath.Join(dir, public[:12]+".txt")
	require.NoError(t, os.WriteFile(file, []byte(secret+"\n"), 0o600))
	return file, public
}

// saved is a house with both backups.
type saved struct {
	*premises
	data, keys     string   // backups
	dataID, keysID string   // files of identities
	ids            []string // both
}

// save backs a house up while all of its stores are open.
func save(t *testing.T, h *premises, recordings bool) *saved {
	t.Helper()
	s := &saved{premises: h, data: filepath.Join(h.root, "b-data"), keys: filepath.Join(h.root, "b-keys")}
	var toData, toKeys string
	s.dataID, toData = pair(t, h.root)
	s.keysID, toKeys = pair(t, h.root)
	s.ids = []string{s.dataID, s.keysID}
	var said bytes.Buffer
	require.NoError(t, app.Backup(t.Context(), h.cfg, app.BackupOptions{Out: s.data, To: []string{toData}, Recordings: recordings, Stdout: &said}))
	require.Contains(t, said.String(), "read back and whole")
	err := app.Backup(t.Context(), h.cfg, app.BackupOptions{Out: s.keys, To: []string{toData}, Keys: true, Stdout: io.Discard})
	require.ErrorIs(t, err, app.ErrUsage, "keys and data to one key would undo erasures")
	require.NoError(t, app.Backup(t.Context(), h.cfg, app.BackupOptions{Out: s.keys, To: []string{toKeys}, Keys: true, Stdout: io.Discard}))
	return s
}

// elsewhere is the configuration of another machine.
func (s *saved) elsewhere(t *testing.T) config.Config {
	t.Helper()
	cfg := s.cfg
	root := t.TempDir()
	cfg.Data, cfg.Keys = filepath.Join(root, "data"), filepath.Join(root, "data", "keys")
	return cfg
}

func requireNowhere(t *testing.T, dir string, secrets ...string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, s := range secrets {
			require.NotContains(t, string(b), s, path)
		}
		return err
	}))
}

// namesIn lists whom an installation knows by name.
func namesIn(t *testing.T, cfg config.Config) map[string]string {
	t.Helper()
	k, err := vault.OpenKey(filepath.Join(cfg.Keys, vault.IdentityKeyName), false)
	require.NoError(t, err)
	v, err := persons.OpenIdentity(t.Context(), filepath.Join(cfg.Data, "names.db"), k)
	require.NoError(t, err)
	defer v.Close()
	ids, err := v.Persons(t.Context())
	require.NoError(t, err)
	out := map[string]string{}
	for _, id := range ids {
		out[id], err = v.Name(t.Context(), id)
		require.NoError(t, err)
	}
	return out
}

func templatesIn(t *testing.T, cfg config.Config) (ids []string) {
	t.Helper()
	v, err := vault.Open(t.Context(), vault.Options{Path: filepath.Join(cfg.Data, "templates.db"), KeyDir: cfg.Keys})
	require.NoError(t, err)
	defer v.Close()
	require.NoError(t, v.Each(t.Context(), "plaza", mugshotModel, func(s match.StoredTemplate) error {
		ids = append(ids, s.Enrollee)
		return nil
	}))
	return ids
}

func eventsIn(t *testing.T, cfg config.Config) []sqlite.Row {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(cfg.Data, "events.db"), sqlite.Options{})
	require.NoError(t, err)
	defer s.Close()
	rows, err := s.Events(t.Context(), sqlite.Query{Limit: sqlite.MaxLimit})
	require.NoError(t, err)
	return rows
}

// TestBackupOfALostMachine backs up a house whose stores are open and half of
// whose events still wait in the spool, loses the machine, and restores on
// another: everything is there, under the same keys, and nothing readable was
// ever in the backups.
//
// proves: A-09
func TestBackupOfALostMachine(t *testing.T) {
	h := newPremises(t)
	s := save(t, h, true)
	h.close(t)
	want := len(eventsIn(t, h.cfg))
	require.Equal(t, 5, want, "the other half waits")
	for _, dir := range []string{s.data, s.keys} {
		requireNowhere(t, dir, annName, benName, annID, "SQLite format", "PRIVATE KEY", "primaryKeyId", "redacted")
	}
	cfg := s.elsewhere(t)
	var said bytes.Buffer
	require.NoError(t, app.Restore(t.Context(), cfg, app.RestoreOptions{
		From: s.data, KeysFrom: s.keys, Identities: s.ids, SignedBy: filepath.Join(h.cfg.Keys, "edge.pub"), Stdout: &said,
	}))
	require.Contains(t, said.String(), "0 people had come back")
	require.Equal(t, map[string]string{annID: annName, benID: benName}, namesIn(t, cfg))
	require.ElementsMatch(t, []string{annID, benID}, templatesIn(t, cfg))
	require.Len(t, eventsIn(t, cfg), 10, "with those that waited")
	b, err := os.ReadFile(filepath.Join(cfg.Data, "recordings", "gate", "a.mp4"))
	require.NoError(t, err)
	require.Equal(t, "redacted", string(b))
	require.NoDirExists(t, cfg.Data+".restoring")

	// The log verifies as it was.
	var report bytes.Buffer
	require.NoError(t, app.AuditVerify(t.Context(), cfg, app.VerifyOptions{Stdout: &report}), report.String())

	// And is not gone on with under its name.
	err = app.Run(t.Context(), cfg, io.Discard, io.Discard)
	require.ErrorIs(t, err, app.ErrUsage)
	require.ErrorContains(t, err, "events.edge: venue-1-2")
	require.ErrorContains(t, err, "number 10")
}

// TestRestoringDoesNotBringAnybodyBack erases Ann after the backups were made.
// What tells of it: the journal on the machine, one that was saved apart, or a
// newer backup of keys.
//
// proves: A-09, INV-15
func TestRestoringDoesNotBringAnybodyBack(t *testing.T) {
	for _, from := range []string{"machine", "saved apart", "newer keys"} {
		t.Run(from, func(t *testing.T) {
			h := newPremises(t)
			s := save(t, h, false)
			h.close(t)
			require.NoError(t, app.Erase(t.Context(), h.cfg, app.EraseOptions{Person: annID, Cause: "request", Stdout: io.Discard}))
			o := app.RestoreOptions{From: s.data, KeysFrom: s.keys, Identities: s.ids, SignedBy: filepath.Join(h.cfg.Keys, "edge.pub"), Stdout: io.Discard}
			cfg := s.elsewhere(t)
			switch from {
			case "machine": // the disk with the data is lost, that with the keys is not
				cfg.Keys = h.cfg.Keys
			case "saved apart":
				o.Stones = []string{filepath.Join(h.cfg.Keys, "erasures.db")}
			case "newer keys":
				file, public := pair(t, h.root)
				o.KeysFrom, o.Identities = filepath.Join(h.root, "newer"), append(o.Identities, file)
				require.NoError(t, app.Backup(t.Context(), h.cfg, app.BackupOptions{Out: o.KeysFrom, To: []string{public}, Keys: true, Stdout: io.Discard}))
			}
			var said bytes.Buffer
			o.Stdout = &said
			require.NoError(t, app.Restore(t.Context(), cfg, o))
			require.Contains(t, said.String(), "1 people had come back and were erased again")
			require.Equal(t, map[string]string{benID: benName}, namesIn(t, cfg))
			require.Equal(t, []string{benID}, templatesIn(t, cfg))
			var left int
			for _, r := range eventsIn(t, cfg) {
				if !r.Event.SubjectRef.IsZero() {
					left++
				}
			}
			if from == "newer keys" {
				// Nothing tells any more which rows were Ann's: what would have, her
				// key, is gone for good, and with it what they say.
				require.Equal(t, 10, left)
				requireSealed(t, cfg, h.anns)
				return
			}
			require.Equal(t, 5, left, "Ben's alone")
		})
	}
}

// requireSealed tries every key that is left on events.
func requireSealed(t *testing.T, cfg config.Config, evs []event.Event) {
	t.Helper()
	v, err := vault.Open(t.Context(), vault.Options{Path: filepath.Join(cfg.Data, "templates.db"), KeyDir: cfg.Keys})
	require.NoError(t, err)
	defer v.Close()
	require.NotEmpty(t, evs)
	for _, e := range evs {
		_, _, err := v.OpenPayload(t.Context(), &e)
		require.Error(t, err)
	}
}

// TestARestoreThatIsCutOff goes on, wherever it stopped.
func TestARestoreThatIsCutOff(t *testing.T) {
	h := newPremises(t)
	s := save(t, h, false)
	h.close(t)
	cfg := s.elsewhere(t)
	o := app.RestoreOptions{From: s.data, KeysFrom: s.keys, Identities: s.ids, AnySigner: true, Stdout: io.Discard}
	// A folder that cannot be moved away stops it at its last step.
	require.NoError(t, os.MkdirAll(cfg.Data, 0o700))
	full := filepath.Join(cfg.Data, "keys", "in-the-way")
	require.NoError(t, os.MkdirAll(full, 0o700))
	stray := filepath.Join(cfg.Data, "stray")
	require.NoError(t, os.WriteFile(stray, nil, 0o600))
	require.ErrorIs(t, app.Restore(t.Context(), cfg, o), backup.ErrExists)
	require.NoError(t, os.Remove(stray))
	require.NoError(t, os.Remove(full))
	// Half of it is there, and a log that does not belong to it.
	tmp := cfg.Data + ".restoring"
	require.NoError(t, os.MkdirAll(tmp, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(tmp, "events.db"), []byte("half"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(tmp, "events.db-wal"), []byte("another's"), 0o600))
	require.NoError(t, app.Restore(t.Context(), cfg, o))
	require.Len(t, eventsIn(t, cfg), 10)
	require.Equal(t, map[string]string{annID: annName, benID: benName}, namesIn(t, cfg))
}

func TestRestoresThatAreRefused(t *testing.T) {
	h := newPremises(t)
	s := save(t, h, false)
	h.close(t)
	stranger, _ := pair(t, h.root)
	other := newPremises(t)
	other.close(t)
	good := app.RestoreOptions{From: s.data, KeysFrom: s.keys, Identities: s.ids, SignedBy: filepath.Join(h.cfg.Keys, "edge.pub"), Stdout: io.Discard}
	for name, c := range map[string]struct {
		change func(*app.RestoreOptions, *config.Config)
		want   error
	}{
		"another's identity":   {func(o *app.RestoreOptions, _ *config.Config) { o.Identities = []string{stranger} }, backup.ErrWrongKey},
		"the data's alone":     {func(o *app.RestoreOptions, _ *config.Config) { o.Identities = []string{s.dataID} }, backup.ErrWrongKey},
		"another's backup":     {func(o *app.RestoreOptions, _ *config.Config) { o.SignedBy = filepath.Join(other.cfg.Keys, "edge.pub") }, backup.ErrSigner},
		"nobody knows whose":   {func(o *app.RestoreOptions, _ *config.Config) { o.SignedBy = "" }, app.ErrUsage},
		"the wrong way round":  {func(o *app.RestoreOptions, _ *config.Config) { o.From, o.KeysFrom = o.KeysFrom, o.From }, app.ErrUsage},
		"over a living system": {func(_ *app.RestoreOptions, c *config.Config) { *c = h.cfg }, backup.ErrExists},
	} {
		t.Run(name, func(t *testing.T) {
			o, cfg := good, s.elsewhere(t)
			c.change(&o, &cfg)
			require.ErrorIs(t, app.Restore(t.Context(), cfg, o), c.want)
			if cfg.Data != h.cfg.Data {
				require.NoDirExists(t, cfg.Data)
			}
		})
	}
}

// TestWithoutKeysNothingIsRecognised restores data alone: names and templates
// stay sealed, and the program says so.
func TestWithoutKeysNothingIsRecognised(t *testing.T) {
	h := newPremises(t)
	s := save(t, h, false)
	h.close(t)
	cfg := s.elsewhere(t)
	err := app.Restore(t.Context(), cfg, app.RestoreOptions{From: s.data, Identities: s.ids, AnySigner: true, Stdout: io.Discard})
	require.ErrorIs(t, err, vault.ErrKeyFile)
	require.NoFileExists(t, filepath.Join(cfg.Data, "events.db"), "nothing half restored is served")
}
