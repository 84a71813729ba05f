package api

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"

	"bystander/api/actor"
)

// errAccess: the access record could not be written.
var errAccess = errors.New("api: access record")

// record writes the access record of a request. The fields that follow from
// the request are filled in here.
func (a *API) record(r *http.Request, acc Access) error {
	acc.Time = a.cfg.Now()
	acc.RequestID = requestID(r.Context())
	acc.Actor, acc.Role = "local:"+remoteHost(r), "none"
	if who := actor.From(r.Context()); who.Known() {
		acc.Actor, acc.Role = who.ID, actor.Names(who.Roles)
	}
	acc.Purpose = "monitoring"
	sum := sha256.Sum256([]byte(r.URL.Path + "?" + r.URL.Query().Encode()))
	acc.QueryHash = hex.EncodeToString(sum[:])
	if err := a.back.Access.RecordAccess(r.Context(), acc); err != nil {
		a.metrics.accessFailed()
		a.log.Error().Err(err).Str("request_id", acc.RequestID).Str("action", string(acc.Action)).
			Msg("access record failed; nothing was shown")
		return fmt.Errorf("%w: %w", errAccess, err)
	}
	return nil
}

func remoteHost(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "unknown"
	}
	return host
}

// recordEvents writes an access record when some of the events are linked to a
// person.
func (a *API) recordEvents(r *http.Request, action AccessAction, camera string, events []Event) error {
	var subjects []string
	personal := false
	for _, e := range events {
		personal = personal || e.Personal()
		if e.SubjectRef != "" {
			subjects = append(subjects, e.SubjectRef)
		}
	}
	if !personal {
		return nil
	}
	slices.Sort(subjects)
	return a.record(r, Access{
		Action: action, Camera: camera, Subjects: slices.Compact(subjects), Events: len(events),
	})
}
