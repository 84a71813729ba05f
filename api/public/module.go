// Package public serves the privacy notice of an installation as a document of
// its own: one page in English and Simplified Chinese, made from what the site
// says, the notices in force, the real rules of keeping, and the register of
// components. It needs neither script nor sign-in (B-09, B-10).
package public

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"bystander/api/masthead"
	"bystander/api/problem"
	"bystander/policy/consent"
	"bystander/rights"
)

// House tells what is public of the house; *consent.Service does.
type House interface {
	House(ctx context.Context) (consent.House, error)
	Current(ctx context.Context, scene string) (consent.InForce, error)
}

// Rule is for how long one class of data is kept; Days 0 names no number of
// days.
type Rule struct {
	Class string
	Days  int
}

// Config joins the module to its surroundings. House and Rules are needed.
type Config struct {
	House House
	Rules func() []Rule
	Log   zerolog.Logger
}

// Module adds the page.
type Module struct {
	cfg        Config
	components map[string][]consent.Component // by language
}

// New returns the module.
func New(cfg Config) (*Module, error) {
	if cfg.House == nil || cfg.Rules == nil {
		return nil, errors.New("api/public: house and rules of keeping are needed")
	}
	r, err := consent.Components()
	if err != nil {
		return nil, err
	}
	m := &Module{cfg, map[string][]consent.Component{}}
	for _, language := range consent.Languages() {
		words, err := consent.Translations(language)
		if err != nil {
			return nil, err
		}
		for _, c := range r.Components {
			m.components[language] = append(m.components[language], c.In(words))
		}
	}
	return m, nil
}

type pageIn struct {
	Lang   string `query:"lang" enum:"en,zh-CN" doc:"Left out: as the reader's browser asks"`
	Theme  string `query:"theme" enum:"dark,light" doc:"Left out: as the reader's system is set"`
	From   string `query:"from" enum:"kiosk" doc:"A kiosk goes back to its start by itself"`
	Accept string `header:"Accept-Language"`
}

type pageOut struct {
	ContentType string `header:"Content-Type"`
	Language    string `header:"Content-Language"`
	Vary        string `header:"Vary"`
	Body        []byte
}

// Register implements api.Module.
func (m *Module) Register(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "privacy-page", Method: http.MethodGet, Path: "/privacy", Hidden: true,
		Summary: "The privacy notice as a page of its own, in English or Simplified Chinese",
	}, m.page)
	huma.Register(api, huma.Operation{
		OperationID: "public-house", Method: http.MethodGet, Path: "/v1/public/house", Tags: []string{"site"},
		Summary: "What the house is called; for everybody",
	}, m.named)
	huma.Register(api, huma.Operation{
		OperationID: "privacy-style", Method: http.MethodGet, Path: "/privacy.css", Hidden: true, Summary: "Its style",
	}, func(context.Context, *struct{}) (*pageOut, error) {
		return &pageOut{ContentType: "text/css; charset=utf-8", Body: []byte(masthead.Style + style)}, nil
	})
}

// Named is what the pages for everybody call the house.
type Named struct {
	Controller string `json:"controller" doc:"Who runs it; empty while there is no site"`
	Sample     bool   `json:"sample,omitempty" doc:"A demonstration: what it says of place and people is made up"`
}

type namedOut struct{ Body Named }

func (m *Module) named(ctx context.Context, _ *struct{}) (*namedOut, error) {
	h, err := m.cfg.House.House(ctx)
	var no *consent.Refusal
	if err != nil && !errors.As(err, &no) {
		return nil, m.failed(ctx, err)
	}
	return &namedOut{Named{h.Controller, h.Sample}}, nil
}

// failed is the answer when the store did not give its own.
func (m *Module) failed(ctx context.Context, err error) error {
	m.cfg.Log.Error().Err(err).Str("request_id", problem.RequestID(ctx)).Msg("what is public of the house could not be read")
	return problem.New(http.StatusServiceUnavailable, "STORE", "the store did not answer; see /healthz")
}

