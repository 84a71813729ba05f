package app

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/api/auditor"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/match"
	"bystander/match/vault"
)

// A pseudonym leads to the name of the one person who has it, that day and in
// that scene; to nobody once their keys are destroyed.
//
// proves: B-55
func TestAPseudonymLeadsToOneName(t *testing.T) {
	cfg := config.Default()
	cfg.Data = t.TempDir()
	cfg.Keys = filepath.Join(cfg.Data, "keys")
	require.NoError(t, os.MkdirAll(cfg.Keys, 0o700))
	people, err := openRegistry(t.Context(), cfg)
	require.NoError(t, err)
	defer func() { require.NoError(t, people.close()) }()
	ids := []string{"0190a0a0-0000-7000-8000-00000000000a", "0190a0a0-0000-7000-8000-00000000000b", "0190a0a0-0000-7000-8000-00000000000c"}
	for i, id := range ids {
		_, err := people.vault.Put(t.Context(), vault.NewTemplate{
			Enrollee: id, Scene: "hall", Model: strings.Repeat("ab", 32), Quality: 1, Blob: bytes.Repeat([]byte{byte(i + 3)}, match.TemplateBytes),
		})
		require.NoError(t, err)
	}
	require.NoError(t, people.names.SetName(t.Context(), ids[0], "Ann"))
	require.NoError(t, people.names.SetName(t.Context(), ids[1], "Ben"))
	at := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	seen := func(id string) *event.Event {
		ref, err := people.vault.SubjectRef(t.Context(), id, "hall", at)
		require.NoError(t, err)
		return &event.Event{SceneID: "hall", TS: at, SubjectRef: ref}
	}
	f := nameFinder{people}
	for i, want := range []string{"Ann", "Ben"} {
		name, err := f.Name(t.Context(), seen(ids[i]))
		require.NoError(t, err)
		require.Equal(t, want, name)
	}
	_, err = f.Name(t.Context(), seen(ids[2]))
	require.ErrorIs(t, err, auditor.ErrNobody, "enrolled without a name")
	for name, change := range map[string]func(*event.Event){
		"another day":   func(e *event.Event) { e.TS = at.Add(24 * time.Hour) },
		"another scene": func(e *event.Event) { e.SceneID = "gate" },
		"nobody's":      func(e *event.Event) { e.SubjectRef = event.Digest{9} },
		"none":          func(e *event.Event) { e.SubjectRef = event.Digest{} },
	} {
		e := seen(ids[0])
		change(e)
		_, err := f.Name(t.Context(), e)
		require.ErrorIs(t, err, auditor.ErrNobody, name)
	}
	ann := seen(ids[0])
	require.NoError(t, people.vault.Destroy(t.Context(), ids[0]))
	_, err = f.Name(t.Context(), ann)
	require.ErrorIs(t, err, auditor.ErrNobody, "her keys are gone")
	name, err := f.Name(t.Context(), seen(ids[1]))
	require.NoError(t, err)
	require.Equal(t, "Ben", name)
}
