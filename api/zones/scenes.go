package zones

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/route"
	"bystander/policy/sitestore"
)

type newScene struct {
	Body struct {
		ID string `json:"id" maxLength:"63" doc:"Also the verify_id of the 1:1 interface"`
		SceneEdit
	}
}

// SceneEdit is what an editor says of a scene.
type SceneEdit struct {
	sitestore.SceneSpec
	Reason string `json:"reason,omitempty" maxLength:"500"`
}

type editScene struct {
	OfVersion
	OneID
	Body SceneEdit
}

type assessScene struct {
	MaybeVersion
	OneID
	Body struct {
		Assessment string `json:"assessment" maxLength:"64"`
		Reason     string `json:"reason,omitempty" maxLength:"500"`
	}
}

type reviewScene struct {
	MaybeVersion
	OneID
	Body struct {
		Reviewer string    `json:"reviewer" minLength:"1" maxLength:"200" doc:"Counsel who reviewed the whole flow"`
		Date     time.Time `json:"date"`
		Reason   string    `json:"reason,omitempty" maxLength:"500"`
	}
}

func (in *newScene) reason() string    { return in.Body.Reason }
func (in *editScene) reason() string   { return in.Body.Reason }
func (in *assessScene) reason() string { return in.Body.Reason }
func (in *reviewScene) reason() string { return in.Body.Reason }

func (m *Module) sceneRoutes(api huma.API) {
	s := m.cfg.Shown
	reads(m, api, s, kindOf[sitestore.Scene, Scene]{
		"scene", "/v1/scenes", staff,
		sitestore.Get[sitestore.Scene], sitestore.List[sitestore.Scene], sitestore.History[sitestore.Scene],
		func(v sitestore.Scene) Scene { return Scene{v} }, func(v sitestore.Scene) string { return v.ID },
	})
	add(m, api, route.New("add-scene", "POST", "/v1/scenes", "Add a scene, as a draft", editors, 201),
		func(ctx context.Context, by sitestore.By, in *newScene) (Scene, error) {
			v, err := s.AddScene(ctx, by, in.Body.ID, in.Body.SceneSpec)
			return Scene{v}, err
		})
	add(m, api, route.New("edit-scene", "PUT", "/v1/scenes/{id}", "Change a scene; a new purpose needs a new assessment", editors, 0),
		func(ctx context.Context, by sitestore.By, in *editScene) (Scene, error) {
			v, err := s.EditScene(ctx, by, in.ID, in.Body.SceneSpec)
			return Scene{v}, err
		})
	add(m, api, route.New("assess-scene", "POST", "/v1/scenes/{id}/assess", "Rest a scene on an approved assessment", privacy, 0),
		func(ctx context.Context, by sitestore.By, in *assessScene) (Scene, error) {
			v, err := s.Assess(ctx, by, in.ID, in.Body.Assessment)
			return Scene{v}, err
		})
	add(m, api, route.New("review-scene", "PUT", "/v1/scenes/{id}/legal-review", "Record counsel's review", privacy, 0),
		func(ctx context.Context, by sitestore.By, in *reviewScene) (Scene, error) {
			v, err := s.Review(ctx, by, in.ID, sitestore.Review{Reviewer: in.Body.Reviewer, Date: in.Body.Date})
			return Scene{v}, err
		})
	for _, step := range []struct {
		o route.Op
		f func(context.Context, sitestore.By, string) (sitestore.Scene, error)
	}{
		{route.New("enable-scene", "POST", "/v1/scenes/{id}/enable", "Take an assessed or paused scene into use, if every condition holds", approvers, 0), s.Enable},
		{route.New("pause-scene", "POST", "/v1/scenes/{id}/pause", "Mask everybody in a scene", stoppers, 0), s.Pause},
		{route.New("retire-scene", "POST", "/v1/scenes/{id}/retire", "End a scene for good", editors, 0), s.RetireScene},
	} {
		add(m, api, step.o, func(ctx context.Context, by sitestore.By, in *decision) (Scene, error) {
			v, err := step.f(ctx, by, in.ID)
			return Scene{v}, err
		})
	}
}

type newAssessment struct {
	Body struct {
		sitestore.AssessmentSpec
		Reason string `json:"reason,omitempty" maxLength:"500"`
	}
}

type editAssessment struct {
	OfVersion
	OneID
	Body struct {
		sitestore.AssessmentSpec
		Reason string `json:"reason,omitempty" maxLength:"500"`
	}
}

type dispose struct {
	MaybeVersion
	OneID
	Reason string `query:"reason" maxLength:"500" doc:"Why"`
}

