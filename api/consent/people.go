package consent

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/actor"
	"bystander/api/route"
	"bystander/internal/event"
	"bystander/policy"
	"bystander/policy/consent"
)

type personHistory struct {
	Versions []Person `json:"versions" nullable:"false"`
}

type messageList struct {
	Messages []consent.Message `json:"messages" nullable:"false"`
}

type messagePath struct {
	ID      string `path:"id" format:"uuid"`
	Message string `path:"message" format:"uuid"`
}

type done struct {
	Done bool `json:"done"`
}

func (m *Module) personRoutes(api huma.API) {
	add(m, api, route.New("person", "GET", "/v1/enrollees/{id}", "A person's consents and current choice per scene; no name", looks, 200),
		func(ctx context.Context, a actor.Actor, in *byID) (Person, error) {
			e, own, err := m.person(ctx, a, in.ID)
			if err != nil {
				return Person{}, err
			}
			return personOf(e, own), m.seenPerson(ctx, "enrollees.read", in.ID, own)
		})
	add(m, api, route.New("person-history", "GET", "/v1/enrollees/{id}/history", "What changed of an enrolment, and when; replaced templates too", looks, 200),
		func(ctx context.Context, a actor.Actor, in *byID) (personHistory, error) {
			_, own, err := m.person(ctx, a, in.ID)
			if err != nil {
				return personHistory{}, err
			}
			h, err := m.cfg.Records.EnrolleeHistory(ctx, in.ID)
			if err != nil {
				return personHistory{}, err
			}
			out := personHistory{Versions: make([]Person, len(h))}
			for i, e := range h {
				out.Versions[i] = personOf(e, nil)
			}
			return out, m.seenPerson(ctx, "enrollees.history", in.ID, own)
		})
	add(m, api, route.New("messages", "GET", "/v1/enrollees/{id}/messages", "What the person must be told", looks, 200),
		func(ctx context.Context, a actor.Actor, in *byID) (messageList, error) {
			_, own, err := m.person(ctx, a, in.ID)
			if err != nil {
				return messageList{}, err
			}
			if err := m.seenPerson(ctx, "enrollees.messages", in.ID, own); err != nil {
				return messageList{}, err
			}
			all, err := m.cfg.Service.Messages(ctx, in.ID)
			return messageList{append([]consent.Message{}, all...)}, err
		})
	add(m, api, route.New("message-read", "POST", "/v1/enrollees/{id}/messages/{message}/read", "The person has seen a message", askers, 200),
		func(ctx context.Context, a actor.Actor, in *messagePath) (done, error) {
			if _, _, err := m.person(ctx, a, in.ID); err != nil {
				return done{}, err
			}
			return done{true}, m.cfg.Service.MarkRead(ctx, in.ID, in.Message)
		})
	add(m, api, route.New("withdraw-all", "POST", "/v1/enrollees/{id}/withdraw", "Take back everything, and end the enrolment", withdraws, 200),
		func(ctx context.Context, a actor.Actor, in *byID) (done, error) {
			if _, _, err := m.person(ctx, a, in.ID); err != nil {
				return done{}, err
			}
			return done{true}, m.cfg.Service.WithdrawAll(ctx, in.ID, a.ID)
		})
}

// person returns somebody whom the actor may look at.
func (m *Module) person(ctx context.Context, a actor.Actor, id string) (policy.Enrollee, []policy.Consent, error) {
	if err := own(a, id); err != nil {
		return policy.Enrollee{}, nil, err
	}
	e, err := m.cfg.Records.Enrollee(ctx, id)
	if err != nil {
		return e, nil, absent(err)
	}
	list, err := m.cfg.Records.ConsentsOf(ctx, id)
	return e, list, err
}

func (m *Module) seenPerson(ctx context.Context, action, id string, own []policy.Consent) error {
	if len(own) == 0 {
		own = []policy.Consent{{Enrollee: id}}
	}
	return m.seen(ctx, action, id, own...)
}

