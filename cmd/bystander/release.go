package main

import (
	"fmt"
	"os"

	"bystander/internal/app"
)

type verifyReleaseCmd struct {
	Dir string `arg:"" help:"The folder with the release's files, SHA256SUMS and SHA256SUMS.sig."`
	Key string `required:"" placeholder:"FILE" help:"The public key of who made it, in PEM; from elsewhere than the release."`
}

func (c *verifyReleaseCmd) Run() error {
	if err := app.VerifyRelease(c.Dir, c.Key, os.Stdout); err != nil {
		return fmt.Errorf("do not install this: %w", err)
	}
	return nil
}
