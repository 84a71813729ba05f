package ingest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/ingest"
)

func TestHowFarAWorkerIsHeld(t *testing.T) {
	require.Empty(t, ingest.Health{State: ingest.StateStarting}.Held(), "nobody knows before one has started")
	for want, all := range map[string][]ingest.Confinement{
		ingest.HeldFully:  {{Landlock: 4, Seccomp: true}, {Landlock: 7, Seccomp: true}},
		ingest.HeldPartly: {{Landlock: 3, Seccomp: true}, {Landlock: 7}, {Landlock: 1}, {Seccomp: true}},
		ingest.HeldNot:    {{}},
	} {
		for _, c := range all {
			require.Equal(t, want, ingest.Health{Confined: &c}.Held(), c)
		}
	}
}
