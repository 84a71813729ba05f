package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/note"

	"bystander/audit/mlog"
	"bystander/audit/verify"
	"bystander/internal/config"
)

// newestKept is how many of the log's own kept checkpoints are compared. Those
// on the same machine prove little; give the ones from elsewhere.
const newestKept = 100

// knownLog gathers what there is of a chain's Merkle log: tiles, the newest
// checkpoint, the history, and checkpoint files of the user.
func knownLog(ctx context.Context, cfg config.Config, o VerifyOptions, chain string) (*verify.Log, error) {
	p := merklePaths(cfg, chain)
	key, err := logKey(o.LogKey, p.vkey)
	if errors.Is(err, fs.ErrNotExist) && o.LogKey == "" && o.Log == "" && len(o.Checkpoints) == 0 {
		return nil, nil // no log was ever kept here
	}
	if err != nil {
		return nil, fmt.Errorf("%w: chain %s: the log's verifier key: %w; name it with --log-key", ErrUsage, chain, err)
	}
	l := &verify.Log{Key: key}
	tiles, err := openTiles(o.Log, p.dir)
	if err != nil {
		return nil, err
	}
	if err := ownCheckpoint(ctx, l, tiles, o.Log != ""); err != nil {
		return nil, err
	}
	if o.Log == "" {
		kept, err := mlog.ReadHistory(p.history)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, k := range kept[max(len(kept)-newestKept, 0):] {
			l.Checkpoints = append(l.Checkpoints, verify.Signed{From: p.history, Raw: []byte(k.Checkpoint)})
		}
	}
	for _, path := range o.Checkpoints {
		cps, err := readCheckpoints(path)
		if err != nil {
			return nil, fmt.Errorf("%w: --checkpoint: %w", ErrUsage, err)
		}
		l.Checkpoints = append(l.Checkpoints, cps...)
	}
	return l, nil
}

// logKey reads a verifier key, given as itself or as a file.
func logKey(given, path string) (note.Verifier, error) {
	if given == "" {
		given = path
	}
	if v, err := note.NewVerifier(given); err == nil {
		return v, nil
	}
	b, err := os.ReadFile(given)
	if err != nil {
		return nil, err
	}
	v, err := note.NewVerifier(strings.TrimSpace(string(b)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", given, err)
	}
	return v, nil
}

func openTiles(given, dir string) (verify.Tiles, error) {
	if strings.HasPrefix(given, "http://") || strings.HasPrefix(given, "https://") {
		u, err := url.Parse(strings.TrimSuffix(given, "/") + "/")
		if err == nil {
			var f *client.HTTPFetcher
			if f, err = client.NewHTTPFetcher(u, &http.Client{Timeout: 30 * time.Second}); err == nil {
				return f, nil
			}
		}
		return nil, fmt.Errorf("%w: --log: %w", ErrUsage, err)
	}
	if given == "" {
		given = dir
	}
	return &client.FileFetcher{Root: given}, nil
}

// ownCheckpoint takes the checkpoint that lies with the tiles, and what number
// the log begins with. Without one, only given checkpoints are compared.
func ownCheckpoint(ctx context.Context, l *verify.Log, tiles verify.Tiles, needed bool) error {
	raw, err := tiles.ReadCheckpoint(ctx)
	if errors.Is(err, fs.ErrNotExist) && !needed {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: the log's checkpoint: %w", ErrUsage, err)
	}
	cp, err := mlog.OpenCheckpoint(raw, l.Key.Name(), l.Key)
	if err != nil {
		// Said by the report, as a finding.
		l.Checkpoints = append(l.Checkpoints, verify.Signed{From: verify.OwnLog, Raw: raw})
		return nil //nolint:nilerr // see above
	}
	if cp.Size == 0 {
		return nil
	}
	l.Tiles = tiles
	l.Checkpoints = append(l.Checkpoints, verify.Signed{From: verify.OwnLog, Raw: raw})
	if leaf, err := mlog.ReadLeaf(ctx, tiles.ReadEntryBundle, 0, cp.Size); err == nil {
		l.First = leaf.Seq // one that cannot be read is found when it is compared
	}
	return nil
}

// readCheckpoints reads a file of one signed note, or of a kept history.
func readCheckpoints(path string) ([]verify.Signed, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(path)
	if t := bytes.TrimLeft(b, "\n"); len(t) == 0 || t[0] != '{' {
		return []verify.Signed{{From: name, Raw: b}}, nil
	}
	kept, err := mlog.ReadHistory(path)
	if err != nil {
		return nil, err
	}
	out := make([]verify.Signed, len(kept))
	for i, k := range kept {
		out[i] = verify.Signed{From: name, Raw: []byte(k.Checkpoint)}
	}
	return out, nil
}
