package app

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/sink/sqlite"
)

// verifyBatch is how many events are read at a time.
const verifyBatch = 1000

// verdict is what was found of one chain.
type verdict struct {
	Chain  string `json:"chain"`
	First  uint64 `json:"first"`
	Last   uint64 `json:"last"`
	Rows   uint64 `json:"rows"`
	Intact bool   `json:"intact"`
	Err    string `json:"error,omitempty"`
}

// errBroken reports a log that is not as it was written.
var errBroken = errors.New("the event log is not whole or not as it was written")

// AuditVerify checks numbering, links, hashes and signatures of every stored
// event against this edge's key.
func AuditVerify(ctx context.Context, cfg config.Config, asJSON bool, out io.Writer) error {
	key, err := signingKey(cfg.Keys, "edge")
	if err != nil {
		return err
	}
	store, err := sqlite.Open(ctx, filepath.Join(cfg.Data, "events.db"), sqlite.Options{})
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // only read
	chains, err := store.Chains(ctx)
	if err != nil {
		return err
	}
	broken := false
	for _, id := range chains {
		v, err := verifyChain(ctx, store, id, key.Public().(ed25519.PublicKey))
		if err != nil {
			return err
		}
		broken = broken || !v.Intact
		if err := v.tell(out, asJSON); err != nil {
			return err
		}
	}
	if broken {
		return errBroken
	}
	return nil
}

func (v verdict) tell(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(v)
	}
	if v.Intact {
		_, err := fmt.Fprintf(out, "chain %s: %d events, %d to %d: whole, unaltered, in order\n", v.Chain, v.Rows, v.First, v.Last)
		return err
	}
	_, err := fmt.Fprintf(out, "chain %s: BROKEN: %s\n", v.Chain, v.Err)
	return err
}

func verifyChain(ctx context.Context, store *sqlite.Store, id string, pub ed25519.PublicKey) (verdict, error) {
	v := verdict{Chain: id, Intact: true}
	c, err := store.Complete(ctx, id)
	if err != nil {
		return v, err
	}
	var prev event.Head
	for next := uint64(1); ; {
		rows, err := store.Chain(ctx, id, next, verifyBatch)
		if err != nil {
			return v, err
		}
		if len(rows) == 0 {
			return v, nil
		}
		for i := range rows {
			e := &rows[i]
			if v.Rows == 0 {
				v.First = e.Seq
				if e.Seq > 1 { // older rows were disposed of under a rule, or are missing
					if e.Seq-1 > c.Floor+c.Disposed {
						v.Intact, v.Err = false, fmt.Sprintf("rows before sequence %d are missing, and no retention rule explains it", e.Seq)
						return v, nil
					}
					prev = event.Head{ChainID: id, Seq: e.Seq - 1, Hash: e.PrevHash}
				}
			}
			if err := event.Verify(prev, e, pub); err != nil {
				v.Intact, v.Err = false, fmt.Sprintf("at sequence %d: %v", e.Seq, err)
				return v, nil
			}
			prev = event.HeadOf(e)
			v.Rows, v.Last = v.Rows+1, e.Seq
		}
		next = v.Last + 1
	}
}
