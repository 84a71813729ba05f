package accounts

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever parsePHC takes is written back as it was, and stays within bounds.
func FuzzParsePHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=47104,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g")
	f.Add("$argon2i$v=19$m=47104,t=1,p=1$c29tZXNhbHQ$aGFzaA")
	f.Add("$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePHC(s)
		if err != nil {
			require.ErrorIs(t, err, ErrInvalid)
			return
		}
		require.Equal(t, s, p.String())
		require.LessOrEqual(t, p.memory, uint32(maxMemory))
		require.LessOrEqual(t, p.passes, uint32(maxPasses))
	})
}

// A typed recovery code comes into one form, or is none.
func FuzzRecoveryForm(f *testing.F) {
	f.Add("abcd-efgh-2345-6777")
	f.Add("ABCD EFGH 2345 6777")
	f.Fuzz(func(t *testing.T, s string) {
		code, ok := recoveryForm(s)
		if !ok {
			return
		}
		require.Len(t, code, 16)
		again, ok := recoveryForm(code)
		require.True(t, ok)
		require.Equal(t, code, again)
	})
}

// Checking strength ends and never lets through what is too short.
func FuzzCheckStrength(f *testing.F) {
	f.Add("turquoise ladder forgets noon", "otto")
	f.Add("password1234", "")
	f.Fuzz(func(t *testing.T, password, id string) {
		if CheckStrength(password, id) == nil {
			require.GreaterOrEqual(t, len([]rune(password)), MinPassword)
			require.LessOrEqual(t, len(password), MaxPassword)
		}
	})
}

func TestPHC(t *testing.T) {
	h, err := newHasher(Cost{Memory: 64, Passes: 1, Lanes: 1, AtOnce: 1, Waiting: 1 << 30})
	require.NoError(t, err)
	stored, err := h.hash(t.Context(), "a long password indeed")
	require.NoError(t, err)
	require.Regexp(t, `^\$argon2id\$v=19\$m=64,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`, stored)
	for password, want := range map[string]bool{"a long password indeed": true, "a long password indeeD": false, "": false} {
		ok, err := h.check(t.Context(), stored, password)
		require.NoError(t, err)
		require.Equal(t, want, ok)
	}
	ok, err := h.check(t.Context(), "", "whatever")
	require.NoError(t, err)
	require.False(t, ok, "an account without a password opens to none")
	require.False(t, h.weaker(stored))
	dearer, err := newHasher(Cost{Memory: 128, Passes: 1, Lanes: 1, AtOnce: 1, Waiting: 1 << 30})
	require.NoError(t, err)
	require.True(t, dearer.weaker(stored))
	// When all turns are taken, one waits no longer than bounded.
	h.cost.Waiting = 1
	done, err := h.turn(t.Context())
	require.NoError(t, err)
	_, err = h.check(t.Context(), stored, "x")
	require.ErrorIs(t, err, ErrBusy)
	done()
}
