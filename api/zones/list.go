package zones

import (
	"context"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/actor"
	"bystander/api/route"
	"bystander/policy/sitestore"
)

// Page is one page of a list, in the order of ids.
type Page[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"Give it as after= for the next page; empty on the last"`
}

// Paging asks for a page.
type Paging struct {
	After string `query:"after" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$" doc:"Only what comes after this id"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

func page[T any](items []T, id func(T) string, p Paging) Page[T] {
	items = slices.DeleteFunc(items, func(v T) bool { return p.After != "" && id(v) <= p.After })
	out := Page[T]{Items: items}
	if p.Limit > 0 && len(items) > p.Limit {
		out.Items = items[:p.Limit]
		out.Next = id(out.Items[p.Limit-1])
	}
	return out
}

// Versions is an object's whole history.
type Versions[T any] struct {
	Versions []T `json:"versions" nullable:"false" doc:"Oldest first"`
}

// kindOf says how records of one kind are read: from which store, and how they
// are shown.
type kindOf[T, V any] struct {
	noun, path string
	roles      []actor.Role
	get        func(ctx context.Context, s *sitestore.Store, id string) (T, error)
	list       func(ctx context.Context, s *sitestore.Store) ([]T, error)
	history    func(ctx context.Context, s *sitestore.Store, id string) ([]T, error)
	show       func(T) V
	id         func(T) string
}

// reads registers list, one, and history of a kind.
func reads[T, V any](m *Module, api huma.API, s *sitestore.Store, k kindOf[T, V]) {
	add(m, api, route.New("list-"+k.noun+"s", "GET", k.path, "List "+k.noun+"s", k.roles, 0),
		func(ctx context.Context, _ sitestore.By, in *Paging) (Page[V], error) {
			list, err := k.list(ctx, s)
			if err != nil {
				return Page[V]{}, err
			}
			p := page(list, k.id, *in)
			return Page[V]{Items: shown(p.Items, k.show), Next: p.Next}, nil
		})
	add(m, api, route.New("get-"+k.noun, "GET", k.path+"/{id}", "One "+k.noun, k.roles, 0),
		func(ctx context.Context, _ sitestore.By, in *OneID) (V, error) {
			v, err := k.get(ctx, s, in.ID)
			if err != nil {
				var none V
				return none, err
			}
			return k.show(v), nil
		})
	add(m, api, route.New(k.noun+"-history", "GET", k.path+"/{id}/history", "Every version of one "+k.noun, k.roles, 0),
		func(ctx context.Context, _ sitestore.By, in *OneID) (Versions[V], error) {
			list, err := k.history(ctx, s, in.ID)
			return Versions[V]{shown(list, k.show)}, err
		})
}

func shown[T, V any](list []T, show func(T) V) []V {
	out := make([]V, 0, len(list))
	for _, v := range list {
		out = append(out, show(v))
	}
	return out
}
