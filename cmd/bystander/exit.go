package main

import (
	"context"
	"os"

	"bystander/internal/app"
)

type exportCmd struct {
	configFlag
	Out        string `required:"" placeholder:"DIR" help:"New folder for everything, in the clear."`
	Purpose    string `required:"" help:"Why; kept in the access log."`
	Recordings bool   `help:"Redacted recordings as well, with their receipts."`
}

func (c *exportCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.ExportAll(ctx, cfg, app.ExportAllOptions{Out: c.Out, Purpose: c.Purpose, Recordings: c.Recordings, Stdout: os.Stdout})
}

type decommissionCmd struct {
	Do     decommissionDoCmd     `cmd:"" default:"withargs" help:"Destroy an installation whose site is closed: keys first, then all data."`
	Verify decommissionVerifyCmd `cmd:"" help:"Check a certificate of destruction."`
}

type decommissionDoCmd struct {
	configFlag
	Witness     string `required:"" help:"Who sees it, besides whoever runs this."`
	Reason      string `required:"" help:"Why."`
	Export      string `placeholder:"DIR" help:"What bystander export wrote."`
	NoExport    bool   `help:"Nobody needs the data."`
	Confirm     string `required:"" placeholder:"EDGE" help:"The edge's name, once more."`
	Certificate string `required:"" placeholder:"FILE" help:"New file for the certificate, outside of the data."`
}

func (c *decommissionDoCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.Decommission(ctx, cfg, app.DecommissionOptions{
		Witness: c.Witness, Reason: c.Reason, Export: c.Export, NoExport: c.NoExport, Confirm: c.Confirm,
		Certificate: c.Certificate, Stdout: os.Stdout,
	})
}

type decommissionVerifyCmd struct {
	File string `arg:"" help:"The certificate."`
	Key  string `placeholder:"FILE" help:"The edge's public key, as readers of its log have it; default the one in the certificate."`
}

func (c *decommissionVerifyCmd) Run() error {
	return app.VerifyDestruction(c.File, c.Key, os.Stdout)
}
