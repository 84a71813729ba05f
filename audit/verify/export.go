package verify

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"bystander/internal/event"
)

// An export is one JSON object a line: events in their JSON form, and for
// numbers whose content is gone
//
//	{"skeleton":true,"chain_id":…,"seq":…,"ts":…,"prev_hash":…,"row_hash":…,"rule":…}

// skeletonLine is a skeleton in an export.
type skeletonLine struct {
	Skeleton bool         `json:"skeleton"`
	ChainID  string       `json:"chain_id"`
	Seq      uint64       `json:"seq"`
	TS       time.Time    `json:"ts,omitzero"`
	Prev     event.Digest `json:"prev_hash,omitzero"`
	Hash     event.Digest `json:"row_hash"`
	Rule     string       `json:"rule,omitempty"`
}

// WriteRow adds a row of a chain to an export. A row that cannot be read is
// left out: its number will be missed.
func WriteRow(w io.Writer, chain string, r Row) error {
	var line []byte
	var err error
	switch {
	case r.Err != nil:
		return nil //nolint:nilerr // its absence is what will be found
	case r.Event != nil:
		line, err = r.Event.AppendJSON(nil)
	default:
		line, err = json.Marshal(skeletonLine{true, chain, r.Seq, r.TS, r.Prev, r.Hash, r.Rule})
	}
	if err != nil {
		return fmt.Errorf("verify: export: %w", err)
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

// Export is a source of exported rows. It is for one goroutine.
type Export struct {
	r       io.ReaderAt
	by      map[string][]place
	decoder event.JSONDecoder
}

type place struct {
	seq uint64
	at  int64
	n   int
}

// ReadExport notes where each row of an export lies; the rows themselves are
// read when they are walked. A line that names no chain and number fails.
func ReadExport(r io.ReaderAt, size int64) (*Export, error) {
	x := &Export{r: r, by: map[string][]place{}}
	br := bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 1<<20)
	for at, line := int64(0), 1; ; line++ {
		b, err := br.ReadBytes('\n')
		if len(b) > event.MaxJSON {
			return nil, fmt.Errorf("verify: export: line %d has %d bytes", line, len(b))
		}
		if t := bytes.TrimSpace(b); len(t) > 0 {
			var head struct {
				ChainID string `json:"chain_id"`
				Seq     uint64 `json:"seq"`
			}
			if jerr := json.Unmarshal(t, &head); jerr != nil || head.ChainID == "" || head.Seq == 0 {
				return nil, fmt.Errorf("verify: export: line %d is no row with chain_id and seq; give a file made by: bystander audit export", line)
			}
			x.by[head.ChainID] = append(x.by[head.ChainID], place{head.Seq, at, len(b)})
		}
		at += int64(len(b))
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("verify: export: %w", err)
		}
	}
	for _, ps := range x.by {
		slices.SortStableFunc(ps, func(a, b place) int {
			switch {
			case a.seq < b.seq:
				return -1
			case a.seq > b.seq:
				return 1
			}
			return 0
		})
	}
	return x, nil
}

// Chains implements Source.
func (x *Export) Chains(context.Context) ([]string, error) {
	return slices.Sorted(maps.Keys(x.by)), nil
}

// Walk implements Source.
func (x *Export) Walk(ctx context.Context, chain string, from, to uint64, fn func(Row) error) error {
	var buf []byte
	for _, p := range x.by[chain] {
		if p.seq < from || to > 0 && p.seq > to {
			continue
		}
		if cap(buf) < p.n {
			buf = make([]byte, p.n)
		}
		buf = buf[:p.n]
		if _, err := x.r.ReadAt(buf, p.at); err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("verify: export: %w", err)
		}
		if err := fn(x.row(p.seq, bytes.TrimSpace(buf))); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (x *Export) row(seq uint64, line []byte) Row {
	e := new(event.Event)
	err := x.decoder.Decode(line, e)
	if err == nil {
		return Row{Seq: seq, Event: e}
	}
	var s skeletonLine
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if serr := d.Decode(&s); serr == nil && s.Skeleton {
		return Row{Seq: s.Seq, Prev: s.Prev, Hash: s.Hash, TS: s.TS, Rule: s.Rule}
	}
	return Row{Seq: seq, Err: err}
}
