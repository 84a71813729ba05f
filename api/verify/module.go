package verify

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/actor"
	"bystander/api/problem"
	"bystander/internal/event"
)

// Path of the interface.
const Path = "/v1/verify"

// Module answers POST /v1/verify and GET /v1/verify/keys.
type Module struct {
	cfg     Config
	began   time.Time
	turns   chan struct{}
	scrub   scrubber
	publics []PublicKey
}

// New joins the parts. It fails with ErrConfig.
func New(cfg Config) (*Module, error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	keys, err := cfg.Opener.PublicKeys()
	if err != nil {
		return nil, err
	}
	m := &Module{
		cfg: cfg, began: cfg.Now().Truncate(time.Second), turns: make(chan struct{}, cfg.Parallel),
		scrub: scrubber{run: cfg.Scrub}, publics: []PublicKey{},
	}
	for _, e := range []Encryption{EncryptSM2, EncryptRSA} {
		if der, ok := keys[e]; ok {
			m.publics = append(m.publics, PublicKey{EncryptionType: int(e), Key: base64.StdEncoding.EncodeToString(der)})
		}
	}
	return m, nil
}

// BodyLimits implements api.BodyLimiter.
func (m *Module) BodyLimits() map[string]int64 { return map[string]int64{Path: MaxBody} }

// Answer is what a call gets.
type Answer struct {
	RequestID      string             `json:"request_id" format:"uuid" doc:"Names this call in the log; also in X-Request-Id"`
	BizNo          string             `json:"biz_no,omitempty" doc:"As it was sent"`
	VerifyID       string             `json:"verify_id"`
	ComparisonType int                `json:"comparison_type"`
	DataType       int                `json:"data_type"`
	SelfSupplied   bool               `json:"self_supplied" doc:"The picture is the person's own, not taken live; no template can be made from it without a check in person"`
	Result         string             `json:"result" enum:"same,different"`
	Score          float32            `json:"score" doc:"Cosine of the two faces, −1 to 1"`
	Threshold      float32            `json:"threshold" doc:"From which on the result is same"`
	Thresholds     map[string]float32 `json:"thresholds" doc:"Scores that a comparison of two different people reaches with the named probability"`
	Quality        float32            `json:"quality" doc:"Of the poorer picture, 0 to 1"`
}

// PublicKey is a key that clients encrypt for.
type PublicKey struct {
	EncryptionType int    `json:"encryption_type" enum:"1,2" doc:"1: SM2, 2: RSA-OAEP with SHA-256"`
	Key            string `json:"key" doc:"Public key, PKIX, DER, in base64"`
}

type keysOut struct {
	Body struct {
		Keys []PublicKey `json:"keys"`
	}
}

// Register implements api.Module.
func (m *Module) Register(routes huma.API) {
	huma.Register(routes, huma.Operation{
		OperationID: "verify-keys", Method: http.MethodGet, Path: Path + "/keys", Tags: []string{"verify"},
		Summary: "Public keys to encrypt pictures for", Errors: []int{http.StatusUnprocessableEntity},
	}, func(context.Context, *struct{}) (*keysOut, error) {
		out := &keysOut{}
		out.Body.Keys = m.publics
		return out, nil
	})
	op := m.operation(routes.OpenAPI().Components.Schemas)
	routes.OpenAPI().AddOperation(op)
	// Not by huma.Register, whose pooled buffers would keep the pictures.
	routes.Adapter().Handle(op, routes.Middlewares().Handler(m.serve))
}

// serve answers one call.
func (m *Module) serve(ctx huma.Context) {
	id := problem.RequestID(ctx.Context())
	a, p := m.guarded(ctx, id)
	ctx.SetHeader("Cache-Control", "no-store")
	if p != nil {
		p.RequestID = id
		if p.Status == http.StatusServiceUnavailable {
			ctx.SetHeader("Retry-After", "2")
		}
		write(ctx, p.Status, "application/problem+json", p)
		return
	}
	write(ctx, http.StatusOK, "application/json", a)
}

func write(ctx huma.Context, status int, kind string, v any) {
	b, err := json.Marshal(v)
	if err != nil { // a score that is no number; none can be
		status, b = http.StatusInternalServerError, []byte(`{"title":"Internal Server Error","status":500}`)
	}
	ctx.SetHeader("Content-Type", kind)
	ctx.SetStatus(status)
	_, _ = ctx.BodyWriter().Write(b) // whoever hung up needs no answer
}

