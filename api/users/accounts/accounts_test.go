package accounts_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"pgregory.net/rapid"

	"bystander/api/actor"
	"bystander/api/users/accounts"
	"bystander/internal/sqldb/sqldbtest"
)

const good = "turquoise ladder forgets noon"

var cheap = accounts.Cost{Memory: 64, Passes: 1, Lanes: 1, AtOnce: 4, Waiting: 5 * time.Second}

type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func newKey(t testing.TB) accounts.AEAD {
	t.Helper()
	k, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	require.NoError(t, err)
	a, err := aead.New(k)
	require.NoError(t, err)
	return a
}

func openStore(t testing.TB) (*accounts.Store, *clock, string) {
	t.Helper()
	c := &clock{t: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	path := sqldbtest.Place(t, filepath.Join(t.TempDir(), "accounts.db"))
	s, err := accounts.Open(context.Background(), path, accounts.Options{Key: newKey(t), Now: c.now, Cost: cheap})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s, c, path
}

func add(t testing.TB, s *accounts.Store, id string, roles ...actor.Role) {
	t.Helper()
	_, err := s.Add(context.Background(), accounts.NewAccount{ID: id, Name: "Zoë " + id, Roles: roles, State: accounts.Active})
	require.NoError(t, err)
	require.NoError(t, s.SetPassword(context.Background(), id, good, ""))
}

// However requests, rotations, raises and the clock interleave, one token opens a
// session at a time, and none once it is over.
func TestOneTokenOpensASession(t *testing.T) {
	s, c, _ := openStore(t)
	ctx := context.Background()
	add(t, s, "otto", actor.Operator)
	rapid.Check(t, func(t *rapid.T) {
		token, v, err := s.Begin(ctx, "otto", accounts.MethodPassword, false, "test")
		require.NoError(t, err)
		tokens := []string{token}
		began, over := c.now(), false
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			which := rapid.SampledFrom(tokens).Draw(t, "token")
			switch rapid.IntRange(0, 4).Draw(t, "step") {
			case 0:
				c.pass(time.Duration(rapid.IntRange(1, 29).Draw(t, "minutes")) * time.Minute)
				if open, err := s.Session(ctx, tokens[len(tokens)-1]); err == nil {
					require.NoError(t, s.Touch(ctx, open))
				}
			case 1:
				if fresh, err := s.Rotate(ctx, which); err == nil {
					require.Equal(t, tokens[len(tokens)-1], which, "only the present token can be replaced")
					tokens = append(tokens, fresh)
				}
			case 2:
				if fresh, _, err := s.Raise(ctx, which); err == nil {
					require.Equal(t, tokens[len(tokens)-1], which)
					tokens = append(tokens, fresh)
				}
			case 3:
				if rapid.IntRange(0, 5).Draw(t, "end") == 0 && !over {
					require.NoError(t, s.End(ctx, "otto", v.ID))
					over = true
				}
			case 4:
				c.pass(time.Duration(rapid.IntRange(0, 90).Draw(t, "seconds")) * time.Second)
			}
			open := 0
			for i, old := range tokens {
				got, err := s.Session(ctx, old)
				if err != nil {
					continue
				}
				open++
				require.Equal(t, len(tokens)-1, i, "an older token opens the session")
				require.Equal(t, v.ID, got.ID)
				require.False(t, over)
				require.Less(t, c.now().Sub(began), 12*time.Hour)
			}
			require.LessOrEqual(t, open, 1)
		}
		require.NoError(t, ignoreNone(s.End(ctx, "otto", v.ID)))
	})
}

func ignoreNone(err error) error {
	if err == accounts.ErrNone { //nolint:errorlint // as it is returned
		return nil
	}
	return err
}

// Many guesses at once count as many: the sixth has to wait, whichever it is.
func TestGuessesAtOnce(t *testing.T) {
	s, _, _ := openStore(t)
	add(t, s, "otto", actor.Operator)
	var wg sync.WaitGroup
	var mu sync.Mutex
	refused, waiting := 0, 0
	for range 40 {
		wg.Go(func() {
			_, err := s.SignIn(context.Background(), "otto", "wrong", "192.0.2.1")
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				t.Error("let in")
			case strings.Contains(err.Error(), "wait"):
				waiting++
			default:
				refused++
			}
		})
	}
	wg.Wait()
	require.Equal(t, 5, refused)
	require.Equal(t, 35, waiting)
}

func TestBackoffDoubles(t *testing.T) {
	s, c, _ := openStore(t)
	add(t, s, "otto", actor.Operator)
	var waits []time.Duration
	for len(waits) < 12 {
		_, err := s.SignIn(t.Context(), "otto", "wrong", "192.0.2.1")
		var wait *accounts.BackoffError
		if errorsAs(err, &wait) {
			waits = append(waits, wait.Wait)
			c.pass(wait.Wait)
		}
	}
	require.Equal(t, 5*time.Second, waits[0])
	for i := 1; i < len(waits); i++ {
		require.Equal(t, min(2*waits[i-1], 15*time.Minute), waits[i])
	}
	c.pass(15 * time.Minute)
	_, err := s.SignIn(t.Context(), "otto", good, "192.0.2.1")
	require.NoError(t, err)
}

func errorsAs(err error, target **accounts.BackoffError) bool {
	e, ok := err.(*accounts.BackoffError) //nolint:errorlint // as it is returned
	if ok {
		*target = e
	}
	return ok
}

