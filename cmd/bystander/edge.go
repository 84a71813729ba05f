package main

import (
	"context"
	"os"
	"time"

	"bystander/internal/app"
)

type edgeCmd struct {
	Invite edgeInviteCmd `cmd:"" help:"At the control: let an edge join, with a token that works once."`
	Join   edgeJoinCmd   `cmd:"" help:"At the edge: make a key here, and get a certificate for the token."`
	List   edgeListCmd   `cmd:"" help:"At the control: list edges, their scenes, and until when their certificates hold."`
	Scenes edgeScenesCmd `cmd:"" help:"At the control: say which scenes' templates an edge may have from now on."`
	Revoke edgeRevokeCmd `cmd:"" help:"At the control: let an edge go, and take its certificates back."`
}

type edgeInviteCmd struct {
	configFlag
	ID    string        `name:"id" required:"" placeholder:"NAME" help:"The edge's name: small letters, digits, points, - and _. It is its name on the log, too."`
	Scene []string      `help:"A scene whose templates the edge may have. May be repeated; without any it recognises nobody."`
	Term  time.Duration `default:"1h" help:"How long the token holds; 24h at most."`
	URL   string        `name:"url" placeholder:"https://…" help:"Where the edge reaches this control, for the command that is printed; default peers.listen."`
}

func (c *edgeInviteCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.EdgeInvite(ctx, cfg, app.InviteOptions{ID: c.ID, Scenes: c.Scene, Term: c.Term, URL: c.URL, Stdout: os.Stdout})
}

type edgeJoinCmd struct {
	Control     string `required:"" placeholder:"https://…" help:"The control's address for edges (peers.listen there)."`
	Token       string `placeholder:"TOKEN" env:"BYSTANDER_JOIN_TOKEN" help:"The token that invite printed; or in BYSTANDER_JOIN_TOKEN, where other users of this machine do not see it."`
	Fingerprint string `name:"ca-fingerprint" required:"" placeholder:"HEX" help:"Fingerprint of the authority, as invite printed it: by this the control is told from anybody else."`
	Dir         string `default:"data/keys/peer" placeholder:"DIR" help:"Where key and certificate are kept: peers.dir of the configuration."`
}

func (c *edgeJoinCmd) Run(ctx context.Context) error {
	return app.EdgeJoin(ctx, app.JoinOptions{Control: c.Control, Token: c.Token, Fingerprint: c.Fingerprint, Dir: c.Dir, Stdout: os.Stdout})
}

type edgeListCmd struct{ configFlag }

func (c *edgeListCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.EdgeList(ctx, cfg, os.Stdout)
}

type edgeScenesCmd struct {
	configFlag
	ID    string   `arg:"" help:"The edge's name."`
	Scene []string `help:"A scene; may be repeated. Without any the edge recognises nobody."`
}

func (c *edgeScenesCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.EdgeScenes(ctx, cfg, c.ID, c.Scene, os.Stdout)
}

type edgeRevokeCmd struct {
	configFlag
	ID     string `arg:"" help:"The edge's name."`
	Reason string `required:"" help:"Why; kept beside the certificate's note."`
}

func (c *edgeRevokeCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.EdgeRevoke(ctx, cfg, c.ID, c.Reason, os.Stdout)
}
