package kafkax_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/kafkax"
	broker "bystander/internal/testkit/kafka"
)

// TestRelease asks the broker that the tests are pinned to.
func TestRelease(t *testing.T) {
	b := broker.Start(t, broker.Options{})
	c, err := kafkax.Open(kafkax.Config{Brokers: []string{b.Addr()}})
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	name, recent, err := c.Release(t.Context())
	require.NoError(t, err)
	require.Equal(t, "3.9", name)
	require.True(t, recent)
}
