package main

import (
	"context"
	"os"

	"bystander/internal/app"
)

type openapiCmd struct{}

func (*openapiCmd) Run(ctx context.Context) error {
	b, err := app.OpenAPI(ctx)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(b)
	return err
}
