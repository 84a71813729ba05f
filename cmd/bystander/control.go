package main

import (
	"context"
	"os"

	"bystander/internal/app"
)

type controlCmd struct {
	Migrate controlMigrateCmd `cmd:"" help:"Copy the control's data from this machine's files to a PostgreSQL server that several replicas share: all or nothing, and compared."`
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
