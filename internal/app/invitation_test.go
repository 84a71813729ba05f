package app

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A token is not sent where anybody could read it.
func TestJoiningIsByHTTPSAlone(t *testing.T) {
	for _, control := range []string{"", "control:8443", "http://127.0.0.1:1", "https://", "https://control:8443/x"} {
		err := EdgeJoin(t.Context(), JoinOptions{Control: control, Token: "t", Fingerprint: "00", Dir: t.TempDir(), Stdout: io.Discard})
		require.ErrorIs(t, err, ErrUsage, control)
		require.ErrorContains(t, err, "--control")
	}
}

// Nor is one that an invitation holds; and what is said of the file does not repeat
// the token.
func TestAnInvitationThatIsNotFollowed(t *testing.T) {
	const token = "three-lamps-and-a-horse"
	path := filepath.Join(t.TempDir(), "hall.json")
	o := JoinOptions{Dir: filepath.Join(t.TempDir(), "peer"), Stdout: io.Discard}
	for _, i := range []Invitation{
		{Edge: "hall", Control: "http://127.0.0.1:1", Fingerprint: "00", Token: token},
		{Edge: "hall", Control: "https://127.0.0.1:1", Token: token},
	} {
		b, err := json.Marshal(i)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, b, 0o600))
		err = EdgeAccept(t.Context(), path, o)
		require.ErrorIs(t, err, ErrUsage)
		require.NotContains(t, err.Error(), token)
		require.NoDirExists(t, o.Dir, "nothing was made")
	}
	require.NoError(t, os.WriteFile(path, []byte(`{"token": "`+token), 0o600))
	err := EdgeAccept(t.Context(), path, o)
	require.ErrorContains(t, err, "is not what bystander edge invite --json prints")
	require.NotContains(t, err.Error(), token)
}
