package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"bystander/internal/app"
)

// usagef is an error of wrong usage.
func usagef(format string, a ...any) error {
	return fmt.Errorf("%w: %s", app.ErrUsage, fmt.Sprintf(format, a...))
}

// healthcheckCmd is for images, which hold no other client.
type healthcheckCmd struct {
	URL    string        `arg:"" help:"Address to ask."`
	Expect int           `default:"200" help:"Status that is well."`
	Within time.Duration `default:"5s" help:"How long to wait."`
}

func (c *healthcheckCmd) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.Within)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return usagef("%v", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if err := res.Body.Close(); err != nil {
		return err
	}
	if res.StatusCode != c.Expect {
		return fmt.Errorf("%s answers %d, not %d", c.URL, res.StatusCode, c.Expect)
	}
	return nil
}
