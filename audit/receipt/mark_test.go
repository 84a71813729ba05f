package receipt_test

import (
	"crypto/ed25519"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/audit/receipt"
)

func FuzzOpenMark(f *testing.F) {
	pub, key, err := ed25519.GenerateKey(nil)
	require.NoError(f, err)
	b, err := receipt.Mark{Export: "e", By: "ann"}.Box(key)
	require.NoError(f, err)
	whole := b[8+len(receipt.MarkType):]
	f.Add(whole)
	f.Add([]byte(`{"mark":"{}","signature":""}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		m, err := receipt.OpenMark(payload, pub)
		if err == nil { // nobody but the key's owner can have made it
			require.Equal(t, "ann", m.By)
		}
	})
}

// proves: B-62
func TestAMarkSaysWhoExportedAndCannotBeChanged(t *testing.T) {
	pub, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	m := receipt.Mark{
		Version: receipt.Version, Export: "0190", By: "ann", At: time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC), Purpose: "incident",
		Site: "hall", Edge: "edge-1", Camera: "gate", Segment: strings.Repeat("ab", 32), Bytes: 7,
	}
	b, err := m.Box(key)
	require.NoError(t, err)
	require.Len(t, receipt.MarkType, 16)
	require.Equal(t, "uuid"+receipt.MarkType, string(b[4:8+len(receipt.MarkType)]))
	payload := b[8+len(receipt.MarkType):]
	got, err := receipt.OpenMark(payload, pub)
	require.NoError(t, err)
	require.Equal(t, m, got)

	other, _, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	_, err = receipt.OpenMark(payload, other)
	require.ErrorIs(t, err, receipt.ErrSignature)
	_, err = receipt.OpenMark([]byte(strings.Replace(string(payload), "ann", "eve", 1)), pub)
	require.ErrorIs(t, err, receipt.ErrSignature)
	for _, bad := range []string{"", "{}x", `{"mark":"{}","signature":"?"}`, string(payload) + " 1", strings.Repeat(" ", receipt.MaxMark+1)} {
		_, err = receipt.OpenMark([]byte(bad), pub)
		require.Error(t, err, bad)
	}
	m.Purpose = strings.Repeat("x", receipt.MaxMark)
	_, err = m.Box(key)
	require.ErrorIs(t, err, receipt.ErrInvalid)
}