func (m *Module) page(ctx context.Context, in *pageIn) (*pageOut, error) {
	lang := language(in.Lang, in.Accept)
	d, err := m.data(ctx, lang)
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	d.Head = masthead.Head{
		Name: d.House.Controller, Lang: lang, Theme: in.Theme, Path: "/privacy",
		Kiosk: in.From == "kiosk", Back: d.W.Back,
	}
	var b bytes.Buffer
	if err := document.Execute(&b, d); err != nil {
		return nil, err
	}
	return &pageOut{"text/html; charset=utf-8", lang, "Accept-Language", b.Bytes()}, nil
}

// data gathers what the page says. A house without a site has a page, too: it
// says that nobody is recognised.
func (m *Module) data(ctx context.Context, lang string) (data, error) {
	d := data{Lang: lang, W: words[lang], Components: m.components[lang], Rules: kept(m.cfg.Rules(), words[lang])}
	h, err := m.cfg.House.House(ctx)
	var no *consent.Refusal
	if errors.As(err, &no) {
		d.Term = words[lang].term(rights.TermOf("default"))
		d.Authority = words[lang].Authorities["default"]
		return d, nil
	}
	if err != nil {
		return d, err
	}
	d.House, d.Term = h, words[lang].term(rights.TermOf(h.Profile))
	if d.Authority = words[lang].Authorities[h.Profile]; d.Authority == "" {
		d.Authority = words[lang].Authorities["default"]
	}
	for _, p := range h.Places {
		s := scene{Place: p, Purpose: or(words[lang].Purposes[string(p.Purpose)], string(p.Purpose)), Mode: words[lang].Modes[string(p.Mode)]}
		n, err := m.cfg.House.Current(ctx, p.Scene)
		switch {
		case errors.As(err, &no):
		case err != nil:
			return d, err
		case n.Notice != nil:
			s.Version, s.Since = n.Version, n.Notice.EffectiveFrom
			s.Text = n.Notice.Texts[lang]
			s.Has = true
			if s.Since.After(d.Updated) {
				d.Updated = s.Since
			}
		default:
			s.Version = n.Version
		}
		d.Scenes = append(d.Scenes, s)
	}
	return d, nil
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// Classes lists the classes of the rules that the page tells of. What it leaves
// out holds nothing about people who pass or enrol.
func Classes() []string {
	var out []string
	for _, c := range english.Classes {
		if c.Class != "" {
			out = append(out, c.Class)
		}
	}
	return out
}

// kept is one row for each class that the page has words for, with the longest
// time of its tables.
func kept(rules []Rule, w text) []row {
	days, unlimited := map[string]int{}, map[string]bool{}
	for _, r := range rules {
		days[r.Class] = max(days[r.Class], r.Days)
		unlimited[r.Class] = unlimited[r.Class] || r.Days == 0
	}
	var out []row
	for _, c := range w.Classes {
		n, known := days[c.Class]
		if c.Class != "" && !known {
			continue
		}
		until := c.Until
		if until == "" || c.Class != "" && !unlimited[c.Class] {
			until = w.days(n)
		}
		out = append(out, row{c.Name, until})
	}
	return out
}

type row struct{ Name, Until string }

type scene struct {
	consent.Place
	Purpose, Mode string
	Version       string
	Since         time.Time
	Text          consent.Text
	Has           bool
}

type data struct {
	Lang       string
	W          text
	House      consent.House
	Scenes     []scene
	Rules      []row
	Components []consent.Component
	Term       string
	Authority  string
	Updated    time.Time
	Head       masthead.Head
}

// Date writes a day as the reader's language does.
func (d data) Date(t time.Time) string {
	if d.Lang == "zh-CN" {
		return t.Format("2006年1月2日")
	}
	return t.Format("2 January 2006")
}

// language chooses the page's language: as asked, else the first of the
// browser's that there is, else English.
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
