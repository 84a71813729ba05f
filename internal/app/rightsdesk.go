package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	rightsapi "bystander/api/rights"
	"bystander/audit/erase"
	"bystander/internal/config"
	"bystander/match/vault"
	"bystander/policy"
	"bystander/rights"
)

// webhookTimeout bounds one call to another system.
const webhookTimeout = 20 * time.Second

// rightsDesk serves people's requests in a running edge.
type rightsDesk struct {
	*rights.Service
	db     *rights.DB
	module *rightsapi.Module
}

// openRights opens the desk. It needs consents, erasure and the ledger.
func (e *edge) openRights(ctx context.Context) error {
	if err := clearCopies(e.cfg.Data); err != nil {
		return err
	}
	db, err := rights.OpenDB(ctx, controlPlace(e.cfg, storeRights))
	if err != nil {
		return err
	}
	e.closing(db.Close)
	path := filepath.Join(e.cfg.Keys, "rights.key")
	_, missing := os.Stat(path)
	seal, err := vault.OpenKey(path, errors.Is(missing, fs.ErrNotExist))
	if err != nil {
		return err
	}
	connectors, err := connectorsOf(e.cfg.Rights)
	if err != nil {
		return err
	}
	d := &rightsDesk{db: db}
	d.Service, err = rights.New(rights.Config{
		DB: db, House: rightsHouse{e}, Connectors: connectors, Sealer: seal, Emit: e.ledger.emit,
		Profile: func() string {
			if s := e.law.site(); s != nil {
				return s.Profile
			}
			return "default"
		},
		OnTrouble: func(what string, err error) { e.alarms.set(what, err, err == nil) },
	})
	if err != nil {
		return err
	}
	log := e.log.With().Str("component", "rights").Logger()
	d.module = rightsapi.New(rightsapi.Config{
		Service: d.Service, DB: db, Access: readRecorder{e}, Export: exporter{e, db}, Log: log,
	})
	e.desks.rights = d
	return nil
}

func connectorsOf(r config.Rights) ([]rights.Connector, error) {
	var out []rights.Connector
	for i, c := range r.Connectors {
		if c.Kind == "manual" {
			out = append(out, rights.Manual{ID: c.ID})
			continue
		}
		secret, err := os.ReadFile(c.SecretFile)
		if err != nil {
			return nil, fmt.Errorf("%w: rights.connectors[%d].secret_file: %w", ErrUsage, i, err)
		}
		hook := rights.Webhook{ID: c.ID, URL: c.URL, Secret: bytes.TrimSpace(secret), Client: &http.Client{Timeout: webhookTimeout}}
		if err := hook.Check(); err != nil {
			return nil, fmt.Errorf("%w: rights.connectors[%d]: %w", ErrUsage, i, err)
		}
		out = append(out, hook)
	}
	return out, nil
}

// rightsHouse does in this house what requests ask for.
type rightsHouse struct{ e *edge }

// Withdraw implements rights.House.
func (h rightsHouse) Withdraw(ctx context.Context, enrollee, reason string) error {
	err := h.e.desks.consents.WithdrawAll(ctx, enrollee, reason)
	h.e.law.kick()
	return err
}

// Restrict implements rights.House.
func (h rightsHouse) Restrict(ctx context.Context, enrollee, reason string) error {
	return h.mark(ctx, enrollee, reason, func(p *policy.Enrollee) bool {
		was := p.Restricted
		p.Restricted = true
		return !was
	})
}

// Object implements rights.House.
func (h rightsHouse) Object(ctx context.Context, enrollee, reason string) error {
	return h.mark(ctx, enrollee, reason, func(p *policy.Enrollee) bool {
		was := p.Objected
		p.Objected = true
		return !was
	})
}

func (h rightsHouse) mark(ctx context.Context, enrollee, reason string, set func(*policy.Enrollee) bool) error {
	p, err := h.e.law.people.Enrollee(ctx, enrollee)
	if err != nil {
		return err
	}
	if !set(&p) {
		return nil // it stands so already
	}
	p.Version++
	p.ChangedAt, p.Reason = time.Now().UTC(), reason
	err = h.e.law.people.PutEnrollee(ctx, p)
	h.e.law.kick()
	return err
}

// Erase implements rights.House.
func (h rightsHouse) Erase(ctx context.Context, enrollee, request string) (string, error) {
	c, err := h.e.erasing.Erase(ctx, enrollee, "request "+request)
	h.e.law.kick()
	if errors.Is(err, erase.ErrUnfinished) {
		// A store is away, or a recording still being written. The edge goes on
		// with it by itself.
		c, err = awaitErasure(ctx, h.e.erasing.erasing, c.ID)
	}
	return c.ID, err
}

// Known implements rights.House.
func (h rightsHouse) Known(ctx context.Context, enrollee string) (bool, error) {
	_, err := h.e.law.people.Enrollee(ctx, enrollee)
	if errors.Is(err, policy.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
