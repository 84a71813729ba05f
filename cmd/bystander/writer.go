package main

import (
	"context"
	"os"

	"bystander/internal/app"
)

type writerCmd struct{ configFlag }

func (c *writerCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.Writer(ctx, cfg, os.Stderr)
}

type clickhouseCmd struct {
	Migrate clickhouseMigrateCmd `cmd:"" help:"Make the schema, or bring it up to date; may be repeated."`
	Print   clickhousePrintCmd   `cmd:"" help:"Print the schema, to be read or applied by other means."`
	Repair  clickhouseRepairCmd  `cmd:"" help:"Find what the store cannot read of its own data, as after a full disk, and put it right; may be repeated."`
}

type clickhouseMigrateCmd struct{ configFlag }

func (c *clickhouseMigrateCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.ClickHouseMigrate(ctx, cfg, os.Stdout)
}

type clickhouseRepairCmd struct {
	configFlag
	JSON bool `help:"Print one JSON object."`
}

func (c *clickhouseRepairCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.ClickHouseRepair(ctx, cfg, c.JSON, os.Stdout)
}

type clickhousePrintCmd struct {
	configFlag
	Database string `help:"Name of the database, over the configuration's."`
	Cluster  string `help:"Name of the cluster for the replicated and sharded schema, over the configuration's."`
}

func (c *clickhousePrintCmd) Run() error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	if c.Database != "" {
		cfg.Events.ClickHouse.Database = c.Database
	}
	if c.Cluster != "" {
		cfg.Events.ClickHouse.Cluster = c.Cluster
	}
	return app.ClickHousePrint(cfg, os.Stdout)
}