// guarded bounds the calls under way, and cleans up after each.
func (m *Module) guarded(ctx huma.Context, id string) (*Answer, *problem.Problem) {
	select {
	case m.turns <- struct{}{}:
		defer func() { <-m.turns }()
	default:
		return nil, problem.New(http.StatusServiceUnavailable, "BUSY", "too many calls at once; come again in a moment")
	}
	body, p := read(ctx)
	if p != nil {
		return nil, p
	}
	c := &call{ctx: ctx.Context(), id: id, plain: ctx.TLS() == nil, body: body}
	collected := false
	defer func() {
		c.contents.wipe()
		clear(body)
		if collected {
			m.scrub.after()
		}
	}()
	if p := m.admit(ctx, c); p != nil {
		return nil, p
	}
	collected = true
	return m.collect(c)
}

// call is one call under way.
type call struct {
	ctx      context.Context
	id       string
	plain    bool // the connection is not encrypted
	body     []byte
	key      Key
	version  string
	request  request
	scene    Scene
	contents contents
}

// read takes the body into one piece of memory, which the caller wipes.
func read(ctx huma.Context) ([]byte, *problem.Problem) {
	n, err := strconv.ParseInt(ctx.Header("Content-Length"), 10, 64)
	switch {
	case err != nil:
		return nil, problem.New(http.StatusLengthRequired, "LENGTH", "say how long the body is, with Content-Length")
	case n > MaxBody:
		return nil, problem.New(http.StatusRequestEntityTooLarge, "LENGTH", "a request may hold at most "+strconv.Itoa(MaxBody)+" bytes")
	}
	body := make([]byte, n)
	_ = ctx.SetReadDeadline(time.Now().Add(30 * time.Second)) // not every server can
	if _, err := io.ReadFull(ctx.BodyReader(), body); err != nil {
		clear(body)
		return nil, problem.New(http.StatusBadRequest, "BODY", "the body ended early")
	}
	return body, nil
}

// admit checks everything that needs no picture: who calls, what for, and
// whether it may be.
func (m *Module) admit(ctx huma.Context, c *call) *problem.Problem {
	s, inHeaders, p := fromHeaders(ctx.Header)
	if p != nil {
		return p
	}
	path := ctx.URL().Path
	if inHeaders { // before anything of the body is looked at
		if c.key, p = m.authenticate(c.ctx, s, ctx.Method(), path, c.body); p != nil {
			return p
		}
	} else if !m.cfg.LegacySHA1 {
		return badSign("SIGN_MISSING", "sign the request: see docs/verify.md")
	}
	if c.request, p = parse(ctx.Header("Content-Type"), c.body); p != nil {
		return p
	}
	if !inHeaders {
		if c.request.version != SignSHA1 {
			return badSign("SIGN_MISSING", "sign the request: see docs/verify.md")
		}
		if s, p = fromField(c.request.sign); p != nil {
			return p
		}
		if c.key, p = m.authenticate(c.ctx, s, ctx.Method(), path, c.body); p != nil {
			return p
		}
	} else if c.request.sign != "" {
		return wrong("sign", "the request is signed by its headers already")
	}
	c.version = s.version
	c.ctx = actor.With(c.ctx, actor.Actor{ID: c.key.ID, Roles: []actor.Role{actor.Client}, Via: "signature"})
	if p := m.choose(c); p != nil {
		return p
	}
	return m.open(&c.request, &c.contents)
}

