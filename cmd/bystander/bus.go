package main

import (
	"context"
	"os"

	"bystander/internal/app"
)

type busCmd struct {
	Topics busTopicsCmd `cmd:"" help:"The topics of the bus: make them, or see how they are."`
	Parked busParkedCmd `cmd:"" help:"Records that the writers put aside: see why, send them again, or give them up."`
}

type busTopicsCmd struct {
	Ensure busTopicsEnsureCmd `cmd:"" help:"Make the topics that are missing and put drifted settings right; may be repeated. A changed number of partitions is refused: it would break the order of chains."`
	List   busTopicsListCmd   `cmd:"" help:"List the topics that the bus should have, and what it has of them."`
}

type busTopicsEnsureCmd struct{ configFlag }

func (c *busTopicsEnsureCmd) Run(ctx context.Context) error {
	return busTopics(ctx, c.configFlag, true)
}

type busTopicsListCmd struct{ configFlag }

func (c *busTopicsListCmd) Run(ctx context.Context) error { return busTopics(ctx, c.configFlag, false) }

func busTopics(ctx context.Context, f configFlag, ensure bool) error {
	cfg, err := f.load()
	if err != nil {
		return err
	}
	return app.BusTopics(ctx, cfg, ensure, os.Stdout)
}

type busParkedCmd struct {
	List    parkedListCmd    `cmd:"" help:"List what waits, oldest first, with the writer's reason. A record's number is its place on the parked topic."`
	Show    parkedShowCmd    `cmd:"" help:"Print one record as JSON: headers, reason, value."`
	Retry   parkedRetryCmd   `cmd:"" help:"Send records to the events topic again, as they were: once the edge's key is in writer.edges, or a newer writer knows their kind. What is still bad is parked again under a new number."`
	Discard parkedDiscardCmd `cmd:"" help:"Give records up. They stay on the topic until its period is over (30 days) and are no longer listed."`
}

type parkedListCmd struct {
	configFlag
	All  bool `help:"Also what was sent again or given up."`
	JSON bool `help:"Print one JSON object a line."`
}

func (c *parkedListCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.ParkedList(ctx, cfg, c.All, c.JSON, os.Stdout)
}

type parkedShowCmd struct {
	configFlag
	Record  int64  `arg:"" help:"The record's number, from the list."`
	Purpose string `required:"" help:"Why you look; kept in the access log, since a record may be about a person."`
}

func (c *parkedShowCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.ParkedShow(ctx, cfg, c.Record, c.Purpose, os.Stdout)
}

// decision is what retry and discard take.
type decision struct {
	configFlag
	Record []int64 `arg:"" help:"Numbers of records, from the list."`
	Reason string  `required:"" help:"Why; it comes on the log with who did it, as an event of kind incident."`
}

type parkedRetryCmd struct{ decision }

func (c *parkedRetryCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.ParkedRetry(ctx, cfg, c.Record, c.Reason, os.Stdout)
}

type parkedDiscardCmd struct{ decision }

func (c *parkedDiscardCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.ParkedDiscard(ctx, cfg, c.Record, c.Reason, os.Stdout)
}
