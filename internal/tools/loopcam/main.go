// Loopcam is a network camera for the browser's tests: it plays a file in a loop
// over RTSP on this machine, and prints its address.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"bystander/internal/loopcam"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "loopcam:", err)
		os.Exit(1)
	}
}

func run() error {
	var c loopcam.Config
	flag.StringVar(&c.File, "file", "", "the recording")
	flag.StringVar(&c.Path, "path", "cam", "the stream's path")
	flag.StringVar(&c.User, "user", "", "who may look; everybody when empty")
	flag.StringVar(&c.Password, "password", "", "their password")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cam, err := loopcam.Start(ctx, c)
	if err != nil {
		return err
	}
	fmt.Println(cam.URL())
	<-ctx.Done()
	return cam.Close()
}