// choose finds the scene and checks that the call may be made in it.
func (m *Module) choose(c *call) *problem.Problem {
	unknown := problem.New(http.StatusNotFound, "SCENE_UNKNOWN", "there is no scene of this verify_id")
	if !slices.Contains(c.key.Scenes, c.request.scene) {
		return unknown // nor does anybody learn of others' scenes
	}
	s, err := m.cfg.Scenes.VerifyScene(c.ctx, c.request.scene)
	switch {
	case errors.Is(err, ErrNotFound):
		return unknown
	case err != nil:
		return problem.New(http.StatusServiceUnavailable, "SCENES", "the scenes cannot be read; see /healthz")
	case !s.Enabled:
		return problem.New(http.StatusConflict, "SCENE_DISABLED", "the scene is not enabled", s.Reasons...)
	}
	c.scene = s
	switch e := c.request.encryption; {
	case c.request.comparison == CompareAuthority && m.cfg.Authority == nil,
		c.request.comparison == CompareDocument && m.cfg.Document == nil:
		return problem.New(http.StatusNotImplemented, "NO_ADAPTER", "no source is connected for this comparison_type; name and number were not kept")
	case e == EncryptNone && (!s.PlainOverTLS || c.plain):
		p := wrong("encryption_type", "pictures must be encrypted here (1 or 2); 0 is taken only where the scene's policy allows it, over an encrypted connection")
		p.Code = "ENCRYPTION_REQUIRED"
		return p
	case e != EncryptNone && !m.cfg.Opener.offers(e):
		p := wrong("encryption_type", "this server has no key of that kind; see GET /v1/verify/keys")
		p.Code = "ENCRYPTION_UNAVAILABLE"
		return p
	}
	return nil
}

// collect compares, and leaves exactly one event, however it ends.
func (m *Module) collect(c *call) (*Answer, *problem.Problem) {
	out, err := m.compare(c)
	same := err == nil && out.Score >= max(out.Threshold, c.scene.Score)
	m.cfg.Emit(m.event(c, out, err, same))
	if err != nil {
		return nil, refused(err)
	}
	r := &c.request
	a := &Answer{
		RequestID: c.id, BizNo: r.bizNo, VerifyID: r.scene, ComparisonType: int(r.comparison), SelfSupplied: r.selfSupplied,
		Result: "different", Score: out.Score, Threshold: max(out.Threshold, c.scene.Score), Thresholds: out.Levels, Quality: out.Quality,
	}
	if r.selfSupplied {
		a.DataType = 1
	}
	if same {
		a.Result = "same"
	}
	return a, nil
}

func (m *Module) compare(c *call) (Outcome, error) {
	r := &c.request
	q := Question{Photo: c.contents.image, Reference: c.contents.reference, Name: c.contents.name, IDNumber: c.contents.number}
	switch {
	case r.comparison == CompareAuthority:
		return m.cfg.Authority.Verify(c.ctx, c.scene, q)
	case r.comparison == CompareDocument:
		return m.cfg.Document.Verify(c.ctx, c.scene, q)
	case r.enrollee != "":
		return m.cfg.Faces.CompareEnrolled(c.ctx, c.scene, r.enrollee, q.Photo)
	}
	return m.cfg.Faces.Compare(c.ctx, c.scene, q.Photo, q.Reference)
}

// refused turns an error of a comparison into an answer.
func refused(err error) *problem.Problem {
	var r *Refusal
	var n *NotEligible
	switch {
	case errors.As(err, &r):
		p := wrong(r.Field, r.Text)
		p.Code = r.Code
		return p
	case errors.As(err, &n):
		return problem.New(http.StatusConflict, "NOT_ELIGIBLE", "this person may not be compared in this scene", n.Reasons...)
	case errors.Is(err, ErrNotFound):
		// The same for nobody and for somebody without consent here.
		return problem.New(http.StatusConflict, "NOT_ELIGIBLE", "this person may not be compared in this scene")
	}
	return problem.New(http.StatusServiceUnavailable, "COMPARE", "the faces could not be compared; see /healthz")
}

// event is the one fact that stays of a call. Of somebody who is not enrolled
// it holds nothing but the outcome; biz_no is the caller's and is not kept.
func (m *Module) event(c *call, out Outcome, err error, same bool) event.Event {
	e := event.Event{
		TS: m.cfg.Now().UTC(), TSQuality: event.TSUnsynced, Kind: event.KindVerify, SiteID: m.cfg.Site, SceneID: c.scene.ID,
		PolicyVersion: c.scene.PolicyVersion, NoticeVersion: c.scene.NoticeVersion, AssessmentID: c.scene.AssessmentID,
		ModelDigest: out.Model, Threshold: max(out.Threshold, c.scene.Score), PAD: out.PAD, Verdict: "different",
		Detail: map[string]string{
			"request": c.id, "key": c.key.ID, "sign_version": c.version,
			"comparison_type": strconv.Itoa(int(c.request.comparison)), "encryption_type": strconv.Itoa(int(c.request.encryption)),
			"data_type": "0", "reference": "picture",
		},
	}
	if m.cfg.ClockSynced != nil && m.cfg.ClockSynced() {
		e.TSQuality = event.TSSynced
	}
	if c.request.selfSupplied {
		e.Detail["data_type"] = "1"
	}
	if c.request.enrollee != "" {
		e.Detail["reference"] = "enrolled"
		e.GateMode, e.GateBits = "claim", out.GateBits
		e.SubjectRef, e.ConsentRef, e.ConsentVersion, e.TemplateRef = out.Subject, out.Consent, out.ConsentVersion, out.Template
		e.Score, e.Quality = out.Score, out.Quality
	}
	if err != nil {
		e.Verdict, e.Threshold = "refused", 0
		var r *Refusal
		if errors.As(err, &r) {
			e.Detail["code"] = r.Code
		}
	} else if same {
		e.Verdict = "same"
	}
	return e
}