type newGuardian struct {
	Keyed
	Body struct {
		Enrollee string `json:"enrollee" format:"uuid"`
		Relation string `json:"relation" enum:"mother,father,legal_guardian,other"`
		Method   string `json:"method" enum:"identity_document,household_register,court_document,member_record,known_in_person"`
		Proof    string `json:"proof_sha256" maxLength:"64" doc:"SHA-256 of the document that was seen; the document is not kept"`
	}
}

type guardianList struct {
	Guardians []consent.Guardian `json:"guardians" nullable:"false"`
}

type channelBody struct {
	Scene string `path:"scene" maxLength:"64"`
	Body  struct {
		Desk      string `json:"desk" minLength:"1" maxLength:"200"`
		Procedure string `json:"procedure" minLength:"1" maxLength:"2000"`
	}
}

func (m *Module) guardianRoutes(api huma.API) {
	s := m.cfg.Service
	create(m, api, route.New("add-guardian", "POST", "/v1/guardians", "Record that an officer saw the proof that somebody may act for a child", officers, 201),
		func(in *newGuardian) any { return in.Body },
		func(ctx context.Context, a actor.Actor, in *newGuardian) (consent.Guardian, error) {
			b := in.Body
			var proof event.Digest
			if err := proof.UnmarshalText([]byte(b.Proof)); err != nil {
				return consent.Guardian{}, consent.Refuse(consent.Malformed, "PROOF_MISSING", "proof_sha256", "a SHA-256 is 64 hex digits")
			}
			return s.VerifyGuardian(ctx, consent.Guardian{Enrollee: b.Enrollee, Relation: b.Relation, Method: b.Method, Proof: proof, Actor: a.ID})
		})
	add(m, api, route.New("end-guardian", "POST", "/v1/guardians/{id}/end", "The guardian's power has ended; the child is not compared any more", officers, 200),
		func(ctx context.Context, a actor.Actor, in *byID) (consent.Guardian, error) {
			return s.EndGuardian(ctx, in.ID, a.ID)
		})
	add(m, api, route.New("guardians", "GET", "/v1/enrollees/{id}/guardians", "Who acts or acted for a child", []actor.Role{actor.ConsentOfficer, actor.PrivacyOfficer}, 200),
		func(ctx context.Context, a actor.Actor, in *byID) (guardianList, error) {
			_, own, err := m.person(ctx, a, in.ID)
			if err != nil {
				return guardianList{}, err
			}
			if err := m.seenPerson(ctx, "guardians.list", in.ID, own); err != nil {
				return guardianList{}, err
			}
			all, err := s.Guardians(ctx, in.ID)
			return guardianList{append([]consent.Guardian{}, all...)}, err
		})
	add(m, api, route.New("guardian-channel", "PUT", "/v1/guardian-channels/{scene}", "Where guardians act for a scene, and how they are checked", privacy, 200),
		func(ctx context.Context, a actor.Actor, in *channelBody) (consent.GuardianChannel, error) {
			return s.SetGuardianChannel(ctx, consent.GuardianChannel{Scene: in.Scene, Desk: in.Body.Desk, Procedure: in.Body.Procedure, Actor: a.ID})
		})
}

// importRow is one row of an import; every field may be missing, and then the
// report says so.
type importRow struct {
	Person   string     `json:"person,omitempty" maxLength:"64" doc:"A mark that the rows of one person share; not kept"`
	Purposes []string   `json:"purposes,omitempty" maxItems:"4"`
	Scenes   []string   `json:"scenes,omitempty" maxItems:"32"`
	Zones    []string   `json:"zones,omitempty" maxItems:"64"`
	Under14  *bool      `json:"under_14,omitempty"`
	Language string     `json:"language,omitempty" maxLength:"16"`
	Notice   string     `json:"notice_hash,omitempty" maxLength:"64"`
	Basis    string     `json:"basis,omitempty" maxLength:"200"`
	Evidence string     `json:"evidence_sha256,omitempty" maxLength:"64" doc:"SHA-256 of the signed sheet"`
	At       *time.Time `json:"act_at,omitempty"`
	Expires  *time.Time `json:"expires_at,omitempty"`
}

