package main

import (
	"context"
	"os"
	"time"

	"bystander/internal/app"
)

type verifyKeyCmd struct {
	Create verifyKeyCreateCmd `cmd:"" help:"Make a key for a program; its secret is shown once."`
	List   verifyKeyListCmd   `cmd:"" help:"List the keys."`
	Revoke verifyKeyRevokeCmd `cmd:"" help:"End a key at once."`
}

type verifyKeyCreateCmd struct {
	configFlag
	Client  string        `arg:"" help:"Name of the program, for the log."`
	Scene   []string      `required:"" help:"A scene (verify_id) that it may ask about; may be repeated."`
	Expires time.Duration `default:"2160h" help:"How long the key holds."`
}

func (c *verifyKeyCreateCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.VerifyKeyCreate(ctx, cfg, c.Client, c.Scene, c.Expires, os.Stdout)
}

type verifyKeyListCmd struct{ configFlag }

func (c *verifyKeyListCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.VerifyKeyList(ctx, cfg, os.Stdout)
}

type verifyKeyRevokeCmd struct {
	configFlag
	ID string `arg:"" name:"api-key" help:"The key."`
}

func (c *verifyKeyRevokeCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.VerifyKeyRevoke(ctx, cfg, c.ID, os.Stdout)
}
