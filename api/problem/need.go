package problem

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/actor"
)

// Need refuses whoever does not hold one of the roles, before anything of the
// request is read. With no role named everybody passes, signed in or not.
func Need(roles ...actor.Role) huma.Middlewares {
	if len(roles) == 0 {
		return nil
	}
	return huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
		if _, err := actor.Need(ctx.Context(), roles...); err != nil {
			refuse(ctx, err)
			return
		}
		next(ctx)
	}}
}

// NeedStrong refuses whoever has not given a second factor lately; now is
// time.Now when nil. It stands behind Need: who lacks the role learns no more.
func NeedStrong(now func() time.Time) func(huma.Context, func(huma.Context)) {
	if now == nil {
		now = time.Now
	}
	return func(ctx huma.Context, next func(huma.Context)) {
		if err := actor.NeedStrong(ctx.Context(), now()); err != nil {
			refuse(ctx, err)
			return
		}
		next(ctx)
	}
}

func refuse(ctx huma.Context, err error) {
	var p *Problem
	if !errors.As(Denied(err), &p) {
		p = New(http.StatusForbidden, "ROLE", "not permitted")
	}
	p.RequestID = RequestID(ctx.Context())
	if p.Status == http.StatusUnauthorized {
		ctx.SetHeader("WWW-Authenticate", "Bearer")
	}
	ctx.SetHeader("Content-Type", p.ContentType(""))
	ctx.SetStatus(p.Status)
	_ = json.NewEncoder(ctx.BodyWriter()).Encode(p) // a reader that left needs no answer
}
