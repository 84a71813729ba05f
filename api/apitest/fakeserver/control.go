package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// control lets tests lose a camera and find it again.
type control struct{ scene *scene }

type controlInput struct {
	ID  string `path:"id"`
	Act string `path:"act" enum:"lose,find"`
}

// Register implements api.Module.
func (c control) Register(routes huma.API) {
	huma.Register(routes, huma.Operation{
		OperationID: "fake-camera", Method: http.MethodPost, Path: "/v1/fake/cameras/{id}/{act}",
		DefaultStatus: http.StatusNoContent,
	}, func(_ context.Context, in *controlInput) (*struct{}, error) {
		c.scene.turn(in.ID, in.Act == "lose")
		return nil, nil
	})
}

// turn loses a camera, or finds it again.
func (s *scene) turn(id string, lose bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.cams {
		c := &s.cams[i]
		if c.ID != id {
			continue
		}
		c.State, c.Since, c.ErrCode, c.Err = "connected", time.Now(), "", ""
		if lose {
			c.State, c.ErrCode, c.Err = "retrying", "TIMEOUT", "the camera has stopped sending"
		}
		s.fake.SetCamera(*c)
	}
}
