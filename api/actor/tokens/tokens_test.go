package tokens_test

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/api/actor"
	"bystander/api/actor/tokens"
	"bystander/internal/sqldb/sqldbtest"
)

var ctx = context.Background()

type clock struct{ now time.Time }

func open(t *testing.T) (*tokens.Store, *clock, string) {
	t.Helper()
	c := &clock{time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)}
	path := sqldbtest.Place(t, filepath.Join(t.TempDir(), "tokens.db"))
	s, err := tokens.Open(ctx, path, tokens.Options{Now: func() time.Time { return c.now }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s, c, path
}

func ask(s *tokens.Store, header ...string) (actor.Actor, error) {
	r := httptest.NewRequest("GET", "/", nil)
	for _, h := range header {
		r.Header.Add("Authorization", h)
	}
	return s.Authenticate(r)
}

// proves: B-63
func TestATokenLetsInUntilItEnds(t *testing.T) {
	s, c, _ := open(t)
	a, err := ask(s)
	require.NoError(t, err)
	require.False(t, a.Known(), "who says nothing is nobody")

	owner := tokens.Account{ID: "anna", Roles: []actor.Role{actor.VenueOwner, actor.Operator}}
	token, err := s.Add(ctx, owner, 90*24*time.Hour)
	require.NoError(t, err)
	a, err = ask(s, "Bearer "+token)
	require.NoError(t, err)
	require.Equal(t, actor.Actor{ID: "anna", Roles: owner.Roles, Via: "token", Session: a.Session}, a)
	require.NotContains(t, a.Session, strings.TrimPrefix(token, "bystander_"), "what goes on for long keeps no secret")
	holds, err := s.Valid(ctx, a)
	require.NoError(t, err)
	require.True(t, holds)
	for _, made := range []string{"", "zz", strings.Repeat("00", 32)} {
		holds, err := s.Valid(ctx, actor.Actor{Session: made})
		require.NoError(t, err)
		require.False(t, holds, made)
	}

	for _, h := range [][]string{
		{"Bearer " + token[:len(token)-1]},
		{"Bearer " + token + "A"},
		{"Bearer " + strings.ToUpper(token)},
		{"Bearer"},
		{"Bearer "},
		{"Basic " + token},
		{token},
		{"Bearer " + token, "Bearer " + token},
	} {
		_, err := ask(s, h...)
		require.ErrorIs(t, err, tokens.ErrToken, "%v", h)
	}

	c.now = c.now.Add(90*24*time.Hour - time.Millisecond)
	_, err = ask(s, "Bearer "+token)
	require.NoError(t, err)
	c.now = c.now.Add(time.Millisecond)
	_, err = ask(s, "Bearer "+token)
	require.ErrorIs(t, err, tokens.ErrToken, "expired")
	require.ErrorIs(t, s.Revoke(ctx, "anna"), tokens.ErrNone)
}

func TestRevokingIsImmediateAndForGood(t *testing.T) {
	s, _, path := open(t)
	one, err := s.Add(ctx, tokens.Account{ID: "olga", Roles: []actor.Role{actor.PrivacyOfficer}}, time.Hour)
	require.NoError(t, err)
	two, err := s.Add(ctx, tokens.Account{ID: "olga", Roles: []actor.Role{actor.PrivacyOfficer}}, time.Hour)
	require.NoError(t, err)
	require.NotEqual(t, one, two)
	other, err := tokens.Open(ctx, path, tokens.Options{Now: func() time.Time { return time.Date(2027, 3, 1, 12, 0, 1, 0, time.UTC) }})
	require.NoError(t, err)
	require.NoError(t, other.Revoke(ctx, "olga"), "by another process")
	require.NoError(t, other.Close())
	for _, token := range []string{one, two} {
		_, err = ask(s, "Bearer "+token)
		require.ErrorIs(t, err, tokens.ErrToken)
	}
	_, err = s.DB().W.ExecContext(ctx, `UPDATE tokens SET revoked_ms=0`)
	require.ErrorContains(t, err, "can only be revoked")
	list, err := s.List(ctx)
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.False(t, list[0].Revoked.IsZero())
}

func TestTheTokenItselfIsKeptNowhere(t *testing.T) {
	sqldbtest.File(t)
	s, _, path := open(t)
	token, err := s.Add(ctx, tokens.Account{ID: "anna", Roles: []actor.Role{actor.VenueOwner}}, time.Hour)
	require.NoError(t, err)
	files, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		require.NotContains(t, string(b), token)
		require.NotContains(t, string(b), strings.TrimPrefix(token, "bystander_"))
		st, err := os.Stat(f)
		require.NoError(t, err)
		require.Zero(t, st.Mode().Perm()&0o077, "%s is its owner's only", f)
	}
}

func TestAccountsThatCannotBe(t *testing.T) {
	s, _, _ := open(t)
	for name, c := range map[string]struct {
		a    tokens.Account
		term time.Duration
	}{
		"no role":                 {tokens.Account{ID: "a"}, time.Hour},
		"unknown role":            {tokens.Account{ID: "a", Roles: []actor.Role{"root"}}, time.Hour},
		"no id":                   {tokens.Account{Roles: []actor.Role{actor.Auditor}}, time.Hour},
		"the program's own":       {tokens.Account{ID: "system", Roles: []actor.Role{actor.Auditor}}, time.Hour},
		"for ever":                {tokens.Account{ID: "a", Roles: []actor.Role{actor.Auditor}}, tokens.MaxTerm + 1},
		"over already":            {tokens.Account{ID: "a", Roles: []actor.Role{actor.Auditor}}, 0},
		"subject of nobody":       {tokens.Account{ID: "a", Roles: []actor.Role{actor.Subject}}, time.Hour},
		"subject and officer":     {tokens.Account{ID: "a", Enrollee: "e", Roles: []actor.Role{actor.Subject, actor.ConsentOfficer}}, time.Hour},
		"officer for an enrollee": {tokens.Account{ID: "a", Enrollee: "e", Roles: []actor.Role{actor.ConsentOfficer}}, time.Hour},
	} {
		_, err := s.Add(ctx, c.a, c.term)
		require.ErrorIs(t, err, tokens.ErrAccount, name)
	}
	token, err := s.Add(ctx, tokens.Account{ID: "me", Enrollee: "e1", Roles: []actor.Role{actor.Subject}}, time.Hour)
	require.NoError(t, err)
	a, err := s.Actor(ctx, token)
	require.NoError(t, err)
	require.Equal(t, "e1", a.Enrollee)
}
