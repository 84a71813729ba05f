package me

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/actor"
	"bystander/api/route"
)

// Kept is what the house keeps of one person, kind by kind.
type Kept struct {
	Kinds []KeptKind `json:"kinds" nullable:"false"`
	// Looks is who looked at the person's data, the newest first; not more than
	// the newest hundred.
	Looks []KeptLook `json:"looks" nullable:"false"`
}

// KeptKind is one kind of data.
type KeptKind struct {
	Kind  string `json:"kind" enum:"name,template,photograph,consents,receipts,messages,requests,recognitions,entries,recordings,reads"`
	Count int    `json:"count"`
	// Oldest and Newest bound when it came about, where that is known.
	Oldest *time.Time `json:"oldest,omitempty"`
	Newest *time.Time `json:"newest,omitempty"`
	// Days is for how long it is kept at most; 0 where another end is set, which
	// Ends names.
	Days int    `json:"days,omitempty"`
	Ends string `json:"ends" enum:"withdrawal,consent_end,days,erasure,size"`
}

// KeptLook is one look at the person's data, without who else it showed.
type KeptLook struct {
	At      time.Time `json:"at"`
	Role    string    `json:"role"`
	Purpose string    `json:"purpose"`
	Action  string    `json:"action"`
}

type ownKept struct{ Body Kept }

func (m *Module) keptRoute(api huma.API) {
	add(m, api, route.New("me-kept", "GET", "/v1/me/kept", "What is kept of you, for how long, and who looked at it", themselves, 0),
		func(ctx context.Context, a actor.Actor, _ *struct{}) (*ownKept, error) {
			if err := m.read(ctx, "me.kept", a.Enrollee); err != nil {
				return nil, err
			}
			k, err := m.cfg.Holdings.Kept(ctx, a.Enrollee)
			if k.Kinds == nil {
				k.Kinds = []KeptKind{}
			}
			if k.Looks == nil {
				k.Looks = []KeptLook{}
			}
			return &ownKept{k}, err
		})
}
