package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"bystander/internal/config"
	"bystander/internal/logx"
	"bystander/match/enrol"
	"bystander/match/vault"
	"bystander/policy"
	"bystander/policy/store"
)

// consentTerm is how long a consent given by the command line holds.
const consentTerm = 365 * 24 * time.Hour

// EnrolOptions say who is enrolled and what they agreed to.
type EnrolOptions struct {
	Name, Photo    string
	Consent        []string
	Scenes, Zones  []string
	Channel        string
	Under14        bool
	Stdout, Stderr io.Writer
}

// registry is the three stores of people: consents, templates, names.
type registry struct {
	people *store.Store
	vault  *vault.Vault
	names  *store.Identity
}

func openRegistry(ctx context.Context, cfg config.Config) (_ *registry, err error) {
	r := &registry{}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	if r.people, err = openPeople(ctx, cfg); err != nil {
		return nil, err
	}
	if r.vault, err = openVault(ctx, cfg); err != nil {
		return nil, err
	}
	fresh, err := newStore(ctx, cfg, storeNames)
	if err != nil {
		return nil, err
	}
	key, err := vault.OpenKey(filepath.Join(cfg.Keys, vault.IdentityKeyName), fresh)
	if err != nil {
		return nil, err
	}
	r.names, err = store.OpenIdentity(ctx, controlPlace(cfg, storeNames), key)
	return r, err
}

func (r *registry) close() error {
	var errs []error
	if r.names != nil {
		errs = append(errs, r.names.Close())
	}
	if r.vault != nil {
		errs = append(errs, r.vault.Close())
	}
	if r.people != nil {
		errs = append(errs, r.people.Close())
	}
	return errors.Join(errs...)
}

func (r *registry) enroller(eyes *eyes) (*enrol.Enroller, error) {
	cfg := enrol.Config{Vault: r.vault, Store: r.people, Names: r.names}
	if eyes.canEnrol() == nil {
		cfg.Detector, cfg.Embedder = photoDetector{eyes.faces}, eyes.embedder
	}
	return enrol.New(cfg)
}

// Enrol enrols one person who consented. A running edge takes it up within
// seconds.
func Enrol(ctx context.Context, cfg config.Config, o EnrolOptions) error {
	site, err := siteNow(ctx, cfg)
	if err != nil {
		return err
	}
	log, err := logx.New(o.Stderr, "error", "console")
	if err != nil {
		return err
	}
	eyes, err := openEyes(ctx, cfg, 1, log)
	if err != nil {
		return err
	}
	defer eyes.close() //nolint:errcheck // nothing depends on it at the end
	res, err := enrolWith(ctx, cfg, site, eyes, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(o.Stdout, "enrolled %s\n", res.Enrollee)
	for _, c := range res.Consents {
		fmt.Fprintf(o.Stdout, "  consent %s: %s, until %s\n", c.ID, c.Purpose, c.ExpiresAt.Format(time.DateOnly))
	}
	fmt.Fprintf(o.Stdout, "The photograph was not kept. To withdraw: bystander withdraw %s\n", res.Enrollee)
	return nil
}

func enrolWith(ctx context.Context, cfg config.Config, site *policy.Site, eyes *eyes, o EnrolOptions) (enrol.Result, error) {
	var res enrol.Result
	if err := eyes.canEnrol(); err != nil {
		return res, err
	}
	photo, err := os.Open(o.Photo)
	if err != nil {
		return res, fmt.Errorf("%w: --photo: %w", ErrUsage, err)
	}
	defer photo.Close()
	c, err := openConsents(ctx, consentParts{cfg: cfg, site: func() *policy.Site { return site }, eyes: eyes})
	if err != nil {
		return res, err
	}
	defer c.close() //nolint:errcheck // every write has returned
	if err := c.MayEnrol(ctx); err != nil {
		return res, err
	}
	if site, err = c.Overlay(ctx, site); err != nil {
		return res, err
	}
	en, err := c.people.enroller(eyes)
	if err != nil {
		return res, err
	}
	req := enrol.Request{
		Name: o.Name, Photo: photo, Site: site, Scenes: o.Scenes, Zones: o.Zones,
		Expires: time.Now().Add(consentTerm), Channel: policy.Channel(o.Channel),
		RecordedBy: "command line", Basis: "separate consent", Under14: policy.TriOf(o.Under14),
		// The command's user takes the signed release on paper.
		Written: o.Channel == "paper",
	}
	for _, c := range o.Consent {
		req.Purposes = append(req.Purposes, policy.Purpose(c))
	}
	fillScope(&req)
	if res, err = en.Enrol(ctx, req); err != nil {
		return res, err
	}
	return res, c.Settle(ctx) // receipts, and events for the edge to take up
}

// fillScope takes every scene with a recognition zone, and all of those zones,
// where none is named.
func fillScope(r *enrol.Request) {
	named := len(r.Scenes) > 0
	for _, z := range r.Site.Zones {
		if z.Kind == policy.ZoneRecognition && !named && !slices.Contains(r.Scenes, z.Scene) {
			r.Scenes = append(r.Scenes, z.Scene)
		}
	}
	if len(r.Zones) > 0 {
		return
	}
	for _, z := range r.Site.Zones {
		if z.Kind == policy.ZoneRecognition && slices.Contains(r.Scenes, z.Scene) {
			r.Zones = append(r.Zones, z.ID)
		}
	}
}

// Withdraw ends an enrollee's consents and destroys the template. A running
// edge masks the person within seconds.
func Withdraw(ctx context.Context, cfg config.Config, enrollee string, out io.Writer) error {
	site, err := siteNow(ctx, cfg)
	if err != nil {
		return err
	}
	c, err := openConsents(ctx, consentParts{cfg: cfg, site: func() *policy.Site { return site }})
	if err != nil {
		return err
	}
	defer c.close() //nolint:errcheck // every write has returned
	if err := c.WithdrawAll(ctx, enrollee, "command line"); err != nil {
		return err
	}
	fmt.Fprintf(out, "withdrawn: %s is masked within seconds, and the template is destroyed\n", enrollee)
	return nil
}
