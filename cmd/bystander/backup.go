package main

import (
	"context"
	"os"
	"time"

	"bystander/internal/app"
)

type backupCmd struct {
	Make   backupMakeCmd   `cmd:"" default:"withargs" help:"Back up the data, or with --keys the keys and templates, encrypted, while the program runs. Interrupted, the same command goes on."`
	Verify backupVerifyCmd `cmd:"" help:"Check that a backup is whole and unaltered; no secret is needed."`
	NewKey backupNewKeyCmd `cmd:"" help:"Make a key pair for backups."`
}

type backupMakeCmd struct {
	configFlag
	Out        string   `placeholder:"DIR" help:"Folder of this backup: a new one, or one that is not finished."`
	Under      string   `placeholder:"DIR" help:"Make a folder with a name of its own below this one."`
	To         []string `required:"" placeholder:"age1…" help:"Public key to encrypt to (bystander backup new-key, or age-keygen). May be repeated."`
	Keys       bool     `help:"The keys and templates instead of the data. They need a key of their own, kept elsewhere."`
	Recordings bool     `help:"Recordings as well."`
	// Where the control's data lie on a server, a backup of the files is not whole.
	WithoutControl bool          `help:"This machine's own data alone: the control's lie on a PostgreSQL server (store.postgres) and are backed up there."`
	Expires        time.Duration `default:"720h" help:"With --keys: when the backup is to be destroyed."`
}

func (c *backupMakeCmd) Run(ctx context.Context) error {
	if (c.Out == "") == (c.Under == "") {
		return usagef("give --out or --under")
	}
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.Backup(ctx, cfg, app.BackupOptions{
		Out: c.Out, Under: c.Under, To: c.To, Keys: c.Keys, Recordings: c.Recordings, Keep: c.Expires, WithoutControl: c.WithoutControl,
		Stdout: os.Stdout, Stderr: os.Stderr,
	})
}

type backupVerifyCmd struct {
	Dir      string `arg:"" help:"Folder of the backup."`
	SignedBy string `placeholder:"FILE" help:"The edge's public key (keys/edge.pub); without it only that nothing changed is checked."`
}

func (c *backupVerifyCmd) Run(ctx context.Context) error {
	return app.BackupVerify(ctx, c.Dir, c.SignedBy, os.Stdout, os.Stderr)
}

type backupNewKeyCmd struct {
	File string `arg:"" help:"New file for the secret half."`
}

func (c *backupNewKeyCmd) Run() error { return app.BackupNewKey(c.File, os.Stdout) }

type restoreCmd struct {
	configFlag
	From       string   `required:"" placeholder:"DIR" help:"Backup of the data."`
	KeysFrom   string   `placeholder:"DIR" help:"Backup of the keys and templates, where the keys are lost, too."`
	Identity   []string `required:"" short:"i" placeholder:"FILE" help:"File with a secret key that opens the backups. May be repeated."`
	SignedBy   string   `placeholder:"FILE" help:"The edge's public key; default keys/edge.pub, where it is."`
	AnySigner  bool     `help:"Take the backup although nothing tells whose it is."`
	Tombstones []string `placeholder:"FILE" help:"Further journals of erasures (keys/erasures.db), such as a later one saved from the machine. May be repeated."`
	Whole      bool     `help:"Nothing was written after the backup (the program was stopped first): the log may go on under its name."`
}

func (c *restoreCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.Restore(ctx, cfg, app.RestoreOptions{
		From: c.From, KeysFrom: c.KeysFrom, Identities: c.Identity, SignedBy: c.SignedBy, AnySigner: c.AnySigner,
		Stones: c.Tombstones, Whole: c.Whole, Stdout: os.Stdout, Stderr: os.Stderr,
	})
}
