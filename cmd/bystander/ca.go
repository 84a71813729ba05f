package main

import (
	"context"
	"os"
	"time"

	"bystander/internal/app"
)

// aboutCA is the help's introduction.
const aboutCA = `The house's own certificate authority. Control, edges and writers on different
machines speak TLS to each other, and each shows a certificate of this authority.

  bystander ca init --dir /etc/bystander/ca      once, at the control
  bystander edge invite --id hall --scene foyer  there, for each edge
  bystander edge join …                          at the edge, as invite prints it

Whoever holds the folder can pass for any machine of the house: keep it where the
control's user alone can read it, back it up apart from the data, and never copy
it to an edge. Certificates hold for 30 days; edges and control renew their own.
To replace the root: bystander ca rotate, which is believed at once and used a day
later; the old one goes when nothing depends on it any more.`

type caCmd struct {
	Init   caInitCmd   `cmd:"" help:"Make the authority in a folder that has none."`
	Issue  caIssueCmd  `cmd:"" help:"Make a key and a certificate for a machine, as for a writer; edges join by themselves."`
	Renew  caRenewCmd  `cmd:"" help:"Make a new key and certificate in place of those in a folder."`
	Revoke caRevokeCmd `cmd:"" help:"Take back every certificate of a machine, or one by its number; a running control refuses it with the next request."`
	List   caListCmd   `cmd:"" help:"List roots and certificates: whose, until when, and which were taken back."`
	Rotate caRotateCmd `cmd:"" help:"Make the next root, which is believed at once and used after an overlap."`
}

// Help implements kong.HelpProvider.
func (caCmd) Help() string { return aboutCA }

// caFlag names the authority.
type caFlag struct {
	configFlag
	Dir string `placeholder:"DIR" help:"Folder of the authority; default peers.ca of the configuration."`
}

func (f caFlag) options() (app.CAOptions, error) {
	o := app.CAOptions{Dir: f.Dir, Stdout: os.Stdout}
	if f.Dir != "" {
		return o, nil
	}
	cfg, err := f.load()
	o.Dir = cfg.Peers.CA
	return o, err
}

type caInitCmd struct {
	caFlag
	Keep bool `help:"Leave an authority that is there as it is, as before each start of a control."`
}

func (c *caInitCmd) Run(context.Context) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	o.Keep = c.Keep
	return app.CAInit(o)
}

type caIssueCmd struct {
	caFlag
	ID   string        `arg:"" name:"id" help:"Whose: ROLE/NAME, such as writer/w1, edge/hall or control/main."`
	Out  string        `required:"" placeholder:"DIR" help:"Folder for identity.pem (key and certificate) and trust.pem; carry it to the machine by a safe way."`
	Term time.Duration `default:"720h" help:"How long it holds; 90 days (2160h) at most."`
}

func (c *caIssueCmd) Run(context.Context) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	return app.CAIssue(o, c.ID, c.Out, c.Term)
}

type caRenewCmd struct {
	caFlag
	In   string        `arg:"" name:"in" placeholder:"DIR" help:"Folder with the identity.pem that is replaced."`
	Term time.Duration `default:"720h" help:"How long it holds; 90 days (2160h) at most."`
}

func (c *caRenewCmd) Run(context.Context) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	return app.CARenew(o, c.In, c.Term)
}

type caRevokeCmd struct {
	caFlag
	What   string `arg:"" help:"ROLE/NAME, or a certificate's number as list shows it."`
	Reason string `required:"" help:"Why; kept beside the certificate's note."`
}

func (c *caRevokeCmd) Run(context.Context) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	return app.CARevoke(o, c.What, c.Reason)
}

type caListCmd struct {
	caFlag
	All  bool `help:"Also those that are over."`
	JSON bool `help:"Print one JSON object."`
}

func (c *caListCmd) Run(context.Context) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	return app.CAList(o, c.All, c.JSON)
}

type caRotateCmd struct {
	caFlag
	Overlap time.Duration `default:"24h" help:"For how long the new root is believed before anything is issued under it: longer than any edge is out of reach."`
}

func (c *caRotateCmd) Run(context.Context) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	return app.CARotate(o, c.Overlap)
}
