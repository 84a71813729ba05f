package app

import (
	"context"
	"strconv"
	"strings"

	"bystander/api/actor"
	"bystander/api/problem"
	"bystander/audit/access"
	"bystander/internal/event"
)

// readRecorder keeps the access log for the modules of the interface.
type readRecorder struct{ e *edge }

// RecordRead implements actor.Recorder.
func (r readRecorder) RecordRead(ctx context.Context, read actor.Read) error {
	who := actor.From(ctx)
	role := "none"
	if len(who.Roles) > 0 {
		names := make([]string, len(who.Roles))
		for i, n := range who.Roles {
			names[i] = string(n)
		}
		role = strings.Join(names, ",")
	}
	id := who.ID
	if id == "" {
		id = "nobody"
	}
	request := problem.RequestID(ctx)
	return r.e.recordAccess(ctx, access.Entry{
		Actor: id, Role: role, Purpose: read.Purpose, Action: read.Action,
		Query:    append([]byte(request+"\n"+read.Object+"\n"), read.Query...),
		Subjects: read.Subjects, Count: read.Count,
	}, read.Object, request)
}

// recordAccess writes the access record and returns once it is on the disk. The
// event log, where auditors ask, is told as well.
func (e *edge) recordAccess(ctx context.Context, entry access.Entry, object, request string) error {
	if _, err := e.access.Record(ctx, entry); err != nil {
		return err
	}
	ev := event.Event{
		Kind: event.KindAccess, SiteID: e.law.siteID(), ReviewerRef: event.ActorRef(entry.Actor),
		Detail: map[string]string{
			"action": entry.Action, "role": entry.Role, "purpose": entry.Purpose, "object": object, "request": request,
			"subjects": strconv.Itoa(max(entry.Count, len(entry.Subjects))),
		},
	}
	if len(entry.Subjects) == 1 {
		ev.SubjectRef = entry.Subjects[0]
	}
	e.ledger.emit(ev)
	return nil
}
