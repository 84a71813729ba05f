package app

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/outbox"
	"bystander/sink/sqlite"
)

// toldOf lists what the log tells of accounts, in order.
func toldOf(t *testing.T, e *edge) []string {
	t.Helper()
	rows, err := e.store.Events(t.Context(), sqlite.Query{Kinds: []event.Kind{event.KindAccountChange}, Limit: sqlite.MaxLimit})
	require.NoError(t, err)
	out := make([]string, len(rows))
	for i, r := range rows {
		require.Equal(t, event.ActorRef(osUser()), r.Event.ReviewerRef)
		require.Equal(t, "command line", r.Event.Detail["way"])
		out[len(rows)-1-i] = r.Event.Detail["action"] + " " + r.Event.Detail["account"][:8] + " " + r.Event.Detail["roles"]
	}
	return out
}

// What the command line changes of accounts and tokens is on the log, once: what
// was changed beside a stopped program with its next start, what is changed
// beside a running one within seconds, and after a crash between the two.
//
// proves: B-55, B-63
func TestTheCommandLineIsOnTheLog(t *testing.T) {
	cfg := config.Default()
	cfg.Data = t.TempDir()
	cfg.Keys, cfg.Events.Edge = filepath.Join(cfg.Data, "keys"), "notes"
	cfg.Record.Enabled = false
	var out bytes.Buffer
	add := func(id, password string) {
		o := UserOptions{ID: id, Roles: []string{"operator"}, Stdout: &out}
		if password != "" {
			o.Password = strings.NewReader(password)
		}
		require.NoError(t, UserAdd(t.Context(), cfg, o))
	}
	add("otto", "")
	add("ada", "turquoise ladder forgets noon")
	require.NoError(t, TokenAdd(t.Context(), cfg, TokenOptions{ID: "prom", Roles: []string{"auditor"}, Expires: "30d", Stdout: &out, MayExport: true}))
	require.Error(t, UserDisable(t.Context(), cfg, "nobody", &out), "what fails leaves no note")

	e, err := openEdge(t.Context(), cfg, zerolog.Nop())
	require.NoError(t, err)
	closed := false
	defer func() {
		if !closed {
			require.NoError(t, e.close())
		}
	}()
	running, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.pump.Run(running) }()
	taking := make(chan struct{})
	go func() { defer close(taking); e.takeUpNotes(running) }()
	ref := func(id string) string { return event.ActorRef(id).String()[:8] }
	want := []string{"invited " + ref("otto") + " operator", "invited " + ref("ada") + " operator", "password " + ref("ada") + " ", "export_token_added " + ref("prom") + " auditor"}
	told := func() bool { return len(toldOf(t, e)) == len(want) }
	require.Eventually(t, told, 10*time.Second, 20*time.Millisecond)
	require.Equal(t, want, toldOf(t, e))

	// Beside the running program.
	require.NoError(t, UserReset(t.Context(), cfg, "ada", &out))
	require.NoError(t, UserDisable(t.Context(), cfg, "otto", &out))
	want = append(want, "reset "+ref("ada")+" ", "disabled "+ref("otto")+" ")
	require.Eventually(t, told, 10*time.Second, 20*time.Millisecond)
	require.NoError(t, TokenRevoke(t.Context(), cfg, "prom", &out))
	want = append(want, "tokens_revoked "+ref("prom")+" ")
	require.Eventually(t, told, 10*time.Second, 20*time.Millisecond)
	require.Equal(t, want, toldOf(t, e))
	stop()
	<-taking
	<-ended

	// A crash after the log had it and before the note was taken away.
	add("eve", "")
	notes, err := outbox.Pending(t.Context(), e.signIn.store.DB())
	require.NoError(t, err)
	require.Len(t, notes, 1)
	_, err = e.signIn.store.DB().W.ExecContext(t.Context(), `UPDATE untold SET tried=1`)
	require.NoError(t, err)
	require.NoError(t, noteLog{e}.Tell(t.Context(), notes[0]))
	closed = true
	require.NoError(t, e.close())

	e, err = openEdge(t.Context(), cfg, zerolog.Nop())
	require.NoError(t, err)
	closed = false
	running, stop = context.WithCancel(t.Context())
	defer stop()
	go func() { ended <- e.pump.Run(running) }()
	n, err := outbox.Deliver(t.Context(), e.signIn.store.DB(), noteLog{e})
	require.NoError(t, err)
	require.Zero(t, n, "it was on the log already")
	want = append(want, "invited "+ref("eve")+" operator")
	require.Equal(t, want, toldOf(t, e))
	left, err := outbox.Pending(t.Context(), e.signIn.store.DB())
	require.NoError(t, err)
	require.Empty(t, left)
	stop()
	<-ended
}
