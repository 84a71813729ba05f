package kafkax_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"bystander/internal/kafkax"
)

func TestMain(m *testing.M) {
	opts := []goleak.Option{}
	if os.Getenv("KAFKA") == "fake" {
		opts = append(opts, goleak.IgnoreAnyFunction("github.com/twmb/franz-go/pkg/kfake.(*Cluster).run"))
	}
	goleak.VerifyTestMain(m, opts...)
}

func open(t testing.TB, cfg kafkax.Config) *kafkax.Client {
	t.Helper()
	c, err := kafkax.Open(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func deadline(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}