// A code of the app opens once, within its half minute and those beside it.
func TestCodesOfTheApp(t *testing.T) {
	s, c, _ := openStore(t)
	add(t, s, "otto", actor.Operator)
	_, secret, err := s.NewTOTP(t.Context(), "otto")
	require.NoError(t, err)
	code := func(ahead time.Duration) string {
		out, err := totp.GenerateCode(secret, c.now().Add(ahead))
		require.NoError(t, err)
		return out
	}
	check := func(code string) error { return s.CheckFactor(t.Context(), "otto", code, "192.0.2.1") }
	require.ErrorIs(t, check(code(0)), accounts.ErrCredentials, "it is not taken up yet")
	_, err = s.ConfirmTOTP(t.Context(), "otto", "12345", "192.0.2.1")
	require.ErrorIs(t, err, accounts.ErrCredentials)
	codes, err := s.ConfirmTOTP(t.Context(), "otto", code(0), "192.0.2.1")
	require.NoError(t, err)
	require.Len(t, codes, 10)
	require.ErrorIs(t, check(code(0)), accounts.ErrCredentials, "the one that confirmed is used up")
	require.NoError(t, check(code(30*time.Second)))
	require.ErrorIs(t, check(code(30*time.Second)), accounts.ErrCredentials)
	require.ErrorIs(t, check(code(0)), accounts.ErrCredentials, "an older one, too")
	c.pass(2 * time.Minute)
	require.ErrorIs(t, check(code(-60*time.Second)), accounts.ErrCredentials)
	require.NoError(t, check(" "+code(-30 * time.Second)[:3]+" "+code(-30 * time.Second)[3:]))
	require.NoError(t, check(strings.ToUpper(strings.ReplaceAll(codes[3], "-", " "))), "as people type them")
	require.ErrorIs(t, check(codes[3]), accounts.ErrCredentials)
	fresh, err := s.NewRecovery(t.Context(), "otto")
	require.NoError(t, err)
	require.ErrorIs(t, check(codes[4]), accounts.ErrCredentials, "new ones replace the old")
	require.NoError(t, check(fresh[0]))
}

// Nothing that lets somebody in, and no name, lies in the files as it is.
func TestFilesHoldNoSecrets(t *testing.T) {
	sqldbtest.File(t)
	s, _, path := openStore(t)
	add(t, s, "otto", actor.Operator)
	_, secret, err := s.NewTOTP(t.Context(), "otto")
	require.NoError(t, err)
	token, _, err := s.Begin(t.Context(), "otto", accounts.MethodPassword, false, "test")
	require.NoError(t, err)
	link, err := s.NewInvitation(t.Context(), "otto", accounts.LinkReset)
	require.NoError(t, err)
	codes, err := s.NewRecovery(t.Context(), "otto")
	require.NoError(t, err)
	require.NoError(t, s.DB().EmptyLog(t.Context()))
	for _, name := range []string{path, path + "-wal"} {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, hidden := range []string{good, secret, token, link, codes[0], strings.ReplaceAll(codes[0], "-", ""), "Zoë"} {
			require.NotContains(t, string(b), hidden)
		}
	}
	st, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), st.Mode().Perm())
}

func TestRetention(t *testing.T) {
	s, c, _ := openStore(t)
	add(t, s, "otto", actor.Operator)
	add(t, s, "olga", actor.Operator)
	_, _, err := s.Begin(t.Context(), "otto", accounts.MethodPassword, false, "test")
	require.NoError(t, err)
	require.NoError(t, s.Disable(t.Context(), "otto"))
	c.pass(3*365*24*time.Hour + time.Hour)
	out, err := s.DB().Enforce(t.Context(), c.now())
	require.NoError(t, err)
	for _, o := range out {
		require.Zero(t, o.Overdue, o.Table)
	}
	list, err := s.List(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, "olga", list[0].ID)
}

func TestStrength(t *testing.T) {
	for _, weak := range []string{
		"", "short", "12345678901", "123456789012", "passwordpassword", "Password1234!", "P@ssw0rd2026!", "qwertyuiop123", "aaaaaaaaaaaaaa",
		"abcdefghijklmnop", "otto-otto-otto", "welcome2026!!", "iloveyou1234", "changeme12345", "abababababab", "woaini520520520", "Bystander2026", strings.Repeat("x", 300), "bad\xffbytes are not text",
	} {
		require.ErrorIs(t, accounts.CheckStrength(weak, "otto"), accounts.ErrWeak, weak)
	}
	for _, fine := range []string{good, "correct horse battery", "x7#Kq!vLm2$w", "紫藤在清晨低声唱着旧歌谣", "Gießkanne Föhn Quark", "tr0ub4dor&3xyz"} {
		require.NoError(t, accounts.CheckStrength(fine, "otto"), fine)
	}
}

// The default cost is what OWASP names first, and no more at once than bounded.
func TestDefaultCost(t *testing.T) {
	require.Equal(t, uint32(46*1024), accounts.DefaultCost().Memory)
	require.Equal(t, 4, accounts.DefaultCost().AtOnce)
	for _, bad := range []accounts.Cost{{Memory: 1, Passes: 1, Lanes: 1, AtOnce: 1}, {Memory: 64, Lanes: 1, AtOnce: 1}, {Memory: 64, Passes: 1, Lanes: 1}} {
		_, err := accounts.Open(t.Context(), sqldbtest.Place(t, filepath.Join(t.TempDir(), "a.db")), accounts.Options{Key: newKey(t), Cost: bad})
		require.ErrorIs(t, err, accounts.ErrInvalid)
	}
}
