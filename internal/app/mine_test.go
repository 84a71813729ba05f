package app

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/api/public"
	"bystander/internal/config"
)

// Every class of data that is kept here is told in the privacy notice, but for
// those that hold nothing about people who pass or enrol; and the notice tells of
// none that there is not.
//
// proves: B-09
func TestThePrivacyNoticeTellsEveryClass(t *testing.T) {
	cfg := config.Default()
	cfg.Data = t.TempDir()
	cfg.Keys, cfg.Events.Edge = filepath.Join(cfg.Data, "keys"), "test"
	e, err := openEdge(t.Context(), cfg, zerolog.Nop())
	require.NoError(t, err)
	defer func() { require.NoError(t, e.close()) }()
	told, others := public.Classes(), []string{
		// of the log's own proof, without content
		"chain skeleton", "disposal records", "disposal reports", "tombstones", "erasure certificates", "events on their way",
		// of the place and of the staff, who are told elsewhere
		"accounts", "sign-ins", "cameras", "filings", "notices", "scenes", "site history", "redacted photographs of places",
		// for a day, to answer a repeated request alike
		"answers to repeat",
	}
	have := map[string]bool{}
	for _, r := range e.rulesOfKeeping() {
		have[r.Class] = true
		require.True(t, slices.Contains(told, r.Class) || slices.Contains(others, r.Class),
			"%q is kept here, and neither told in api/public nor known to hold nothing about people", r.Class)
	}
	for _, c := range told {
		require.True(t, have[c], "the privacy notice tells of %q, of which there is no rule", c)
	}
}
