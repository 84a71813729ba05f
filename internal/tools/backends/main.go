// Command backends runs a Kafka broker and a ClickHouse engine on this machine
// for a person: up, down, and prepare, which setup.sh calls.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"bystander/internal/backends"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		if errors.Is(err, flag.ErrHelp) {
			os.Exit(2) //nolint:gocritic // nothing is left to be done
		}
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	o := backends.UpOptions{}
	flag.StringVar(&o.Root, "root", ".", "root of the checkout")
	flag.StringVar(&o.Dir, "dir", "build/up", "folder of data and logs")
	flag.IntVar(&o.KafkaPort, "kafka-port", 9092, "port of the broker, 0 for a free one")
	flag.IntVar(&o.ClickHousePort, "clickhouse-port", 8123, "port of ClickHouse's HTTP interface, 0 for a free one")
	flag.Parse()
	switch flag.Arg(0) {
	case "up":
		return backends.Up(ctx, o, os.Stdout)
	case "down":
		return backends.Down(o.Dir, os.Stdout)
	case "prepare":
		return backends.PrepareKafka(ctx)
	}
	return fmt.Errorf("backends: want up, down or prepare: %w", flag.ErrHelp)
}
