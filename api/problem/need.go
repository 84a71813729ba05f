package problem

import (
	"encoding/json"
	"errors"
	"net/http"

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
		_, err := actor.Need(ctx.Context(), roles...)
		if err == nil {
			next(ctx)
			return
		}
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
	}}
}
