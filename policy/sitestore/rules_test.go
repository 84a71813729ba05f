package sitestore_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/sqldb/sqldbtest"
	"bystander/policy"
	"bystander/policy/sitestore"
)

// proves: C-17
func TestLogsAreKeptForAsLongAsTheProfileAsks(t *testing.T) {
	s, err := sitestore.Open(ctx, sqldbtest.Place(t, filepath.Join(t.TempDir(), "site.db")), sitestore.Options{LogRetention: 179 * 24 * time.Hour})
	require.NoError(t, err)
	defer s.Close()
	spec := sitestore.SiteSpec{Name: "Hall", Contact: "c", Profile: "cn"}
	_, err = s.AddSite(ctx, by("adam"), "hall", spec)
	require.Equal(t, []string{"LOG_RETENTION:cn"}, codes(t, err, sitestore.ErrNotMet))
	spec.Profile = "default"
	_, err = s.AddSite(ctx, by("adam"), "hall", spec)
	require.NoError(t, err)
	spec.Profile = "cn"
	_, err = s.EditSite(ctx, by("adam"), "hall", spec)
	require.Equal(t, []string{"LOG_RETENTION:cn"}, codes(t, err, sitestore.ErrNotMet))
}

// What ran out takes a live zone out of use at the next sweep, and says which.
// proves, INV-9
func TestWhatLapsesSuspends(t *testing.T) {
	for name, c := range map[string]struct {
		after time.Duration
		do    func(h *house)
		want  string
	}{
		"inspection": {sitestore.InspectionTerm, func(*house) {}, "INSPECTION_EXPIRED"},
		"assessment": {366 * 24 * time.Hour, func(h *house) {
			h.now = noon.Add(100 * 24 * time.Hour)
			for range 2 {
				h.now = h.now.Add(100 * 24 * time.Hour)
				_, _ = h.Sweep(ctx)
				_, _ = h.Inspect(ctx, by("ines"), sitestore.InspectionSpec{Zone: "door", Passed: true, Photos: map[string]string{"north": h.photo(t)}})
				_, _ = h.GoLive(ctx, by("paul"), "door")
			}
		}, "PIA_MISSING:expired"},
		"sign": {30 * 24 * time.Hour, func(h *house) {
			_, err := h.PutSign(ctx, by("anna"), sitestore.SignSpec{
				ID: "face", Zone: "door", Entrance: "north", Kind: policy.SignRecognition, Position: sitestore.Point{2, 1}, Text: text,
				ValidUntil: noon.Add(30 * 24 * time.Hour),
			}, false)
			require.NoError(t, err)
			h.inspected(t)
			_, err = h.GoLive(ctx, by("paul"), "door")
			require.NoError(t, err)
		}, "SIGN_MISSING:north"},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			h.live(t, "default")
			c.do(h)
			require.Equal(t, policy.ZoneOn, h.zone(t).State)
			h.now = noon.Add(c.after - time.Second)
			lapsed, err := h.Sweep(ctx)
			require.NoError(t, err)
			require.Empty(t, lapsed)
			h.now = noon.Add(c.after)
			lapsed, err = h.Sweep(ctx)
			require.NoError(t, err)
			require.Equal(t, []string{"door"}, lapsed)
			require.Equal(t, c.want, h.zone(t).Reason)
			require.Equal(t, sitestore.System, h.zone(t).Author)
			_, err = h.GoLive(ctx, by("paul"), "door")
			require.Contains(t, codes(t, err, sitestore.ErrNotMet), c.want)
		})
	}
}