// operation describes the call for clients.
func (m *Module) operation(schemas huma.Registry) *huma.Operation {
	binary := func() *huma.Schema { return &huma.Schema{Type: huma.TypeString, Format: "binary"} }
	text := func(doc string) *huma.Schema { return &huma.Schema{Type: huma.TypeString, Description: doc} }
	choice := func(doc string, n ...any) *huma.Schema {
		return &huma.Schema{Type: huma.TypeInteger, Enum: n, Description: doc}
	}
	body := func(picture func() *huma.Schema) *huma.Schema {
		s := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Properties: map[string]*huma.Schema{
			"comparison_type": choice("0: with a picture or an enrolled person; 1: with an authority's register, 2: with a document's chip, each only with an adapter", 0, 1, 2),
			"data_type":       choice("0: taken live; 1: the person's own picture", 0, 1),
			"verify_id":       text("The scene"),
			"biz_no":          text("Echoed; at most 128 bytes"),
			"encryption_type": choice("0: none, over TLS and where the scene allows it; 1: SM2 and SM4-GCM; 2: RSA-OAEP and AES-256-GCM", 0, 1, 2),
			"encrypted_key":   text("With 1 and 2: the call's key, encrypted, in base64"),
			"image":           picture(), "reference_image": picture(),
			"enrollee":  text("In place of reference_image: an enrolled person's id"),
			"name":      text("With comparison_type 1 only, encrypted as the pictures are; never stored"),
			"id_number": text("With comparison_type 1 only, encrypted as the pictures are; never stored"),
			"sign":      text("hmac_sha1 only, where it is allowed; hmac_sha256 goes into the header " + HeaderSign),
			"sign_version": {
				Type: huma.TypeString, Enum: []any{SignSHA1},
			},
		}, Required: []string{"comparison_type", "data_type", "verify_id", "encryption_type", "image"}}
		s.PrecomputeMessages()
		return s
	}
	failure := &huma.Response{Description: "Refused", Content: map[string]*huma.MediaType{
		"application/problem+json": {Schema: schemas.Schema(reflect.TypeFor[problem.Problem](), true, "Problem")},
	}}
	op := &huma.Operation{
		OperationID: "verify", Method: http.MethodPost, Path: Path, Tags: []string{"verify"},
		Summary:     "Compare one face with one other",
		Description: "Nothing of the pictures, the identity or the faces is kept. Sign the request with the headers " + HeaderKey + ", " + HeaderVersion + " (hmac_sha256), " + HeaderTime + ", " + HeaderNonce + " and " + HeaderSign + "; see docs/verify.md.",
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/json":    {Schema: body(func() *huma.Schema { return text("In base64") })},
			"multipart/form-data": {Schema: body(binary)},
		}},
		Responses: map[string]*huma.Response{
			"200": {Description: "Compared", Content: map[string]*huma.MediaType{
				"application/json": {Schema: schemas.Schema(reflect.TypeFor[Answer](), true, "Answer")},
			}},
		},
	}
	for _, h := range []string{HeaderKey, HeaderVersion, HeaderTime, HeaderNonce, HeaderSign} {
		op.Parameters = append(op.Parameters, &huma.Param{Name: h, In: "header", Schema: &huma.Schema{Type: huma.TypeString}})
	}
	for _, s := range []int{401, 404, 409, 411, 413, 415, 422, 501, 503} {
		op.Responses[strconv.Itoa(s)] = failure
	}
	return op
}
