package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"bystander/policy/consent"
)

// ConsentVerifyOptions say which receipt is checked, and with which key.
type ConsentVerifyOptions struct {
	Receipt string // file: the JWS, or what the interface hands out
	Key     string // PEM file, or a JWK set
	JSON    bool
	Stdout  io.Writer
}

// ConsentVerify checks a consent receipt. It needs nothing of the installation
// that issued it.
func ConsentVerify(_ context.Context, o ConsentVerifyOptions) error {
	b, err := readBounded(o.Receipt)
	if err != nil {
		return fmt.Errorf("%w: receipt: %w", ErrUsage, err)
	}
	k, err := readBounded(o.Key)
	if err != nil {
		return fmt.Errorf("%w: key: %w", ErrUsage, err)
	}
	keys, err := consent.ParseKeys(k)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrUsage, o.Key, err)
	}
	r, err := consent.Verify(b, keys)
	if err != nil {
		return fmt.Errorf("%s: %w", o.Receipt, err)
	}
	if o.JSON {
		return json.NewEncoder(o.Stdout).Encode(r)
	}
	p, last := r.Purposes[0], r.Events[len(r.Events)-1]
	fmt.Fprintf(o.Stdout, "The receipt is genuine: it was issued by the holder of the key, and is unaltered.\n")
	fmt.Fprintf(o.Stdout, "  consent %s, version %d, issued %s\n", r.Record.ID, r.Record.Version, r.Record.IssuedAt.Format(time.RFC3339))
	fmt.Fprintf(o.Stdout, "  purpose %s, in zones %s, until %s\n", p.Purpose, strings.Join(p.Zones, ", "), p.ExpiresAt.Format(time.DateOnly))
	fmt.Fprintf(o.Stdout, "  state %s since %s, by an act on channel %s at %s\n", last.State, last.At.Format(time.RFC3339), last.Channel, last.Act.Format(time.RFC3339))
	fmt.Fprintf(o.Stdout, "  notice %s; controller %s\n", r.Notice.Version, r.Parties[0].Name)
	return nil
}

// readBounded reads a file that is at most as large as a receipt may be.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, consent.MaxReceipt+1))
	if err == nil && len(b) > consent.MaxReceipt {
		err = fmt.Errorf("%s is larger than %d bytes", path, consent.MaxReceipt)
	}
	return b, err
}
