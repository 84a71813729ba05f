package app

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/api"
	"bystander/api/actor"
	"bystander/api/apitest"
	"bystander/api/zones"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/policy"
	"bystander/policy/consent"
	"bystander/policy/sitestore"
)

// noReads stands in for the access log.
type noReads struct{}

func (noReads) RecordRead(context.Context, actor.Read) error { return nil }

// The installation's consents open without any model, stand beside the other
// routes, and what one process changed another hands to the ledger; the receipt
// is verified with the installation's public key alone.
//
// proves: C-32
func TestConsentsOfAnInstallation(t *testing.T) {
	dir := t.TempDir()
	cfg := config.Default()
	cfg.Data, cfg.Keys = filepath.Join(dir, "data"), filepath.Join(dir, "keys")
	require.NoError(t, os.MkdirAll(cfg.Data, 0o700))
	site := policy.SampleSite(time.Now(), policy.SampleCamera{ID: "cam", PlaceType: "hall", Match: true})
	open := func(p consentParts) *consents {
		t.Helper()
		p.cfg, p.log = cfg, zerolog.Nop()
		c, err := openConsents(t.Context(), p)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, c.close()) })
		return c
	}
	none := open(consentParts{site: func() *policy.Site { return nil }})
	require.NoError(t, none.Tick(t.Context()), "without a site there is nothing to do")
	require.Nil(t, none.module)

	cli := open(consentParts{site: func() *policy.Site { return site }})
	s, err := cli.StartSession(t.Context(), consent.Start{Channel: policy.ChannelKiosk, Scenes: []string{"cam-scene"}, Zones: []string{"cam-zone"}, Under14: policy.No, By: "x"})
	require.NoError(t, err)
	o, err := cli.Give(t.Context(), consent.Given{
		Enrollee: s.Enrollee, Purposes: []policy.Purpose{policy.PurposeMatch}, Scenes: s.Scenes, Zones: s.Zones,
		Evidence: consent.ActEvidence{Channel: policy.ChannelPaper, Widget: "signature", NoticeHash: site.Notices[0].Hash, Basis: "b", By: "x"},
	})
	require.NoError(t, err)

	var events []event.Event
	edge := open(consentParts{site: func() *policy.Site { return site }, reads: noReads{}, emit: func(e event.Event) { events = append(events, e) }})
	require.NoError(t, edge.Tick(t.Context()))
	require.Len(t, events, 3, "pending, active, and the census")
	require.Equal(t, o.Consent.Ref(), events[1].ConsentRef)

	st, err := sitestore.Open(t.Context(), filepath.Join(cfg.Data, "site.db"), sitestore.Options{})
	require.NoError(t, err)
	defer st.Close()
	_, err = api.New(api.Config{Version: "test", Log: zerolog.Nop(), Modules: []api.Module{
		zones.New(zones.Config{Store: st, Log: zerolog.Nop()}), edge.module,
	}}, apitest.NewFake().Backend())
	require.NoError(t, err, "the names of its types clash with nobody's")

	r, err := edge.Receipt(t.Context(), o.Consent.ID, 0)
	require.NoError(t, err)
	file := filepath.Join(dir, "receipt.jws")
	require.NoError(t, os.WriteFile(file, []byte(r.JWS+"\n"), 0o600))
	set, err := edge.Keys()
	require.NoError(t, err)
	jwks := filepath.Join(dir, "keys.json")
	require.NoError(t, os.WriteFile(jwks, set, 0o600))
	for _, key := range []string{filepath.Join(cfg.Keys, "consent.pub"), jwks} {
		var out bytes.Buffer
		require.NoError(t, ConsentVerify(t.Context(), ConsentVerifyOptions{Receipt: file, Key: key, Stdout: &out}))
		require.Contains(t, out.String(), "genuine")
		require.Contains(t, out.String(), o.Consent.ID)
	}
	require.NoError(t, os.WriteFile(file, []byte(r.JWS[:len(r.JWS)-4]+"AAAA"), 0o600))
	require.ErrorIs(t, ConsentVerify(t.Context(), ConsentVerifyOptions{Receipt: file, Key: jwks, Stdout: &bytes.Buffer{}}), consent.ErrReceipt)
	require.ErrorIs(t, ConsentVerify(t.Context(), ConsentVerifyOptions{Receipt: file, Key: file, Stdout: &bytes.Buffer{}}), ErrUsage)
	for _, p := range edge.places() {
		who, err := p.Persons(t.Context())
		require.NoError(t, err)
		_, err = p.Forget(t.Context(), s.Enrollee)
		require.NoError(t, err, p.Name)
		require.LessOrEqual(t, len(who), 1)
	}
	who, err := edge.db.Persons(t.Context())
	require.NoError(t, err)
	require.Empty(t, who)
}
