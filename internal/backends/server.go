package backends

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ServerOptions say which clickhouse-server to start. Only Dir is needed.
type ServerOptions struct {
	Dir  string // private: settings, data and log
	Mode Mode
}

// Server is Debian's clickhouse-server. It is old (18.16: no TTL, codecs,
// DateTime64 or window functions) and speaks native TCP.
type Server struct {
	*Process
	native, http int
}

// serverRoot is the folder that Debian's packages are unpacked into; they are
// not installed, since that would start a service.
const serverRoot = "clickhouse-server-" + ServerVersion

const serverConfig = `<yandex>
  <logger><level>warning</level><console>1</console></logger>
  <listen_host>127.0.0.1</listen_host>
  <tcp_port>%d</tcp_port>
  <http_port>%d</http_port>
  <path>%[3]s/data/</path>
  <tmp_path>%[3]s/data/tmp/</tmp_path>
  <mark_cache_size>268435456</mark_cache_size>
  <users_config>%[3]s/users.xml</users_config>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <timezone>UTC</timezone>
</yandex>
`

const serverUsers = `<yandex>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users><default>
    <password></password>
    <networks><ip>127.0.0.1</ip></networks>
    <profile>default</profile>
    <quota>default</quota>
  </default></users>
</yandex>
`

// StartServer starts a clickhouse-server on free ports and returns once it
// answers. Starting again in the same folder goes on with the same data.
func StartServer(ctx context.Context, o ServerOptions) (*Server, error) {
	binary, err := cached("clickhouse-server "+ServerVersion, serverRoot, "usr", "sbin", "clickhouse-server")
	if err != nil {
		return nil, err
	}
	root := filepath.Join(filepath.Dir(binary), "..", "..")
	var libs []string
	for _, dir := range []string{"usr/lib", "lib"} {
		found, err := filepath.Glob(filepath.Join(root, dir, "*-linux-gnu"))
		if err != nil {
			return nil, fmt.Errorf("backends: clickhouse-server's libraries: %w", err)
		}
		libs = append(libs, found...)
	}
	s := &Server{}
	if err := freePorts(&s.native, &s.http); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(o.Dir, "data"), 0o700); err != nil {
		return nil, fmt.Errorf("backends: clickhouse-server: %w", err)
	}
	config := filepath.Join(o.Dir, "config.xml")
	for path, text := range map[string]string{
		config:                            fmt.Sprintf(serverConfig, s.native, s.http, o.Dir),
		filepath.Join(o.Dir, "users.xml"): serverUsers,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return nil, fmt.Errorf("backends: clickhouse-server: %w", err)
		}
	}
	s.Process = &Process{
		name: "clickhouse-server", mode: o.Mode, dir: o.Dir, log: filepath.Join(o.Dir, "clickhouse.log"), ready: s.answers,
		args: []string{binary, "--config-file=" + config},
		env:  []string{"LD_LIBRARY_PATH=" + strings.Join(libs, ":")},
	}
	if err := s.Start(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Addr is the address of the native interface.
func (s *Server) Addr() string { return local(s.native) }

// HTTPAddr is the address of the HTTP interface.
func (s *Server) HTTPAddr() string { return local(s.http) }

// DSN is clickhouse-go's name for a database of the server.
func (s *Server) DSN(database string) string { return "clickhouse://" + s.Addr() + "/" + database }

func (s *Server) answers(ctx context.Context) error {
	_, err := s.Exec(ctx, "SELECT 1")
	return err
}

// Exec runs a statement over HTTP and returns its answer as tab-separated lines.
func (s *Server) Exec(ctx context.Context, sql string) (string, error) {
	return execHTTP(ctx, s.HTTPAddr(), sql)
}
