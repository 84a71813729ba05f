// Command chengine serves the ClickHouse engine of libchdb.so over ClickHouse's
// HTTP interface, as far as clickhouse-go and curl use it: for tests and for
// `make up`. It listens on this machine and has one user without a password.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)
	lib := flag.String("library", "", "path of libchdb.so")
	dir := flag.String("dir", "", "folder of the data")
	listen := flag.String("listen", "127.0.0.1:8123", "address of the HTTP interface")
	flag.Parse()
	if err := run(*lib, *dir, *listen); err != nil {
		log.Fatalf("chengine: %v", err)
	}
}

func run(lib, dir, listen string) error {
	data, err := filepath.Abs(filepath.Join(dir, "data"))
	if err != nil {
		return err
	}
	// The engine's default database reads files of the current folder as tables:
	// let it find none.
	empty := filepath.Join(dir, "empty")
	for _, d := range []string{data, empty} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return err
		}
	}
	if lib, err = filepath.Abs(lib); err != nil {
		return err
	}
	if err := os.Chdir(empty); err != nil {
		return err
	}
	engine, err := load(lib, data)
	if err != nil {
		return err
	}
	s, err := newServer(engine)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", listen) //nolint:noctx // local
	if err != nil {
		return err
	}
	h := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- h.Serve(l) }() // taken below
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	select {
	case err := <-served:
		return err
	case <-stop:
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err = h.Shutdown(ctx)
	if e := <-served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	// The library's own shutdown hangs while tables have background work. What
	// was answered is in its files.
	return err
}
