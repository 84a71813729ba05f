package main

import (
	"context"
	"os"
	"time"

	"bystander/internal/app"
)

type edgeCmd struct {
	Invite  edgeInviteCmd  `cmd:"" help:"At the control: let an edge join, with a token that works once."`
	Join    edgeJoinCmd    `cmd:"" help:"At the edge: make a key here, and get a certificate for the token."`
	List    edgeListCmd    `cmd:"" help:"At the control: list edges, their scenes and cameras, and until when their certificates hold."`
	Scenes  edgeScenesCmd  `cmd:"" help:"At the control: say which scenes' templates an edge may have from now on."`
	Cameras edgeCamerasCmd `cmd:"" help:"At the control: say which cameras an edge may serve from now on."`
	Revoke  edgeRevokeCmd  `cmd:"" help:"At the control: let an edge go, and take its certificates back."`
}

type edgeInviteCmd struct {
	configFlag
	ID      string        `name:"id" required:"" placeholder:"NAME" help:"The edge's name: small letters, digits, points, - and _. It is its name on the log, too."`
	Scene   []string      `help:"A scene whose templates the edge may have. May be repeated; without any it recognises nobody."`
	Cameras []string      `placeholder:"ID" help:"The cameras that the edge may serve: their ids, with * for any part of one, as entrance,hall-*. What it says of others is shown to nobody, and it is lent templates of scenes with one of these alone. Without any it may serve any camera; an edge that was let in before keeps what it had."`
	Term    time.Duration `default:"1h" help:"How long the token holds; 24h at most."`
	URL     string        `name:"url" placeholder:"https://…" help:"Where the edge reaches this control, for the command that is printed; default peers.listen."`
	JSON    bool          `help:"Print one JSON object, the file that join --invitation takes. It is a secret until it is used."`
}

func (c *edgeInviteCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.EdgeInvite(ctx, cfg, app.InviteOptions{ID: c.ID, Scenes: c.Scene, Cameras: c.Cameras, Term: c.Term, URL: c.URL, JSON: c.JSON, Stdout: os.Stdout})
}

type edgeJoinCmd struct {
	Invitation  string `placeholder:"FILE" help:"What invite --json wrote, in place of the three below. May be repeated, as before each start: whoever has joined by it goes on as it is."`
	Control     string `placeholder:"https://…" help:"The control's address for edges (peers.listen there)."`
	Token       string `placeholder:"TOKEN" env:"BYSTANDER_JOIN_TOKEN" help:"The token that invite printed; or in BYSTANDER_JOIN_TOKEN, where other users of this machine do not see it."`
	Fingerprint string `name:"ca-fingerprint" placeholder:"HEX" help:"Fingerprint of the authority, as invite printed it: by this the control is told from anybody else."`
	Dir         string `default:"data/keys/peer" placeholder:"DIR" help:"Where key and certificate are kept: peers.dir of the configuration."`
}

func (c *edgeJoinCmd) Run(ctx context.Context) error {
	o := app.JoinOptions{Control: c.Control, Token: c.Token, Fingerprint: c.Fingerprint, Dir: c.Dir, Stdout: os.Stdout}
	switch given := c.Control != "" && c.Fingerprint != ""; {
	case c.Invitation != "" && (c.Control != "" || c.Fingerprint != ""):
		return usagef("--invitation says what --control and --ca-fingerprint say; give one or the other")
	case c.Invitation != "":
		return app.EdgeAccept(ctx, c.Invitation, o)
	case !given:
		return usagef("give --control and --ca-fingerprint as bystander edge invite printed them, or --invitation")
	}
	return app.EdgeJoin(ctx, o)
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

type edgeCamerasCmd struct {
	configFlag
	ID      string   `arg:"" help:"The edge's name."`
	Cameras []string `required:"" placeholder:"ID" help:"Ids, with * for any part of one; '*' alone is any camera. These take the place of those before."`
}

func (c *edgeCamerasCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.EdgeCameras(ctx, cfg, c.ID, c.Cameras, os.Stdout)
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
