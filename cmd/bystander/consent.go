package main

import (
	"context"
	"fmt"
	"os"

	"bystander/internal/app"
)

type consentCmd struct {
	Verify consentVerifyCmd `cmd:"" help:"Check a consent receipt against the issuer's public key; needs nothing of the site that issued it."`
}

type consentVerifyCmd struct {
	Receipt string `arg:"" placeholder:"FILE" help:"The receipt: what the page or /v1/consents/…/receipt hands out, or its JWS alone."`
	Key     string `placeholder:"FILE" xor:"key" help:"The issuer's public key, PEM: keys/consent.pub of the installation."`
	JWKS    string `name:"jwks" placeholder:"FILE" xor:"key" help:"The issuer's key set, from /.well-known/bystander-consent-keys.json."`
	JSON    bool   `help:"Print the receipt as one JSON object."`
}

func (c *consentVerifyCmd) Run(ctx context.Context) error {
	key := c.Key + c.JWKS
	if key == "" {
		return fmt.Errorf("%w: give the issuer's key with --key FILE or --jwks FILE", app.ErrUsage)
	}
	return app.ConsentVerify(ctx, app.ConsentVerifyOptions{Receipt: c.Receipt, Key: key, JSON: c.JSON, Stdout: os.Stdout})
}
