package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"bystander/api/actor"
	"bystander/api/auditor"
	"bystander/api/problem"
	"bystander/audit/access"
	"bystander/internal/event"
	"bystander/sink/sqlite"
)

// readRecorder keeps the access log for the modules of the interface.
type readRecorder struct{ e *edge }

// RecordRead implements actor.Recorder.
func (r readRecorder) RecordRead(ctx context.Context, read actor.Read) error {
	who := actor.From(ctx)
	id := who.ID
	if id == "" {
		id = "nobody"
	}
	request := problem.RequestID(ctx)
	return r.e.recordAccess(ctx, access.Entry{
		Actor: id, Role: actor.Names(who.Roles), Purpose: read.Purpose, Action: read.Action,
		Query:    append([]byte(request+"\n"+read.Object+"\n"), read.Query...),
		Subjects: read.Subjects, Count: read.Count,
	}, objectOnLog(read), request)
}

// objectOnLog names what was read so that it can be on a log for good: ids of
// people, and of what belongs to them, as a hash. Ids of rights requests and of
// cameras and names of questions stand there as they are.
func objectOnLog(read actor.Read) string {
	if read.Object == "" || strings.HasPrefix(read.Action, "rights.") || strings.HasPrefix(read.Action, "audit.") || strings.HasPrefix(read.Action, "camera.") {
		return read.Object
	}
	sum := sha256.Sum256([]byte("bystander object read v1\x00" + read.Object))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// readPurposes are the purposes that name nobody.
var readPurposes = []string{"audit", "incident", "rights", "authority", "rights request", "service", "human oversight"}

// purposeOnLog is the code of a purpose. What a reader wrote beside it can hold
// anything, also a name, so it stays in the access log of this machine.
func purposeOnLog(purpose string) string {
	code, _, _ := strings.Cut(purpose, ":")
	if slices.Contains(readPurposes, code) {
		return code
	}
	return "other"
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
			"action": entry.Action, "role": entry.Role, "purpose": purposeOnLog(entry.Purpose), "object": object, "request": request,
			"subjects": strconv.Itoa(max(entry.Count, len(entry.Subjects))),
		},
	}
	if len(entry.Subjects) == 1 {
		ev.SubjectRef = entry.Subjects[0]
	}
	e.ledger.emit(ev)
	return nil
}

// reviewLog lets reviewers read one event and what was said of it.
type reviewLog struct{ e *edge }

// Event implements auditor.Log.
func (l reviewLog) Event(ctx context.Context, id string) (event.Event, error) {
	rows, err := l.e.store.Events(ctx, sqlite.Query{ID: id, Limit: 1})
	if err != nil {
		return event.Event{}, err
	}
	if len(rows) == 0 {
		return event.Event{}, auditor.ErrNoEvent
	}
	return rows[0].Event, nil
}

// Reviews implements auditor.Log.
func (l reviewLog) Reviews(ctx context.Context, id string) ([]event.Event, error) {
	rows, err := l.e.store.Events(ctx, sqlite.Query{Ref: id, Kinds: []event.Kind{event.KindHumanReview}, Limit: sqlite.MaxLimit})
	out := make([]event.Event, len(rows))
	for i := range rows {
		out[i] = rows[i].Event
	}
	return out, err
}

// storeWait is how long a review waits for the store. The log has it already, so
// that a store which is away loses nothing.
const storeWait = 5 * time.Second

// record puts an event on the log and waits a while until the store has it, so
// that the next reader sees it.
func (l reviewLog) record(ctx context.Context, ev event.Event) error {
	stored, err := l.e.ledger.journal.Record(ctx, ev)
	if err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, storeWait)
	defer cancel()
	for l.e.pump.Status().Acked < stored[0].Seq {
		if wait(waiting, 20*time.Millisecond) != nil {
			return ctx.Err() // nil when only the store is late
		}
	}
	return nil
}