func (r importRow) row() consent.ImportRow {
	x := consent.ImportRow{Person: r.Person, Given: consent.Given{
		Purposes: purposes(r.Purposes), Scenes: r.Scenes, Zones: r.Zones, Expires: moment(r.Expires),
		Evidence: consent.ActEvidence{Language: r.Language, Basis: r.Basis, At: moment(r.At)},
	}}
	// What is no digest stays zero, and is refused as missing.
	_ = x.Given.Evidence.NoticeHash.UnmarshalText([]byte(r.Notice))
	_ = x.Given.Evidence.Document.UnmarshalText([]byte(r.Evidence))
	if r.Under14 != nil {
		x.Under14 = policy.TriOf(*r.Under14)
	}
	return x
}

type newImport struct {
	Keyed
	Body struct {
		Rows []importRow `json:"rows" minItems:"1" maxItems:"10000"`
	}
}

// ImportReport says what became of each row.
type ImportReport struct {
	ID       string         `json:"id"`
	At       time.Time      `json:"at"`
	Accepted int            `json:"accepted"`
	Rejected int            `json:"rejected"`
	Rows     []ImportResult `json:"rows"`
}

// ImportResult is one row's outcome: 201, or 422 or 409 with the reasons.
type ImportResult struct {
	Row      int         `json:"row"`
	Status   int         `json:"status"`
	Enrollee string      `json:"enrollee,omitempty"`
	Consent  string      `json:"consent,omitempty"`
	Reasons  []RowReason `json:"reasons,omitempty"`
}

// RowReason is why a row was refused.
type RowReason struct {
	Code   string `json:"code"`
	Object string `json:"object,omitempty"`
	Text   string `json:"text"`
}

func reportOf(i consent.Import) ImportReport {
	out := ImportReport{ID: i.ID, At: i.At, Accepted: i.Accepted, Rejected: i.Rejected, Rows: make([]ImportResult, len(i.Rows))}
	for k, r := range i.Rows {
		out.Rows[k] = ImportResult{Row: r.Row, Status: r.Status, Enrollee: r.Enrollee, Consent: r.Consent}
		for _, x := range r.Reasons {
			out.Rows[k].Reasons = append(out.Rows[k].Reasons, RowReason(x))
		}
	}
	return out
}

type filing struct {
	Body struct {
		Reference string `json:"reference" maxLength:"100" doc:"Number of the filing"`
	}
}

func (m *Module) officeRoutes(api huma.API) {
	s := m.cfg.Service
	create(m, api, route.New("import", "POST", "/v1/imports", "Take consents that were given on paper before; the report says for each row what became of it", officers, 200),
		func(in *newImport) any { return in.Body },
		func(ctx context.Context, a actor.Actor, in *newImport) (ImportReport, error) {
			rows := make([]consent.ImportRow, len(in.Body.Rows))
			for i, r := range in.Body.Rows {
				rows[i] = r.row()
			}
			rep, err := s.ImportRows(ctx, a.ID, rows)
			return reportOf(rep), err
		})
	add(m, api, route.New("import-report", "GET", "/v1/imports/{id}", "The report of an import", officers, 200),
		func(ctx context.Context, _ actor.Actor, in *byID) (ImportReport, error) {
			rep, err := s.Import(ctx, in.ID)
			if err != nil {
				return ImportReport{}, err
			}
			people := make([]policy.Consent, 0, len(rep.Rows))
			for _, r := range rep.Rows {
				if r.Enrollee != "" {
					people = append(people, policy.Consent{Enrollee: r.Enrollee})
				}
			}
			return reportOf(rep), m.seen(ctx, "imports.read", in.ID, people...)
		})
	add(m, api, route.New("census", "GET", "/v1/census", "How many distinct people are held, against the limit of filing", readers, 200),
		func(ctx context.Context, _ actor.Actor, _ *struct{}) (consent.Census, error) { return s.Census(ctx) })
	add(m, api, route.New("filed", "POST", "/v1/census/filing", "The filing was made", privacy, 200),
		func(ctx context.Context, a actor.Actor, in *filing) (consent.FilingTask, error) {
			return s.Filed(ctx, in.Body.Reference, a.ID)
		})
}
