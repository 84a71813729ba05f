// Command simulate finds out where the control and event planes bend first when a
// house grows to ten thousand cameras. There are no pictures: each edge is a real
// signed chain with a real spool, whose events go over a real broker and a real
// writer, a process of its own, into the ClickHouse engine; one control compiles
// the policy for all cameras, signs leases and publishes them, and followers take
// them.
//
//	make simulate
//
// Everything runs on one machine, so that its figures are a lower bound of what
// machines of their own give; each part's share of the processors is told.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"bystander/internal/capacity"
)

// options say what is simulated.
type options struct {
	steps     []int         // cameras
	hold      time.Duration // how long each step is measured
	settle    time.Duration // and how long it runs before
	rate      float64       // events a second of each camera
	perEdge   int           // cameras of one edge
	people    float64       // enrollees for each camera
	followers int           // edges that really follow the policy
	dir       string        // of spools, broker and store
	spools    string        // of spools, where they should lie elsewhere
	root      string        // of the checkout
	json      bool
	out       io.Writer
	log       io.Writer
}

func main() {
	if os.Getenv(writerEnv) != "" {
		os.Exit(writerMain())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, log io.Writer) error {
	o, err := parse(args, out, log)
	if err != nil {
		return err
	}
	r, err := simulate(ctx, o)
	if len(r.Steps) > 0 { // also what was measured before trouble
		if o.json {
			err = errors.Join(err, json.NewEncoder(out).Encode(r))
		} else {
			err = errors.Join(err, r.print(out))
		}
	}
	return err
}

// shared lets this process and the writer's write to one place.
type shared struct {
	mu sync.Mutex
	to io.Writer
}

// Write implements io.Writer.
func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.to.Write(p)
}

func parse(args []string, out, log io.Writer) (options, error) {
	o := options{out: out, log: &shared{to: log}}
	f := flag.NewFlagSet("simulate", flag.ContinueOnError)
	f.SetOutput(log)
	steps := f.String("steps", "100,1000,3000,10000", "cameras, step by step")
	profile := f.String("profile", "street", "of bystander plan: quiet, street or crowd; how many events a camera gives")
	f.DurationVar(&o.hold, "hold", time.Minute, "how long each step is measured")
	f.DurationVar(&o.settle, "settle", 20*time.Second, "how long each step runs before it is measured")
	f.Float64Var(&o.rate, "rate", 0, "events a second of each camera; 0 takes the profile's")
	f.IntVar(&o.perEdge, "per-edge", 40, "cameras of one edge")
	f.Float64Var(&o.people, "people", 0.1, "enrollees for each camera")
	f.IntVar(&o.followers, "followers", 4, "edges that really follow the policy")
	f.StringVar(&o.dir, "dir", "", "folder of broker and store; a temporary one when empty")
	f.StringVar(&o.spools, "spools", "", "folder of the edges' spools; in memory when empty, since each edge has a disk of its own")
	f.StringVar(&o.root, "root", ".", "root of the checkout")
	f.BoolVar(&o.json, "json", false, "print JSON")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	p, err := capacity.ProfileNamed(*profile)
	if err != nil {
		return o, err
	}
	if o.rate == 0 {
		o.rate = p.Events
	}
	for part := range strings.SplitSeq(*steps, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 || len(o.steps) > 0 && n <= o.steps[len(o.steps)-1] {
			return o, fmt.Errorf("simulate: -steps: %q: give rising numbers of cameras, such as 100,1000", *steps)
		}
		o.steps = append(o.steps, n)
	}
	if o.rate <= 0 || o.perEdge < 1 || o.hold <= 0 || o.settle < 0 || o.people < 0 || o.followers < 0 {
		return o, errors.New("simulate: -rate, -per-edge and -hold must be above 0, and nothing below")
	}
	return o, nil
}
