package app

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/policy"
	"bystander/policy/sitestore"
)

// lawfulReplicas are controls over one store, each with a copy of the site that it
// reads every two seconds.
func lawfulReplicas(t *testing.T, n int) []*lawful {
	t.Helper()
	cfg := config.Default()
	cfg.Data = t.TempDir()
	cfg.Keys = filepath.Join(cfg.Data, "keys")
	var out []*lawful
	for range n {
		l, err := openLaw(t.Context(), cfg, &eyes{log: zerolog.Nop()}, nil, func(event.Event) {}, zerolog.Nop())
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, l.close()) })
		out = append(out, l)
	}
	return out
}

// TestReplicasSignTheSiteAsItIs: somebody halts everything, or suspends a zone, at
// one control. What another one publishes next, long before it would look by
// itself, says the same, under no newer version; and what cannot be read is not
// signed as it was.
//
// proves: A-24, INV-9
func TestReplicasSignTheSiteAsItIs(t *testing.T) {
	rs := lawfulReplicas(t, 2)
	here, there := rs[0], rs[1]
	by := sitestore.By{Actor: "anna", Reason: "test"}
	site := policy.SampleSite(time.Now(), policy.SampleCamera{ID: "gate", PlaceType: "gate", Match: true})
	require.NoError(t, here.ops.Import(t.Context(), by, site, sitestore.AsItStands))
	here.renew(t.Context())
	there.renew(t.Context())
	edge, err := policy.NewHolder(here.signs.Load().Public(), policy.SampleSiteID, time.Now)
	require.NoError(t, err)
	publish := func(l *lawful) *policy.Snapshot {
		s, lease, err := l.Issue(t.Context(), 0)
		require.NoError(t, err)
		require.NoError(t, edge.Offer(lease, s))
		return s
	}
	first := publish(here)
	require.Empty(t, first.Zones[0].Reasons)
	require.Equal(t, first.Version, publish(there).Version, "both say the same, under one number")

	_, err = here.ops.Suspend(t.Context(), by, first.Zones[0].ID)
	require.NoError(t, err)
	second := publish(here)
	require.NotEmpty(t, second.Zones[0].Reasons)
	other := publish(there)
	require.NotEmpty(t, other.Zones[0].Reasons, "the other control signs the zone as it was, as version %d after %d", other.Version, second.Version)
	require.Equal(t, second.Version, other.Version)

	_, err = there.ops.Halt(t.Context(), by)
	require.NoError(t, err)
	third := publish(there)
	require.NotEmpty(t, third.Halted)
	other = publish(here)
	require.NotEmpty(t, other.Halted, "the other control signs as if nothing were halted")
	require.Equal(t, third.Version, other.Version)

	require.NoError(t, here.ops.Close())
	_, _, err = here.Issue(t.Context(), 0)
	require.Error(t, err, "site and kill switch are not known")
	require.NoError(t, there.ops.Close())
}
