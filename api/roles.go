package api

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"bystander/api/actor"
	"bystander/api/problem"
)

// Who may call the house's own routes. Modules declare theirs themselves.
var (
	toLook    = []actor.Role{actor.Operator, actor.VenueOwner, actor.Inspector, actor.Auditor, actor.PrivacyOfficer, actor.Administrator}
	toFollow  = []actor.Role{actor.Operator, actor.Auditor}
	toWatch   = []actor.Role{actor.Operator}
	toPublish = []actor.Role{actor.Operator, actor.Administrator}
	toMeasure = []actor.Role{actor.Administrator}
)

// needHTTP refuses whoever holds none of the roles; for routes outside huma.
func (a *API) needHTTP(next http.Handler, roles ...actor.Role) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := actor.Need(r.Context(), roles...); err != nil {
			a.refuse(w, r, problem.Denied(err))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// guardMetrics lets administrators read the metrics, and programs on this very
// machine. What a proxy passes on comes from elsewhere.
func (a *API) guardMetrics(next http.Handler) http.Handler {
	guarded := a.needHTTP(next, toMeasure...)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !a.cfg.Proxied && fromHere(r) {
			next.ServeHTTP(w, r)
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

// fromHere reports whether a request was made on this machine and not passed on
// by anybody.
func fromHere(r *http.Request) bool {
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(h) != "" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// Route is one address that the API answers.
type Route struct{ Method, Pattern string }

// Routes lists every address, those of modules included, in order.
func (a *API) Routes() ([]Route, error) {
	var out []Route
	err := chi.Walk(a.router.(chi.Routes), func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		out = append(out, Route{method, pattern})
		return nil
	})
	slices.SortFunc(out, func(x, y Route) int {
		if x.Pattern != y.Pattern {
			return strings.Compare(x.Pattern, y.Pattern)
		}
		return strings.Compare(x.Method, y.Method)
	})
	return slices.Compact(out), err
}
