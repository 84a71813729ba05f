package main

import (
	"context"
	"io"
	"os"

	"bystander/internal/app"
)

type auditCmd struct {
	Ask    auditAskCmd    `cmd:"" help:"Ask the log one of the auditors' questions; without a name, list them."`
	Verify auditVerifyCmd `cmd:"" help:"Prove that the events are whole, unaltered and in order, or name the number that is not and how. Ends with status 1 then."`
	Export auditExportCmd `cmd:"" help:"Write the events as JSON lines, to be verified elsewhere. They hold pseudonyms: the export is recorded."`
}

type auditAskCmd struct {
	configFlag
	Question string            `arg:"" optional:"" help:"Name or number of the question; without one, they are listed."`
	Set      map[string]string `placeholder:"NAME=VALUE" help:"A parameter, such as from=-7d or site=plaza; may be repeated."`
	Format   string            `enum:"table,csv,json,parquet" default:"table" help:"table, csv, json or parquet."`
	Out      string            `placeholder:"FILE" help:"Write to a new file instead of the screen."`
	Purpose  string            `help:"Why you ask; kept in the access log."`
}

func (c *auditAskCmd) Run(ctx context.Context) error {
	if c.Question == "" {
		return app.AuditQuestions(os.Stdout)
	}
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.AuditAsk(ctx, cfg, app.AskOptions{
		Question: c.Question, Set: c.Set, Format: c.Format, Out: c.Out, Purpose: c.Purpose, Stdout: os.Stdout,
	})
}

type auditVerifyCmd struct {
	configFlag
	Chain      string   `help:"Only this chain; default all."`
	From       uint64   `help:"First number to check; default the first of all."`
	To         uint64   `help:"Last number to check; default the last."`
	Key        string   `placeholder:"FILE" help:"The edge's public key; default keys/edge.pub of the installation."`
	Spool      string   `placeholder:"DIR" xor:"from-what" help:"Check a spool instead of the store."`
	Export     string   `placeholder:"FILE" xor:"from-what" help:"Check an export, one JSON object a line, instead of the store."`
	Store      string   `placeholder:"local|clickhouse" help:"Which store; default ClickHouse where it is configured, else the one of this machine."`
	Checkpoint []string `placeholder:"FILE" help:"A signed checkpoint, or a history of them, that somebody kept; may be repeated."`
	Log        string   `placeholder:"DIR|URL" help:"Tiles of the Merkle log; default the installation's."`
	LogKey     string   `placeholder:"KEY|FILE" help:"Verifier key of the Merkle log; default the installation's."`
	ByAge      bool     `help:"Believe the store about the age of rows of which only skeletons are left, where no signed event speaks of them."`
	JSON       bool     `help:"Print one JSON object for each chain."`
	Quiet      bool     `short:"q" help:"No progress."`
}

func (c *auditVerifyCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	var progress io.Writer = os.Stderr
	if c.Quiet {
		progress = nil
	}
	return app.AuditVerify(ctx, cfg, app.VerifyOptions{
		Chain: c.Chain, From: c.From, To: c.To, Key: c.Key, Spool: c.Spool, Export: c.Export,
		Store: c.Store, Checkpoints: c.Checkpoint, Log: c.Log, LogKey: c.LogKey, ByAge: c.ByAge, JSON: c.JSON,
		Stdout: os.Stdout, Progress: progress,
	})
}

type auditExportCmd struct {
	configFlag
	Chain   string `help:"Only this chain; default all."`
	From    uint64 `help:"First number; default the first of all."`
	To      uint64 `help:"Last number; default the last."`
	Out     string `required:"" placeholder:"FILE" help:"A new file."`
	Purpose string `required:"" help:"Why you export; kept in the access log."`
}

func (c *auditExportCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.AuditExport(ctx, cfg, app.ExportOptions{
		Chain: c.Chain, From: c.From, To: c.To, Out: c.Out, Purpose: c.Purpose, Stdout: os.Stdout,
	})
}

type eraseCmd struct {
	configFlag
	Person string `arg:"" help:"The enrollee's id, as printed by enrol."`
	Cause  string `default:"request" enum:"request,withdrawal,expiry,closure" help:"Why: ${enum}."`
}

func (c *eraseCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.Erase(ctx, cfg, app.EraseOptions{Person: c.Person, Cause: c.Cause, Stdout: os.Stdout})
}
