package main

import (
	"context"
	"os"

	"bystander/internal/app"
)

type evalPADCmd struct {
	BonaFide []string `name:"bona-fide" placeholder:"DIR" help:"Pictures of living people. May be repeated; each folder is reported apart."`
	Attack   []string `placeholder:"SPECIES=DIR" help:"Pictures of real attacks of one species. May be repeated."`
	Simulate bool     `help:"Also draw prints and screens from the pictures of living people; reported as simulated."`
	Most     int      `help:"Take at most this many pictures of each folder, evenly spread; 0 takes all."`
	JSON     bool     `help:"Print one JSON object."`
}

func (c *evalPADCmd) Run(ctx context.Context) error {
	return app.EvalPAD(ctx, app.PADOptions{
		BonaFide: c.BonaFide, Attacks: c.Attack, Simulate: c.Simulate, Most: c.Most, JSON: c.JSON,
		Stdout: os.Stdout, Stderr: os.Stderr,
	})
}
