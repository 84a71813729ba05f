// Command fakeserver serves the interface and the web application from made-up
// data, for working on the pages and for their browser tests: test pictures
// stand for the cameras. It needs ffmpeg.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"

	"bystander/api"
	"bystander/api/apitest"
	"bystander/api/zones"
	"bystander/policy/sitestore"
	"bystander/web"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8099", "address to listen on; port 0 takes a free one")
	empty := flag.Bool("empty", false, "serve an installation without cameras")
	var more size
	flag.IntVar(&more.cameras, "cameras", 0, "cameras beyond the five of the scene")
	flag.IntVar(&more.events, "events", 0, "events of the past beyond those of the scene")
	dist := flag.String("dist", "", "serve the pages from this folder instead of the embedded ones")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, *dist, *empty, more); err != nil {
		fmt.Fprintln(os.Stderr, "fakeserver:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, addr, dist string, empty bool, more size) (err error) {
	if err := api.ListenCheck(addr, false); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "fakeserver")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	files, err := web.Files()
	if err != nil {
		return err
	}
	if dist != "" {
		files = os.DirFS(dist)
	}

	fake := apitest.NewFake()
	media := newMedia()
	defer media.close()
	var sc *scene
	if empty {
		fake.SetStatus(emptyStatus())
	} else if sc, err = newScene(ctx, fake, media, filepath.Clean(dir), more); err != nil {
		return err
	}
	reg := prometheus.NewRegistry()
	sessions, err := openSessions(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sessions.store.Close()) }()
	noted, notesStore, err := openNotes(ctx, dir, fake)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, notesStore.Close()) }()
	site, err := sitestore.Open(ctx, filepath.Join(dir, "site.db"), sitestore.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, site.Close()) }()
	modules := []api.Module{sessions.module, noted, zones.New(zones.Config{Store: site, Log: zerolog.Nop()})}
	if sc != nil {
		sc.site = site
		modules = append(modules, control{sc})
	}
	a, err := api.New(api.Config{ //nolint:contextcheck // requests bring their own
		Version: "0.0.0-fake", Modules: modules, Sessions: sessions.module,
		Log:  zerolog.New(os.Stderr).Level(zerolog.WarnLevel).With().Timestamp().Logger(),
		WHEP: media.whep(), WHIP: media.whip(),
		Metrics:    promhttp.HandlerFor(reg, promhttp.HandlerOpts{}),
		Registerer: reg, Web: files,
	}, fake.Backend())
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", ln.Addr())
	moved := make(chan struct{})
	go func() {
		defer close(moved)
		if sc != nil {
			sc.run(ctx)
		}
	}()
	err = a.Serve(ctx, ln)
	<-moved
	return err
}