func (in *newAssessment) reason() string  { return in.Body.Reason }
func (in *editAssessment) reason() string { return in.Body.Reason }
func (in *dispose) reason() string        { return in.Reason }

func (m *Module) assessmentRoutes(api huma.API) {
	s := m.cfg.Shown
	reads(m, api, s, kindOf[sitestore.Assessment, Assessment]{
		"assessment", "/v1/assessments", staff,
		sitestore.Get[sitestore.Assessment], sitestore.List[sitestore.Assessment], sitestore.History[sitestore.Assessment],
		func(v sitestore.Assessment) Assessment { return Assessment{v} }, func(v sitestore.Assessment) string { return v.ID },
	})
	add(m, api, route.New("add-assessment", "POST", "/v1/assessments", "Write an impact assessment of a scene as it is now", privacy, 201),
		func(ctx context.Context, by sitestore.By, in *newAssessment) (Assessment, error) {
			v, err := s.AddAssessment(ctx, by, in.Body.AssessmentSpec)
			return Assessment{v}, err
		})
	add(m, api, route.New("edit-assessment", "PUT", "/v1/assessments/{id}", "Change an assessment that is not approved", privacy, 0),
		func(ctx context.Context, by sitestore.By, in *editAssessment) (Assessment, error) {
			v, err := s.EditAssessment(ctx, by, in.ID, in.Body.AssessmentSpec)
			return Assessment{v}, err
		})
	add(m, api, route.New("approve-assessment", "POST", "/v1/assessments/{id}/approve", "Approve an assessment that somebody else wrote", approvers, 0),
		func(ctx context.Context, by sitestore.By, in *decision) (Assessment, error) {
			v, err := s.Approve(ctx, by, in.ID)
			return Assessment{v}, err
		})
	add(m, api, route.New("dispose-assessment", "DELETE", "/v1/assessments/{id}", "Remove an assessment older than three years", privacy, 0),
		func(ctx context.Context, by sitestore.By, in *dispose) (Done, error) {
			return Done{true}, s.DisposeAssessment(ctx, by, in.ID)
		})
}

// Done says that it was done.
type Done struct {
	Done bool `json:"done"`
}

// FilingEdit is what is known of a filing.
type FilingEdit struct {
	Scene      string     `json:"scene,omitempty" maxLength:"63" doc:"Left out: it covers every scene of the site"`
	Type       string     `json:"type" minLength:"1" maxLength:"64" doc:"As the profile names it, such as mlps_grading"`
	Authority  string     `json:"authority" minLength:"1" maxLength:"300"`
	Number     string     `json:"number,omitempty" maxLength:"100"`
	Due        *time.Time `json:"due,omitempty"`
	Status     string     `json:"status" enum:"planned,filed,approved,cancelled"`
	ValidUntil *time.Time `json:"valid_until,omitempty"`
	Reason     string     `json:"reason,omitempty" maxLength:"500"`
}

type newFiling struct{ Body FilingEdit }

type editFiling struct {
	OfVersion
	OneID
	Body FilingEdit
}

func (in *newFiling) reason() string  { return in.Body.Reason }
func (in *editFiling) reason() string { return in.Body.Reason }

func (b FilingEdit) spec() sitestore.FilingSpec {
	return sitestore.FilingSpec{
		Scene: b.Scene, Type: b.Type, Authority: b.Authority, Number: b.Number, Status: b.Status,
		Due: moment(b.Due), ValidUntil: moment(b.ValidUntil),
	}
}

func (m *Module) filingRoutes(api huma.API) {
	s := m.cfg.Shown
	reads(m, api, s, kindOf[sitestore.Filing, Filing]{
		"filing", "/v1/filings", staff,
		sitestore.Get[sitestore.Filing], sitestore.List[sitestore.Filing], sitestore.History[sitestore.Filing],
		func(v sitestore.Filing) Filing { return Filing{v} }, func(v sitestore.Filing) string { return v.ID },
	})
	add(m, api, route.New("add-filing", "POST", "/v1/filings", "Record a filing or approval", privacy, 201),
		func(ctx context.Context, by sitestore.By, in *newFiling) (Filing, error) {
			v, err := s.AddFiling(ctx, by, in.Body.spec())
			return Filing{v}, err
		})
	add(m, api, route.New("edit-filing", "PUT", "/v1/filings/{id}", "Change a filing", privacy, 0),
		func(ctx context.Context, by sitestore.By, in *editFiling) (Filing, error) {
			v, err := s.EditFiling(ctx, by, in.ID, in.Body.spec())
			return Filing{v}, err
		})
}
