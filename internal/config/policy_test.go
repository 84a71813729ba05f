package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/config"
)

func TestPolicyFromTheBus(t *testing.T) {
	const kafka = "events: {kafka: {brokers: [\"k:9092\"]}, writers: writers}\n"
	for name, tc := range map[string]struct {
		text string
		want []string // none: it is good
	}{
		"here":        {"policy: {from: here}\n", nil},
		"bus":         {kafka + "policy: {from: bus, site: plaza, key: control.pub}\n", nil},
		"unknown":     {"policy: {from: elsewhere}\n", []string{"policy.from", "here, bus"}},
		"incomplete":  {"policy: {from: bus}\n", []string{"policy.site", "policy.key", "events.kafka.brokers"}},
		"and a file":  {"site: site.yml\n" + kafka + "policy: {from: bus, site: plaza, key: control.pub}\n", []string{"site: with policy.from"}},
		"key for own": {"policy: {key: control.pub}\n", []string{"from: bus"}},
		"typo":        {kafka + "policy: {from: bus, site: plaza, pubkey: x}\n", []string{"pubkey"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "c.yml")
			require.NoError(t, os.WriteFile(path, []byte(tc.text), 0o600))
			c, err := config.Load(path, nil)
			if tc.want == nil {
				require.NoError(t, err)
				if c.Policy.Follows() {
					require.Equal(t, filepath.Join(filepath.Dir(path), "control.pub"), c.Policy.Key, "taken from the file's folder")
					require.Equal(t, filepath.Join(filepath.Dir(path), "writers"), c.Events.Writers)
				}
				return
			}
			for _, w := range tc.want {
				require.ErrorContains(t, err, w)
			}
		})
	}
}
