package apart

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"bystander/internal/backends"
	"bystander/internal/testkit"
	"bystander/internal/testkit/proc"
)

// serverEnv tells this binary to run one of the servers, on the machine that it
// was started on, until its input ends.
const serverEnv = "APART_SERVER"

// server says which.
type server struct {
	Kind   string // kafka or engine
	Dir    string
	Addr   string // at which others reach the broker
	Binary string // of the engine
}

func TestMain(m *testing.M) {
	if s := os.Getenv(serverEnv); s != "" {
		if err := serveUntilEOF([]byte(s)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func serveUntilEOF(config []byte) error {
	var s server
	if err := json.Unmarshal(config, &s); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*proc.Patience)
	defer cancel()
	var addr string
	var kill func() error
	switch s.Kind {
	case "kafka":
		// Started in the server's own namespace, and told of by its address there.
		k, err := backends.StartKafka(ctx, backends.KafkaOptions{Dir: s.Dir, Port: kafkaPort, Properties: map[string]string{
			"listeners":            fmt.Sprintf("PLAIN://0.0.0.0:%d,CONTROLLER://127.0.0.1:%d", kafkaPort, kafkaPort+1),
			"advertised.listeners": fmt.Sprintf("PLAIN://%s:%d", s.Addr, kafkaPort),

			"controller.quorum.voters": fmt.Sprintf("1@127.0.0.1:%d", kafkaPort+1),
		}})
		if err != nil {
			return err
		}
		addr, kill = k.Addr(), k.Kill
	case "engine":
		e, err := backends.StartEngine(ctx, backends.EngineOptions{Dir: s.Dir, Binary: s.Binary})
		if err != nil {
			return err
		}
		addr, kill = e.Addr(), e.Kill
	default:
		return fmt.Errorf("no such server: %q", s.Kind)
	}
	if _, err := fmt.Println(addr); err != nil {
		return errors.Join(err, kill())
	}
	_, err := io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, kill())
}

const kafkaPort = 9092

// runServer starts a server on the machine and returns where it listens there. It
// ends with the test.
func (m *machine) runServer(t *testing.T, kind string) (addr string) {
	t.Helper()
	s := server{Kind: kind, Dir: filepath.Join(t.TempDir(), kind), Addr: m.addr}
	if kind == "engine" {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		var err error
		s.Binary, err = backends.BuildEngine(ctx, testkit.Root(t))
		require.NoError(t, err)
	}
	require.NoError(t, os.MkdirAll(s.Dir, 0o700))
	config, err := json.Marshal(s)
	require.NoError(t, err)
	cmd := m.command(os.Args[0])
	cmd.Env = append(cmd.Env, serverEnv+"="+string(config))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = in.Close()
		limit := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
		defer limit.Stop()
		if err := cmd.Wait(); err != nil {
			t.Logf("%s: %v", kind, err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err, "%s does not start on %s", kind, m.name)
	return strings.TrimSpace(line)
}
