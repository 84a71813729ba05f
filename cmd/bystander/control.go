package main

import (
	"context"
	"os"

	"bystander/internal/app"
)

type controlCmd struct {
	Migrate controlMigrateCmd `cmd:"" help:"Copy the control's data from this machine's files to a PostgreSQL server that several replicas share: all or nothing, and compared."`
	Keys    controlKeysCmd    `cmd:"" help:"The keys that control replicas have in common."`
}

type controlKeysCmd struct {
	Make controlKeysMakeCmd `cmd:"" help:"Make them in a folder, once, before the first replica starts; what is there stays."`
	Take controlKeysTakeCmd `cmd:"" help:"Copy them from a folder to where this replica keeps its keys; may be repeated, as before each start."`
}

type controlKeysMakeCmd struct {
	Dir string `arg:"" help:"The folder; it is made where it is missing."`
}

func (c *controlKeysMakeCmd) Run(context.Context) error { return app.ControlKeysMake(c.Dir, os.Stdout) }

type controlKeysTakeCmd struct {
	configFlag
	Dir string `arg:"" help:"The folder, such as a mounted secret."`
}

func (c *controlKeysTakeCmd) Run(context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.ControlKeysTake(cfg, c.Dir, os.Stdout)
}

type controlMigrateCmd struct {
	configFlag
	From         string `required:"" enum:"sqlite" help:"What they are in now: ${enum}."`
	To           string `required:"" placeholder:"postgres://USER@HOST/DATABASE" help:"The server. No password belongs in it."`
	PasswordFile string `placeholder:"FILE" help:"File with the user's password."`
}

func (c *controlMigrateCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.ControlMigrate(ctx, cfg, app.MoveOptions{From: c.From, To: c.To, PasswordFile: c.PasswordFile, Stdout: os.Stdout})
}
