package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"bystander/api/verify"
	"bystander/internal/config"
	"bystander/match/vault"
)

// openClientKeys opens the keys of the programs that call the 1:1 interface.
func openClientKeys(cfg config.Config) (*verify.KeyStore, error) {
	path := filepath.Join(cfg.Keys, "clients.key")
	_, missing := os.Stat(path)
	seal, err := vault.OpenKey(path, errors.Is(missing, fs.ErrNotExist))
	if err != nil {
		return nil, err
	}
	return verify.NewKeyStore(filepath.Join(cfg.Keys, "clients.json"), seal, nil), nil
}

// VerifyKeyCreate makes a key for a program, for the scenes named.
func VerifyKeyCreate(ctx context.Context, cfg config.Config, client string, scenes []string, term time.Duration, out io.Writer) error {
	if len(scenes) == 0 || term <= 0 {
		return fmt.Errorf("%w: name at least one --scene, and how long the key holds with --expires", ErrUsage)
	}
	keys, err := openClientKeys(cfg)
	if err != nil {
		return err
	}
	info, secret, err := keys.Create(ctx, client, scenes, time.Now().Add(term))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "api_key    %s\napi_secret %s\nThe secret is shown once. It ends on %s; end it before with: bystander verify-key revoke %s\n",
		info.ID, secret, info.Expires.Format(time.DateOnly), info.ID)
	return err
}

// VerifyKeyList lists the keys, without their secrets.
func VerifyKeyList(ctx context.Context, cfg config.Config, out io.Writer) error {
	keys, err := openClientKeys(cfg)
	if err != nil {
		return err
	}
	list, err := keys.List(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "API_KEY\tCLIENT\tSCENES\tEXPIRES\tSTATE")
	for _, k := range list {
		state := "good"
		switch {
		case k.Revoked != nil:
			state = "revoked"
		case time.Now().After(k.Expires):
			state = "expired"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.ID, k.Label, strings.Join(k.Scenes, ","), k.Expires.Format(time.DateOnly), state)
	}
	return w.Flush()
}

// VerifyKeyRevoke ends a key at once.
func VerifyKeyRevoke(ctx context.Context, cfg config.Config, id string, out io.Writer) error {
	keys, err := openClientKeys(cfg)
	if err != nil {
		return err
	}
	if err := keys.Revoke(ctx, id); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s is revoked\n", id)
	return err
}
