package main

import (
	"context"
	"os"

	"bystander/internal/app"
)

type tokenCmd struct {
	Add    tokenAddCmd    `cmd:"" help:"Make a token for an account; it is shown once."`
	List   tokenListCmd   `cmd:"" help:"List accounts, their roles, and when their tokens end."`
	Revoke tokenRevokeCmd `cmd:"" help:"End an account's tokens, with the very next request."`
}

type tokenAddCmd struct {
	configFlag
	ID       string   `name:"id" required:"" placeholder:"NAME" help:"The account's id; it appears in logs, so not a person's full name."`
	Role     []string `required:"" enum:"operator,venue_owner,inspector,auditor,consent_officer,privacy_officer,administrator,kiosk,subject,client" help:"What the account may do: ${enum}. May be repeated."`
	Enrollee string   `placeholder:"ID" help:"With the role subject: the enrolled person themselves."`
	Expires  string   `default:"90d" help:"How long it holds, as 90d or 12h; a year at most, and 90d with --may-export."`
	Export   bool     `name:"may-export" help:"Let the token's program export, and learn names once approved, as a person with a second factor may. Without, such requests answer 403."`
}

func (c *tokenAddCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.TokenAdd(ctx, cfg, app.TokenOptions{
		ID: c.ID, Roles: c.Role, Enrollee: c.Enrollee, Expires: c.Expires, MayExport: c.Export, Stdout: os.Stdout,
	})
}

type tokenListCmd struct{ configFlag }

func (c *tokenListCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.TokenList(ctx, cfg, os.Stdout)
}

type tokenRevokeCmd struct {
	configFlag
	ID string `arg:"" help:"The account's id."`
}

func (c *tokenRevokeCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.TokenRevoke(ctx, cfg, c.ID, os.Stdout)
}
