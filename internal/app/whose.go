package app

import (
	"context"
	"errors"
	"fmt"

	"bystander/api/auditor"
	"bystander/audit/resolve"
	"bystander/internal/event"
	"bystander/policy"
)

// openNames opens the book of requests to learn a name.
func (e *edge) openNames(ctx context.Context) error {
	b, err := resolve.Open(ctx, controlPlace(e.cfg, storeResolve), resolve.Options{})
	if err != nil {
		return err
	}
	e.closing(b.Close)
	e.desks.names = b
	return nil
}

// nameFinder joins pseudonyms with names, which lie in two stores under two keys.
// It is the one place where they meet for an auditor.
type nameFinder struct{ people *registry }

// Name implements auditor.NameFinder. A pseudonym cannot be turned round: it is
// made again for each person held here until one fits.
func (f nameFinder) Name(ctx context.Context, e *event.Event) (string, error) {
	ids, err := f.people.vault.Persons(ctx)
	if err != nil {
		return "", err
	}
	for _, id := range ids {
		ref, err := f.people.vault.SubjectRef(ctx, id, e.SceneID, e.TS)
		if err != nil {
			return "", err
		}
		if ref.IsZero() || ref != e.SubjectRef {
			continue
		}
		name, err := f.people.names.Name(ctx, id)
		if errors.Is(err, policy.ErrNotFound) {
			return "", fmt.Errorf("%w: enrolled without a name", auditor.ErrNobody)
		}
		return name, err
	}
	return "", auditor.ErrNobody
}
