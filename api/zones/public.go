package zones

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/masthead"
	"bystander/api/route"
	"bystander/policy"
	"bystander/policy/sitestore"
)

// PublicZone is what everybody may know of a zone before they enter it.
type PublicZone struct {
	ID          string     `json:"id"`
	Controller  string     `json:"controller"`
	Contact     string     `json:"contact"`
	Active      bool       `json:"active" doc:"Whether faces of enrolled people are recognised here now"`
	State       string     `json:"state" enum:"draft,signs_planned,inspected,live,suspended,retired"`
	Mode        string     `json:"mode,omitempty" enum:"zone,claim"`
	Purpose     string     `json:"purpose"`
	Function    string     `json:"function"`
	Retention   string     `json:"retention"`
	Rights      string     `json:"rights_link"`
	Alternative string     `json:"alternative"`
	Notice      *NoticeRef `json:"notice,omitempty"`
	Inspected   *time.Time `json:"inspected,omitempty"`
	InspectedTo *time.Time `json:"inspected_until,omitempty"`
	Records     bool       `json:"records" doc:"Pictures are recorded, with everybody masked who did not agree in writing"`
	Sample      bool       `json:"sample,omitempty"`
}

// NoticeRef is the notice in force.
type NoticeRef struct {
	Version   string            `json:"version"`
	Languages []string          `json:"languages"`
	SHA256    string            `json:"sha256" doc:"Of the published text"`
	Since     time.Time         `json:"effective_from"`
	Links     map[string]string `json:"links,omitempty" doc:"By language"`
}

type zonePage struct {
	Zone   string `path:"zone" maxLength:"63" pattern:"^[A-Za-z0-9._-]+$"`
	Lang   string `query:"lang" enum:"en,zh-CN" doc:"Left out: as the reader's browser asks"`
	Theme  string `query:"theme" enum:"dark,light" doc:"Left out: as the reader's system is set"`
	Accept string `header:"Accept-Language"`
}

type pageOut struct {
	ContentType string `header:"Content-Type"`
	Language    string `header:"Content-Language"`
	Vary        string `header:"Vary"`
	Body        []byte
}

func (m *Module) publicRoutes(api huma.API) {
	add(m, api, route.New("public-zone", "GET", "/v1/public/zones/{id}", "What everybody may know of a zone", nil, 0),
		func(ctx context.Context, _ sitestore.By, in *OneID) (PublicZone, error) {
			return m.publicZone(ctx, in.ID, "")
		})
	route.Add(m.Table, api, route.New("zone-page", "GET", "/z/{zone}", "The same as a page, in English or Simplified Chinese: what a sign's QR code leads to", nil, 0), m.zonePage,
		func(d *huma.Operation) {
			d.Responses = map[string]*huma.Response{"200": {Description: "The page", Content: map[string]*huma.MediaType{
				"text/html": {Schema: &huma.Schema{Type: huma.TypeString}},
			}}}
		})
	route.Add(m.Table, api, route.New("zone-page-style", "GET", "/z.css", "The page's style", nil, 0), func(context.Context, *nothing) (*pageOut, error) {
		return &pageOut{ContentType: "text/css; charset=utf-8", Body: []byte(masthead.Style + zoneStyle)}, nil
	}, func(d *huma.Operation) { d.Hidden = true })
}

func (m *Module) zonePage(ctx context.Context, in *zonePage) (*pageOut, error) {
	lang := language(in.Lang, in.Accept)
	z, err := m.publicZone(ctx, in.Zone, lang)
	if err != nil {
		return nil, err
	}
	head := masthead.Head{Name: z.Controller, Lang: lang, Theme: in.Theme, Path: "/z/" + z.ID}
	var b bytes.Buffer
	if err := zoneTemplate.Execute(&b, pageData{z, words[lang], lang, head}); err != nil {
		return nil, err
	}
	return &pageOut{"text/html; charset=utf-8", lang, "Accept-Language", b.Bytes()}, nil
}

// publicZone describes a zone; what its signs say in the language, where they say
// it there.
func (m *Module) publicZone(ctx context.Context, id, lang string) (PublicZone, error) {
	site, err := m.cfg.Shown.Compile(ctx)
	if errors.Is(err, sitestore.ErrNotMet) {
		return PublicZone{}, missing("zone", id)
	}
	if err != nil {
		return PublicZone{}, err
	}
	for _, z := range site.Zones {
		if z.ID == id && z.Kind == policy.ZoneRecognition && z.State != policy.ZoneDraft {
			return m.describe(ctx, site, z, lang)
		}
	}
	return PublicZone{}, missing("zone", id)
}

func (m *Module) describe(ctx context.Context, site *policy.Site, z policy.Zone, lang string) (PublicZone, error) {
	now := time.Now()
	sc, _ := site.Scene(z.Scene)
	halt, err := m.cfg.Store.Halted(ctx)
	if err != nil {
		return PublicZone{}, err
	}
	out := PublicZone{
		ID: z.ID, Controller: site.Controller.Name, Contact: site.Controller.Contact, Sample: site.Sample,
		Active: !halt.On && len(site.ZoneReadiness(z, now).Reasons) == 0 && len(site.SceneReadiness(sc, now).Reasons) == 0,
		State:  string(z.State), Mode: string(sc.Mode), Purpose: string(sc.Purpose), Records: sc.Records,
		Alternative: z.Alternative.Description,
	}
	for _, g := range z.Signs {
		if g.Kind == policy.SignRecognition {
			x := g.Text
			if t, ok := g.Translations[lang]; ok {
				x = t
				out.Controller, out.Contact = cmp.Or(t.Controller, out.Controller), cmp.Or(t.Contact, out.Contact)
			}
			if len(g.Translations) > 0 && x.Alternative != "" {
				out.Alternative = x.Alternative // the zone's own words may be in either language
			}
			out.Function, out.Retention, out.Rights = x.Function, x.Retention, x.RightsLink
			break
		}
	}
	if in := z.Inspection; in.ID != "" && in.Passed {
		out.Inspected, out.InspectedTo = &in.Date, &in.ValidUntil
	}
	if n, ok := site.Notice(sc.Notice); ok && n.Published {
		ref := &NoticeRef{Version: n.Version, Languages: n.Languages, SHA256: n.Hash.String(), Since: n.EffectiveFrom}
		if m.cfg.NoticeLink != nil {
			ref.Links = map[string]string{}
			for _, l := range n.Languages {
				ref.Links[l] = m.cfg.NoticeLink(n.Version, l)
			}
		}
		out.Notice = ref
	}
	return out, nil
}

// language chooses a page's language: as asked, else the first of the browser's
// that there is, else English.
func language(asked, accept string) string {
	if asked != "" {
		return asked
	}
	for part := range strings.SplitSeq(accept, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		switch tag = strings.ToLower(tag); {
		case tag == "zh" || strings.HasPrefix(tag, "zh-"):
			return "zh-CN"
		case tag == "en" || strings.HasPrefix(tag, "en-"):
			return "en"
		}
	}
	return "en"
}
