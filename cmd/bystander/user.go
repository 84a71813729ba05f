package main

import (
	"context"
	"os"

	"bystander/internal/app"
)

type userCmd struct {
	Add     userAddCmd     `cmd:"" help:"Make an account for a person, and a one-time link for them."`
	List    userListCmd    `cmd:"" help:"List accounts, their roles and states."`
	Disable userDisableCmd `cmd:"" help:"End an account for good, and its sessions with the next request."`
	Reset   userResetCmd   `cmd:"" help:"Remove an account's password and second factor, and make a link to set new ones."`
}

type userAddCmd struct {
	configFlag
	ID            string   `name:"id" required:"" placeholder:"NAME" help:"The account's id; it appears in logs, so not a person's full name."`
	Name          string   `help:"What colleagues see; default the id."`
	Role          []string `required:"" enum:"operator,venue_owner,inspector,auditor,consent_officer,privacy_officer,administrator,kiosk" help:"What the account may do: ${enum}. May be repeated."`
	PasswordStdin bool     `help:"Read a password from standard input, in place of a link."`
}

func (c *userAddCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	o := app.UserOptions{ID: c.ID, Name: c.Name, Roles: c.Role, Stdout: os.Stdout}
	if c.PasswordStdin {
		o.Password = os.Stdin
	}
	return app.UserAdd(ctx, cfg, o)
}

type userListCmd struct{ configFlag }

func (c *userListCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.UserList(ctx, cfg, os.Stdout)
}

type userDisableCmd struct {
	configFlag
	ID string `arg:"" help:"The account's id."`
}

func (c *userDisableCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.UserDisable(ctx, cfg, c.ID, os.Stdout)
}

type userResetCmd struct {
	configFlag
	ID string `arg:"" help:"The account's id."`
}

func (c *userResetCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.UserReset(ctx, cfg, c.ID, os.Stdout)
}
