package main

import (
	"context"
	"os"

	"bystander/internal/app"
)

type evalMatchCmd struct {
	Set    string    `required:"" placeholder:"DIR" help:"Labelled pictures: one folder a person."`
	Pairs  string    `placeholder:"FILE" help:"Pairs to judge, in the form of LFW's pairs files."`
	Labels string    `placeholder:"FILE" help:"Labels for strata: CSV whose first column is picture or person."`
	Least  int       `default:"10" help:"Enrol people with at least this many pictures; everybody else is a stranger."`
	Enrol  int       `default:"1" help:"By how many pictures each is enrolled; the others are looked for."`
	FPIR   []float64 `name:"fpir" default:"0.001,0.01" help:"Rates at which strangers may be taken for somebody."`
	CSV    string    `name:"csv" placeholder:"FILE" help:"Write the curve of FNIR against FPIR."`
	SVG    string    `name:"svg" placeholder:"FILE" help:"Draw it."`
	JSON   bool      `help:"Print one JSON object; progress goes to standard error."`
}

func (c *evalMatchCmd) Run(ctx context.Context) error {
	return app.EvalMatch(ctx, app.MatchOptions{
		Set: c.Set, Pairs: c.Pairs, Labels: c.Labels, Least: c.Least, Enrol: c.Enrol, FPIR: c.FPIR,
		CSV: c.CSV, SVG: c.SVG, JSON: c.JSON, Stdout: os.Stdout, Stderr: os.Stderr,
	})
}
