package notes

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"bystander/api/actor"
	"bystander/api/problem"
	"bystander/audit/receipt"
	"bystander/internal/event"
)

// The bounds of one export.
const (
	maxClips   = 240
	maxBytes   = int64(8) << 30
	fetchable  = 10 * time.Minute // from preparing to fetching
	maxWaiting = 64               // exports prepared and not fetched
)

// ExportDomain separates signatures of export statements from all others of the
// same key. It ends in a zero byte.
const ExportDomain = "bystander/export/v1\x00"

// Clip is one finished segment of redacted video with a receipt.
type Clip struct {
	ID       string
	Name     string // file name, as the receipt has it
	From, To time.Time
	Bytes    int64
	SHA256   string // hex
}

// Clips give recordings out.
type Clips interface {
	// Clips returns the finished segments of a camera that overlap a stretch of
	// time, oldest first, at most limit.
	Clips(ctx context.Context, camera string, from, to time.Time, limit int) ([]Clip, error)
	// Video opens a segment's file, Receipt reads the receipt beside it. Both fail
	// with ErrGone when it is no longer kept.
	Video(ctx context.Context, id string) (io.ReadCloser, error)
	Receipt(ctx context.Context, id string) ([]byte, error)
}

// ErrGone reports a segment, or a receipt, that is no longer kept.
var ErrGone = errors.New("notes: no longer kept")

// plan is an export that was prepared.
type plan struct {
	id, who, camera, purpose string
	session                  string // that let them in: nobody else fetches it
	from, to, until          time.Time
	clips                    []Clip
}

// Export is what was prepared.
type Export struct {
	ID      string    `json:"id" format:"uuid" doc:"Fetch /v1/exports/{id} within ten minutes, with the same account"`
	Clips   int       `json:"clips" doc:"Whole segments, as their receipts speak of them"`
	Bytes   int64     `json:"bytes"`
	From    time.Time `json:"from" doc:"Beginning of the first segment"`
	To      time.Time `json:"to" doc:"End of the last segment"`
	Expires time.Time `json:"expires"`
}

type exportInput struct {
	Body struct {
		Camera  string    `json:"camera" minLength:"1" maxLength:"64" pattern:"^[A-Za-z0-9_-]+$"`
		From    time.Time `json:"from"`
		To      time.Time `json:"to"`
		Purpose string    `json:"purpose" enum:"incident,authority,rights request" doc:"Why it leaves the house; on the log"`
	}
}

type exportOutput struct{ Body Export }

type exportFetchInput struct {
	ID string `path:"id" format:"uuid"`
}

