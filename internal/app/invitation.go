package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"bystander/internal/pki"
)

// Invitation is what lets one edge join, in one file: bystander edge invite
// --json writes it, bystander edge join --invitation reads it. It is a secret
// until it is used, and of no worth afterwards.
type Invitation struct {
	Edge        string    `json:"edge"`
	Control     string    `json:"control"`
	Fingerprint string    `json:"ca_fingerprint"`
	Token       string    `json:"token"`
	Until       time.Time `json:"until"`
}

// maxInvitation bounds what is read of an invitation.
const maxInvitation = 16 << 10

// usedFile notes, beside the certificate, the digest of the invitation that it was
// got for, so that a machine that starts again knows that it has joined.
const usedFile = "invitation.used"

func readInvitation(path string) (i Invitation, digest string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return i, "", fmt.Errorf("%w: --invitation: %w", ErrUsage, err)
	}
	defer f.Close() //nolint:errcheck // only read
	b, err := io.ReadAll(io.LimitReader(f, maxInvitation))
	if err != nil {
		return i, "", fmt.Errorf("%w: --invitation: %w", ErrUsage, err)
	}
	if json.Unmarshal(b, &i) != nil || i.Token == "" || i.Control == "" || i.Fingerprint == "" {
		return i, "", fmt.Errorf("%w: --invitation: %s is not what bystander edge invite --json prints", ErrUsage, path)
	}
	sum := sha256.Sum256([]byte(i.Token))
	return i, hex.EncodeToString(sum[:]), nil
}

// EdgeAccept joins by an invitation, and may be repeated, as before each start: an
// edge that has joined by it already goes on as it is. One whose certificate has
// ended, and whose new invitation does not help, goes on as well: it covers
// everybody, and says why. Only an edge that has no certificate yet cannot start
// without the control; then this fails.
func EdgeAccept(ctx context.Context, path string, o JoinOptions) error {
	i, digest, err := readInvitation(path)
	joined := pki.HasIdentity(o.Dir)
	if err != nil {
		if joined {
			_, err = fmt.Fprintf(o.Stdout, "%s holds a certificate, and goes on with it; the invitation cannot be read: %v\n", o.Dir, err)
		}
		return err
	}
	used := filepath.Join(o.Dir, usedFile)
	if was, err := os.ReadFile(used); err == nil && joined && string(was) == digest {
		_, err = fmt.Fprintf(o.Stdout, "joined already; the certificate is in %s\n", o.Dir)
		return err
	}
	o.Control, o.Fingerprint, o.Token = i.Control, i.Fingerprint, i.Token
	switch err := EdgeJoin(ctx, o); {
	case err != nil && joined:
		_, err = fmt.Fprintf(o.Stdout, "%s holds a certificate, and goes on with it; the invitation does not help: %v\n", o.Dir, err)
		return err
	case err != nil:
		return err
	}
	if err := os.WriteFile(used, []byte(digest), 0o600); err != nil {
		return fmt.Errorf("edge join: %w", err)
	}
	return nil
}

// tellInvitation prints an invitation as a program reads it.
func tellInvitation(out io.Writer, i Invitation) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(i)
}
