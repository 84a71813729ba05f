package app

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"bystander/api"
	"bystander/api/auditor"
	"bystander/audit/verify"
	"bystander/internal/config"
)

// auditDesk are the auditors' parts of the interface besides the proofs.
func (e *edge) auditDesk() []api.Module {
	log := e.log.With().Str("component", "auditor").Logger()
	reads, events := readRecorder{e}, reviewLog{e}
	return []api.Module{
		&auditor.Questions{Asker: e.desks.asker, Access: reads, Log: log},
		&auditor.Queries{Builder: e.desks.builder, Access: reads, Log: log},
		&auditor.Reviews{Events: events, Access: reads, Record: events.record, Log: log},
		&auditor.Events{Events: events, Asker: e.desks.asker, Access: reads, Key: e.chainKey, Log: log},
		&auditor.Names{Book: e.desks.names, Events: events, Finder: nameFinder{e.desks.consents.people}, Access: reads, Log: log},
		&auditor.Verifications{Verifier: logVerifier{e.cfg}, Access: reads, Log: log},
	}
}

// chainKey is the public key under which a chain's edge signs, as the command
// line finds it.
func (e *edge) chainKey(chain string) (ed25519.PublicKey, bool) {
	key, err := verifyKey(e.cfg, VerifyOptions{}, chain)
	return key, err == nil
}

// logVerifier is bystander audit verify over the interface.
type logVerifier struct{ cfg config.Config }

// Verify implements auditor.Verifier. It leaves half of the machine to the
// cameras.
func (v logVerifier) Verify(ctx context.Context, r auditor.Range, progress func(rows, last uint64)) (_ verify.Report, err error) {
	o := VerifyOptions{Chain: r.Chain, From: r.From, To: r.To}
	src, err := openRows(ctx, v.cfg, o)
	if err != nil {
		return verify.Report{}, err
	}
	defer func() { err = errors.Join(err, src.close()) }()
	known, err := src.Chains(ctx)
	if err != nil {
		return verify.Report{}, err
	}
	if !slices.Contains(known, r.Chain) {
		return verify.Report{}, fmt.Errorf("%w: the store holds no chain %q", auditor.ErrRange, r.Chain)
	}
	chains, err := src.chains(ctx, v.cfg, o)
	if err != nil {
		return verify.Report{}, err
	}
	reports, err := verify.Run(ctx, src, chains, verify.Options{
		Workers: max(runtime.NumCPU()/2, 1), Retention: v.cfg.Events.MaxAge,
		Progress: func(_ string, rows, last uint64) { progress(rows, last) },
	})
	if err != nil {
		return verify.Report{}, err
	}
	return reports[0], nil
}
