package faulttest

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/rs/zerolog"

	"bystander/internal/kafkax"
	"bystander/sink/clickhouse"
	"bystander/sink/writer"
)

// writerConfig says which writer a child is.
type writerConfig struct {
	ID         string
	Brokers    []string
	Prefix     string
	ClickHouse string // host:port of HTTP
	Database   string
	Keys       map[string][]byte // public, by chain
	Wait       time.Duration     // see writer.Options
}

// writerState is what a writer tells its parent.
type writerState struct {
	Partitions []int
	Stored     uint64
	Parked     uint64
	Err        string
	Chains     []writer.ChainState
}

func writerMain(config []byte) error {
	var cfg writerConfig
	if err := json.Unmarshal(config, &cfg); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	conn, err := clickhouse.Dial(clickhouse.Config{Addrs: []string{cfg.ClickHouse}, HTTP: true, Timeout: 10 * time.Second})
	if err != nil {
		return err
	}
	client, err := kafkax.Open(kafkax.Config{Brokers: cfg.Brokers, TopicPrefix: cfg.Prefix, ClientID: cfg.ID})
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	store, err := openStore(ctx, func() (*clickhouse.Store, error) {
		return clickhouse.Open(ctx, conn, clickhouse.Options{Variant: clickhouse.Variant{Database: cfg.Database}, Verified: true})
	})
	if err != nil {
		return errors.Join(err, client.Close(), conn.Close())
	}
	w, err := writer.New(client, writer.Options{
		Keys:  func(chain string) ed25519.PublicKey { return cfg.Keys[chain] },
		Store: writer.ClickHouse(store), Wait: cfg.Wait, Timeout: 10 * time.Second,
		MinBackoff: 50 * time.Millisecond, MaxBackoff: time.Second,
		Grace: 500 * time.Millisecond, AskEvery: 5 * time.Second, Watch: time.Second, Session: sessionTimeout,
		Log: zerolog.New(os.Stderr).With().Timestamp().Logger(),
	})
	if err != nil {
		return errors.Join(err, client.Close(), conn.Close())
	}
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }() // taken below
	err = answerLines(func(command string) (any, error) {
		if command != "state" {
			return nil, fmt.Errorf("unknown command %q", command)
		}
		s := w.Status()
		out := writerState{Partitions: s.Partitions, Stored: s.Stored, Parked: s.Parked, Chains: w.Chains()}
		if s.Err != nil {
			out.Err = s.Err.Error()
		}
		return out, nil
	})
	cancel()
	return errors.Join(err, <-done, store.Close(), client.Close(), conn.Close())
}

// openStore opens the store as soon as it can be reached: a writer may come up
// while it is down.
func openStore(ctx context.Context, open func() (*clickhouse.Store, error)) (*clickhouse.Store, error) {
	for {
		s, err := open()
		if err == nil || errors.Is(err, clickhouse.ErrOlder) || errors.Is(err, clickhouse.ErrNewer) {
			return s, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(100 * time.Millisecond):
		}
	}
}
