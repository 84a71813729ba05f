package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"bystander/api/admin/cameras"
	"bystander/internal/config"
	"bystander/match/vault"
)

// Replicas that share a server share the cameras that the interface added: each
// lists and changes all of them, and one at a time runs them. When it ends another
// one does within ten seconds. The configuration's cameras are each replica's own.

// lookForCameras is how often a replica looks for what another one changed.
const lookForCameras = time.Second

// takenName says to which server this machine's own list of cameras was taken.
const takenName = "cameras.taken"

// openCameraStore opens the list of cameras that the interface added.
func openCameraStore(ctx context.Context, cfg config.Config) (*cameras.Store, error) {
	fresh, err := newStore(ctx, cfg, storeCameras)
	if err != nil {
		return nil, err
	}
	here := controlFile(cfg, storeCameras)
	key, err := vault.OpenKey(filepath.Join(cfg.Keys, "cameras.key"), fresh && !exists(here))
	if err != nil {
		return nil, err
	}
	s, err := cameras.Open(ctx, controlPlace(cfg, storeCameras), key, nil)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// takeCameras takes this machine's own list of cameras, from when each replica had
// one, to the server, once. The file stays as it is. It returns the ids of those
// that another replica's took the place of.
func takeCameras(ctx context.Context, cfg config.Config, to *cameras.Store) (left []string, err error) {
	here, mark := controlFile(cfg, storeCameras), filepath.Join(cfg.Data, takenName)
	if !cfg.Store.Shared() || !exists(here) {
		return nil, nil
	}
	if b, err := os.ReadFile(mark); err == nil && string(b) == serverOf(cfg) {
		return nil, nil
	}
	key, err := vault.OpenKey(filepath.Join(cfg.Keys, "cameras.key"), false)
	if err != nil {
		return nil, err
	}
	from, err := cameras.Open(ctx, here, key, nil)
	if err != nil {
		return nil, err
	}
	left, err = to.TakeFrom(ctx, from)
	if err = errors.Join(err, from.Close()); err != nil {
		return nil, err
	}
	return left, markTaken(cfg)
}

// serverOf is the server and its database alone: another user, password file or
// parameter is no other place, and would bring back what was removed there.
func serverOf(cfg config.Config) string {
	u, err := url.Parse(cfg.Store.Postgres)
	if err != nil {
		return cfg.Store.Postgres // checked long before
	}
	return u.Host + u.Path
}

func markTaken(cfg config.Config) error {
	if err := os.WriteFile(filepath.Join(cfg.Data, takenName), []byte(serverOf(cfg)), 0o600); err != nil {
		return fmt.Errorf("cameras: %w", err)
	}
	return nil
}

// errCameraUnknown reports that the store could not be asked how a camera is to run.
var errCameraUnknown = errors.New("how it is to run cannot be told")

// sharing is what a replica knows of the cameras that it shares.
type sharing struct {
	on bool // there are other replicas

	mu    sync.Mutex
	leads bool              // this replica runs them
	marks map[string]string // as they were seen last
}

// mine reports whether this replica runs the cameras that the interface added.
func (s *sharing) mine() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.on || s.leads
}

func (s *sharing) lead(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leads = on
}

// elsewhere are the cameras that another replica runs.
func (s *sharing) elsewhere() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.on || s.leads {
		return nil
	}
	return slices.Sorted(maps.Keys(s.marks))
}

// saw takes up marks, and returns the ids of what became different.
func (s *sharing) saw(now map[string]string) (changed []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, mark := range now {
		if s.marks[id] != mark {
			changed = append(changed, id)
		}
	}
	for id := range s.marks {
		if _, still := now[id]; !still {
			changed = append(changed, id)
		}
	}
	s.marks = now
	slices.Sort(changed)
	return changed
}

// again has a camera looked at anew with the next marks, as if it had changed.
func (s *sharing) again(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.marks == nil {
		s.marks = map[string]string{}
	}
	s.marks[id] = "to be asked again"
}

// forget has every camera looked at anew.
func (s *sharing) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.marks {
		s.marks[id] = "to be asked again"
	}
}

// shareCameras follows what other replicas change, and runs the shared cameras
// while it is this replica's turn, until ctx ends.
func (e *edge) shareCameras(ctx context.Context, wg *sync.WaitGroup) {
	if !e.admin.shared.on {
		return
	}
	wg.Go(func() {
		t := time.NewTicker(lookForCameras)
		defer t.Stop()
		for {
			e.lookForCameras(ctx)
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
		}
	})
	wg.Go(func() { e.lead(ctx, "cameras", func(turn context.Context) { e.takeTurn(ctx, turn) }) })
}

// takeTurn runs the shared cameras until turn ends; ctx is the program's. It
// returns when they have ended, before the next replica begins: that one waits
// longer than this takes, and no answer of the server is needed for it.
func (e *edge) takeTurn(ctx, turn context.Context) {
	e.admin.shared.lead(true)
	marks, err := e.admin.cameras.Marks(turn)
	if err == nil {
		e.admin.shared.saw(marks)
		e.applyEach(turn, slices.Sorted(maps.Keys(marks)))
	} else if turn.Err() == nil {
		e.admin.shared.forget() // they begin with the next marks
		e.alarms.set("cameras", err, false)
	}
	<-turn.Done()
	e.admin.shared.lead(false)
	if ctx.Err() != nil {
		return // they end with the program
	}
	// Asked in its turn: a change that was begun before may be about to add one.
	var running []*camera
	if err := e.fleet.do(ctx, func(context.Context) error { running = e.fleet.all(); return nil }); err != nil {
		return
	}
	for _, c := range running {
		if !slices.Contains(e.admin.configured(), c.cfg.ID) {
			e.applyEach(ctx, []string{c.cfg.ID})
		}
	}
}

// lookForCameras makes what changed run as it is kept now.
func (e *edge) lookForCameras(ctx context.Context) {
	marks, err := e.admin.cameras.Marks(ctx)
	if ctx.Err() != nil {
		return
	}
	e.alarms.set("cameras", err, err == nil)
	if err == nil {
		e.applyEach(ctx, e.admin.shared.saw(marks))
	}
}

// applyEach makes cameras run as they are kept. Where the store did not answer, it
// is asked again: it may be that one was paused, or removed.
func (e *edge) applyEach(ctx context.Context, ids []string) {
	for _, id := range ids {
		err := e.applyCamera(ctx, id)
		if errors.Is(err, errCameraUnknown) {
			e.admin.shared.again(id)
		}
		if err != nil && ctx.Err() == nil && !errors.Is(err, errStopping) {
			e.log.Error().Err(err).Str("camera", id).Msg("the camera cannot begin; change or remove it at /admin/cameras")
		}
	}
}
