package main

import (
	"context"
	"os"

	"bystander/internal/app"
	"bystander/internal/capacity"
)

type planCmd struct {
	Cameras       int     `default:"1" help:"How many cameras, up to 10,000."`
	Profile       string  `default:"street" enum:"quiet,street,crowd" help:"How much goes on before them: ${enum}. quiet: a corridor, a car park, people now and then. street: a shopping street or a lobby, a few people most of the time. crowd: a station or an entrance, people all the time."`
	Width         int     `default:"1280" help:"Of the cameras' pictures."`
	Height        int     `default:"720" help:"Of the cameras' pictures."`
	FPS           float64 `name:"fps" default:"25" help:"Pictures a second of each camera."`
	Events        float64 `name:"events-per-second" help:"Events a second of each camera; without it, the profile's: 0.02, 0.2 or 2."`
	RetentionDays float64 `default:"184" help:"How long ClickHouse keeps events."`
	RecordingDays float64 `default:"3" help:"How long edges keep recordings; 0 records nothing."`
	KafkaDays     float64 `default:"7" help:"How long the bus keeps events."`
	Replicas      int     `default:"3" help:"Copies of the bus's partitions and of ClickHouse's rows."`
	Viewers       int     `default:"10" help:"Live viewers at once, all together."`
	CoresPerNode  int     `default:"16" help:"Cores of an edge machine."`
	Fill          float64 `default:"0.7" help:"Part of what machines can do that is planned with; the rest takes peaks."`
	NodeDisk      float64 `default:"4" help:"Terabytes of a ClickHouse node."`
	GPU           bool    `name:"gpu" help:"Faces and people are looked for on GPUs. No GPU was measured: such figures are estimates."`
	Units         string  `placeholder:"FILE" help:"Unit costs to plan with, as written by --measure; without it, those that come with the program."`
	Measure       string  `placeholder:"FILE" help:"Measure this machine's own unit costs first (some minutes, while it does nothing else), write them to this file and plan with them."`
	JSON          bool    `help:"Print one JSON object."`
}

// Help is shown below the flags.
func (c *planCmd) Help() string {
	return `Says what a deployment takes: cores, GPUs, memory, network, the partitions and
disk of Kafka, the disk and nodes of ClickHouse, and the disk of recordings.
Every figure comes from a table of unit costs, each with the command that
measured it; what rests on an estimate is marked with "~". docs/capacity.md
explains the sums.

  bystander plan --cameras 200 --profile crowd
  bystander plan --cameras 10000 --gpu --retention-days 30 --json
  bystander plan --cameras 40 --measure ours.yml`
}

func (c *planCmd) Run(ctx context.Context) error {
	return app.Plan(ctx, app.PlanOptions{
		Demand: capacity.Demand{
			Cameras: c.Cameras, Width: c.Width, Height: c.Height, FPS: c.FPS, Events: c.Events,
			RetentionDays: c.RetentionDays, RecordingDays: c.RecordingDays, KafkaDays: c.KafkaDays,
			Replicas: c.Replicas, Viewers: c.Viewers, CoresPerNode: c.CoresPerNode, Fill: c.Fill,
			NodeDisk: c.NodeDisk, GPU: c.GPU,
		},
		Profile: c.Profile, Units: c.Units, Measure: c.Measure, JSON: c.JSON,
		Stdout: os.Stdout, Stderr: os.Stderr,
	})
}