func (m *Module) registerExports(routes huma.API) {
	huma.Register(routes, huma.Operation{
		OperationID: "prepare-export", Method: http.MethodPost, Path: "/v1/exports",
		Summary: "Prepare redacted clips of a stretch of time for export", DefaultStatus: http.StatusCreated,
		Description: "Clips are whole segments: a segment's signed receipt speaks of all of it.",
		Tags:        []string{"exports"}, Middlewares: append(problem.Need(actor.Operator), problem.NeedStrong(m.cfg.Now)),
		Errors: []int{http.StatusForbidden, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, m.prepare)
	huma.Register(routes, huma.Operation{
		OperationID: "fetch-export", Method: http.MethodGet, Path: "/v1/exports/{id}",
		Summary: "The prepared clips, their receipts and a signed statement of who exported them, as a ZIP",
		Description: "An event of kind access with the action recordings.export is on the log, and on the disk, before the first byte leaves. " +
			"Each file carries a signed mark behind its last picture: export, account, time, purpose, camera. Before the mark it is the recording, byte for byte, as its receipt has it.",
		Tags: []string{"exports"}, Middlewares: problem.Need(actor.Operator),
		Errors: []int{http.StatusNotFound, http.StatusGone, http.StatusServiceUnavailable},
		Responses: map[string]*huma.Response{"200": {
			Description: "The archive", Content: map[string]*huma.MediaType{"application/zip": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
		}},
	}, m.fetch)
}

func (m *Module) prepare(ctx context.Context, in *exportInput) (*exportOutput, error) {
	b := in.Body
	if !b.From.Before(b.To) {
		return nil, problem.New(http.StatusUnprocessableEntity, "RANGE", "the end must lie after the beginning")
	}
	if m.cfg.Clips == nil {
		return nil, problem.New(http.StatusConflict, "NOT_RECORDED", "nothing is recorded here (record.enabled)")
	}
	clips, err := m.cfg.Clips.Clips(ctx, b.Camera, b.From, b.To, maxClips+1)
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	who := actor.From(ctx)
	p := plan{who: who.ID, session: who.Session, camera: b.Camera, purpose: b.Purpose, from: b.From.UTC(), to: b.To.UTC(), clips: clips}
	var bytes int64
	for _, c := range clips {
		bytes += c.Bytes
	}
	switch {
	case len(clips) == 0:
		return nil, problem.New(http.StatusConflict, "NOTHING_RECORDED",
			"no finished recording lies in this stretch; one that is still being written gets its receipt when it ends")
	case len(clips) > maxClips || bytes > maxBytes:
		return nil, problem.New(http.StatusConflict, "TOO_LONG", "one export holds at most 240 segments and 8 GiB; choose a shorter stretch")
	}
	if err := m.keep(&p); err != nil {
		return nil, err
	}
	return &exportOutput{Body: Export{
		ID: p.id, Clips: len(clips), Bytes: bytes, From: clips[0].From, To: clips[len(clips)-1].To, Expires: p.until,
	}}, nil
}

// keep remembers a plan until it is fetched or too old.
func (m *Module) keep(p *plan) error {
	id, err := uuid.NewRandom() // it lets its bearer fetch: nobody shall guess it
	if err != nil {
		return fmt.Errorf("notes: %w", err)
	}
	now := m.cfg.Now()
	p.id, p.until = id.String(), now.Add(fetchable)
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, old := range m.plans {
		if now.After(old.until) {
			delete(m.plans, key)
		}
	}
	if len(m.plans) >= maxWaiting {
		return problem.New(http.StatusServiceUnavailable, "BUSY", "too many exports wait to be fetched; try again in a few minutes")
	}
	m.plans[p.id] = *p
	return nil
}

// take returns a plan once, to the very session that made it: it gave a second
// factor then.
func (m *Module) take(id string, who actor.Actor) (plan, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.plans[id]
	if !ok || p.who != who.ID || p.session != who.Session || m.cfg.Now().After(p.until) {
		return plan{}, false
	}
	delete(m.plans, id)
	return p, true
}

func (m *Module) fetch(ctx context.Context, in *exportFetchInput) (*huma.StreamResponse, error) {
	who := actor.From(ctx)
	p, ok := m.take(in.ID, who)
	if !ok {
		return nil, problem.New(http.StatusNotFound, "NO_EXPORT", "this export was fetched already, or is older than ten minutes; prepare it again")
	}
	a, err := m.archive(ctx, p, who)
	if errors.Is(err, ErrGone) {
		return nil, problem.New(http.StatusGone, "GONE", "part of this stretch was removed by age meanwhile; prepare the export again")
	}
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	if err := m.tell(ctx, a, who); err != nil {
		return nil, m.failed(ctx, err)
	}
	return &huma.StreamResponse{Body: func(hctx huma.Context) { m.send(ctx, hctx, a) }}, nil
}

// Statement says who exported what, when and why. It lies in the archive as
// EXPORT.json, with its signature beside it.
type Statement struct {
	Version  int             `json:"version"`
	ID       string          `json:"export_id"`
	By       string          `json:"exported_by"` // account id
	Role     string          `json:"role"`
	At       time.Time       `json:"exported_at"`
	Purpose  string          `json:"purpose"`
	Site     string          `json:"site"`
	Edge     string          `json:"edge"`
	KeyID    string          `json:"key_id"`
	Camera   string          `json:"camera"`
	From     time.Time       `json:"from"` // as it was asked for
	To       time.Time       `json:"to"`
	Segments []StatementFile `json:"segments"`
}

// StatementFile is one segment of an export.
type StatementFile struct {
	Name    string    `json:"file"`
	SHA256  string    `json:"sha256"` // of the recording, before the mark
	Bytes   int64     `json:"bytes"`  // of the recording
	Mark    int       `json:"mark_bytes"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Receipt string    `json:"receipt_sha256"` // of the receipt's file
}

// archive reads the receipts and signs the statement: everything that can fail
// before the first byte leaves.
func (m *Module) archive(ctx context.Context, p plan, who actor.Actor) (*archive, error) {
	a := &archive{plan: p, receipts: make([][]byte, len(p.clips)), marks: make([][]byte, len(p.clips))}
	st := Statement{
		Version: 1, ID: p.id, By: who.ID, Role: actor.Names(who.Roles), At: m.cfg.Now().UTC().Truncate(time.Second), Purpose: p.purpose,
		Site: m.cfg.Site(), Edge: m.cfg.Edge, KeyID: m.cfg.KeyID, Camera: p.camera, From: p.from, To: p.to,
	}
	for i, c := range p.clips {
		b, err := m.cfg.Clips.Receipt(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		a.receipts[i] = b
		if m.cfg.Key != nil {
			a.marks[i], err = receipt.Mark{
				Export: st.ID, By: st.By, At: st.At, Purpose: st.Purpose, Site: st.Site, Edge: st.Edge, Camera: st.Camera,
				Segment: c.SHA256, Bytes: c.Bytes,
			}.Box(m.cfg.Key)
			if err != nil {
				return nil, fmt.Errorf("notes: mark: %w", err)
			}
		}
		st.Segments = append(st.Segments, StatementFile{
			Name: c.Name, SHA256: c.SHA256, Bytes: c.Bytes, Mark: len(a.marks[i]), From: c.From.UTC(), To: c.To.UTC(), Receipt: sum(b),
		})
	}
	text, err := json.MarshalIndent(st, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("notes: statement: %w", err)
	}
	a.made, a.statement = st, append(text, '\n')
	if m.cfg.Key != nil {
		a.signature = ed25519.Sign(m.cfg.Key, append([]byte(ExportDomain), a.statement...))
		a.public = slices.Clone(m.cfg.Key.Public().(ed25519.PublicKey))
	}
	return a, nil
}

// tell puts the export on the access log and on the event log, whose disk has it
// when this returns.
func (m *Module) tell(ctx context.Context, a *archive, who actor.Actor) error {
	p := a.plan
	err := m.cfg.Access.RecordRead(ctx, actor.Read{Action: "recordings.read", Object: p.id, Purpose: p.purpose, Query: a.statement})
	if err != nil || m.cfg.Record == nil {
		return err
	}
	return m.cfg.Record(ctx, event.Event{
		Kind: event.KindAccess, SiteID: m.cfg.Site(), CameraID: p.camera, ReviewerRef: event.ActorRef(who.ID),
		Detail: map[string]string{
			"action": "recordings.export", "role": actor.Names(who.Roles), "purpose": p.purpose, "object": p.id,
			"request": problem.RequestID(ctx), "subjects": "0", "from": stamp(p.from), "to": stamp(p.to),
			"segments": strconv.Itoa(len(p.clips)), "statement": "sha256:" + sum(a.statement),
		},
	})
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}
