package app

import (
	"context"
	"sync"

	"bystander/api"
)

// steps adds to what every process opens what its role has besides: an edge knows
// who it is first, since its log bears the name; everybody else has people, desks
// and, where edges come, the line to them.
func (e *edge) steps(all []func(context.Context) error) []func(context.Context) error {
	if e.cfg.IsEdge() {
		return append(append([]func(context.Context) error{e.openMember}, all...), e.openLoans)
	}
	return append(all, e.openDesks, e.openSignIn, e.openErased, e.openPeers)
}

func (e *edge) openErased(ctx context.Context) (err error) {
	e.erasing, err = e.openErasing(ctx)
	return err
}

// runRole begins what a role does besides cameras and stores; wg waits for it.
func (e *edge) runRole(ctx context.Context, wg *sync.WaitGroup) {
	if e.loans != nil {
		wg.Go(func() { e.loans.run(ctx) })
		wg.Go(func() { e.runCalls(ctx) })
		return
	}
	e.shareCameras(ctx, wg)
	wg.Go(func() { e.erasing.run(ctx) })
	wg.Go(func() { e.desks.run(ctx, e) })
}

// peerChecks are how this process's peers fare.
func (e *edge) peerChecks(ctx context.Context) []api.Check {
	if e.loans == nil {
		return e.peers.checks(ctx)
	}
	c := api.Check{Name: "templates", OK: true}
	if err := e.loans.trouble(); err != nil {
		c.OK, c.Cause = false, err.Error()
	}
	return []api.Check{c}
}
