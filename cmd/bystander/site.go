package main

import (
	"context"
	"os"

	"bystander/internal/app"
)

type siteCmd struct {
	Import siteImportCmd `cmd:"" help:"Take over a site file as the living site; nothing comes live before somebody approves it."`
	Export siteExportCmd `cmd:"" help:"Write the living site as a site file."`
	Show   siteShowCmd   `cmd:"" help:"Show scenes and zones, and what keeps each closed."`
	ROPA   siteROPACmd   `cmd:"" name:"ropa" help:"Write the record of processing activities: every scene, as JSON."`
}

type siteROPACmd struct{ configFlag }

func (c *siteROPACmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.SiteROPA(ctx, cfg, os.Stdout)
}

type siteImportCmd struct {
	configFlag
	File   string `arg:"" help:"The site file."`
	Reason string `required:"" help:"Why; kept with the import."`
}

func (c *siteImportCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.SiteImport(ctx, cfg, c.File, c.Reason, os.Stdout)
}

type siteExportCmd struct{ configFlag }

func (c *siteExportCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.SiteExport(ctx, cfg, os.Stdout)
}

type siteShowCmd struct{ configFlag }

func (c *siteShowCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.SiteShow(ctx, cfg, os.Stdout)
}

type haltCmd struct {
	configFlag
	Reason string `required:"" help:"Why; kept with the decision."`
}

func (c *haltCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.Halt(ctx, cfg, c.Reason, os.Stdout)
}

type resumeCmd struct {
	configFlag
	Reason string `required:"" help:"Why; kept with the decision."`
}

func (c *resumeCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.Resume(ctx, cfg, c.Reason, os.Stdout)
}
