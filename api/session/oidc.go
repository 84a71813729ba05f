package session

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/oauth2"

	"bystander/api/actor"
	"bystander/api/users/accounts"
)

// ProviderConfig is an identity provider that vouches for people: OpenID Connect
// Core 1.0, authorization code flow with PKCE (RFC 7636), state and nonce.
type ProviderConfig struct {
	ID, Label   string
	Issuer      string
	ClientID    string
	Secret      string // empty for a public client
	Scopes      []string
	GroupsClaim string
	Roles       map[string][]actor.Role // by group; who is in none gets in nowhere
}

// How long an identity provider may take to answer.
const providerPatience = 10 * time.Second

// The ways in which a sign-in through a provider ends without one, as the
// sign-in page gets them in failed=.
var (
	errDenied  = errors.New("oidc_denied")  // the provider or the person said no
	errExpired = errors.New("oidc_expired") // took too long, or was begun in another browser
	errNoRole  = errors.New("oidc_no_role") // no group that stands for a role
	errOIDC    = errors.New("oidc_failed")  // what came back does not hold, or the provider does not answer
	errEnded   = errors.New("oidc_ended")   // the account was disabled here
)

// provider asks one identity provider. What it publishes about itself is read at
// the first use, so that a provider that is down does not keep us from starting.
type provider struct {
	cfg    ProviderConfig
	client *http.Client

	mu    sync.Mutex
	found *oidc.Provider
}

func newProvider(cfg ProviderConfig, client *http.Client) *provider {
	if client == nil {
		client = &http.Client{Timeout: providerPatience}
	}
	return &provider{cfg: cfg, client: client}
}

func (p *provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	// Its keys are read anew as long as the program runs, beyond this request.
	found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.client), p.cfg.Issuer)
	if err != nil {
		return nil, fmt.Errorf("session: provider %s: %w", p.cfg.ID, err)
	}
	p.found = found
	return found, nil
}

func (p *provider) oauth(found *oidc.Provider, redirect string) *oauth2.Config {
	scopes := append([]string{oidc.ScopeOpenID, "profile"}, p.cfg.Scopes...)
	return &oauth2.Config{ClientID: p.cfg.ClientID, ClientSecret: p.cfg.Secret, Endpoint: found.Endpoint(), RedirectURL: redirect, Scopes: slices.Compact(scopes)}
}

// journey is one sign-in on its way through a provider.
type journey struct {
	provider, nonce, verifier, redirect, then string
	browser                                   []byte // hash of the cookie of the browser that set out
}

// person is whom a provider vouches for.
type person struct {
	subject, login, name string
	roles                []actor.Role
	strong               bool
}

// exchange turns a code into the person that the provider vouches for.
func (p *provider) exchange(ctx context.Context, j journey, code string) (person, error) {
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.client), providerPatience)
	defer cancel()
	found, err := p.discover(ctx)
	if err != nil {
		return person{}, err
	}
	config := p.oauth(found, j.redirect)
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(j.verifier))
	if err != nil {
		return person{}, fmt.Errorf("exchange: %w", err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return person{}, errors.New("the answer holds no ID token")
	}
	id, err := found.Verifier(&oidc.Config{ClientID: p.cfg.ClientID}).Verify(ctx, raw)
	if err != nil {
		return person{}, fmt.Errorf("ID token: %w", err)
	}
	if id.Nonce != j.nonce || id.Subject == "" {
		return person{}, errors.New("ID token: it is another sign-in's")
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return person{}, fmt.Errorf("ID token: %w", err)
	}
	if _, has := claims[p.cfg.GroupsClaim]; !has && found.UserInfoEndpoint() != "" {
		if err := moreClaims(ctx, found, config.TokenSource(ctx, token), id.Subject, claims); err != nil {
			return person{}, err
		}
	}
	return p.person(id.Subject, claims), nil
}

// moreClaims adds what only the provider's userinfo tells.
func moreClaims(ctx context.Context, found *oidc.Provider, tokens oauth2.TokenSource, subject string, claims map[string]any) error {
	info, err := found.UserInfo(ctx, tokens)
	if err != nil {
		return fmt.Errorf("userinfo: %w", err)
	}
	if info.Subject != subject {
		return errors.New("userinfo: it is another person's")
	}
	more := map[string]any{}
	if err := info.Claims(&more); err != nil {
		return fmt.Errorf("userinfo: %w", err)
	}
	for k, v := range more {
		if _, has := claims[k]; !has {
			claims[k] = v
		}
	}
	return nil
}

func (p *provider) person(subject string, claims map[string]any) person {
	who := person{subject: subject, login: text(claims["preferred_username"]), name: text(claims["name"])}
	for _, g := range list(claims[p.cfg.GroupsClaim]) {
		for _, r := range p.cfg.Roles[g] {
			if !slices.Contains(who.roles, r) {
				who.roles = append(who.roles, r)
			}
		}
	}
	slices.Sort(who.roles)
	who.strong = slices.Contains(list(claims["amr"]), "mfa") // RFC 8176
	return who
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// list reads a claim that is a list of texts, or one text.
func list(v any) []string {
	if s, ok := v.(string); ok {
		return []string{s}
	}
	items, _ := v.([]any)
	var out []string
	for _, i := range items {
		if s, ok := i.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// account is what the person's account is called here, whichever characters the
// provider uses: the provider's id, their login in what an id may hold, and
// something of their subject's hash, so that two never meet.
func (p *provider) account(who person) accounts.NewAccount {
	sum := sha256.Sum256([]byte(who.subject))
	login := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		}
		return -1
	}, strings.ToLower(strings.Split(who.login, "@")[0]))
	if login = login[:min(len(login), 24)]; login != "" {
		login += "-"
	}
	name := strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, who.name))
	id := p.cfg.ID[:min(len(p.cfg.ID), 24)] + "." + login + hex.EncodeToString(sum[:4])
	if name == "" {
		name = id
	}
	if r := []rune(name); len(r) > 80 {
		name = strings.TrimSpace(string(r[:80]))
	}
	return accounts.NewAccount{ID: id, Name: name, Roles: who.roles, Issuer: p.cfg.Issuer, Subject: who.subject}
}

type startInput struct {
	request
	Provider string `path:"provider" maxLength:"63" pattern:"^[a-z0-9_-]+$"`
	Then     string `query:"then" maxLength:"512" doc:"Where to go afterwards, an address of ours"`
}

type callbackInput struct {
	request
	Provider string `path:"provider" maxLength:"63" pattern:"^[a-z0-9_-]+$"`
	Code     string `query:"code" maxLength:"4096"`
	State    string `query:"state" maxLength:"128"`
	Error    string `query:"error" maxLength:"128"`
	// Providers add these.
	Description  string `query:"error_description" maxLength:"2048"`
	URI          string `query:"error_uri" maxLength:"2048"`
	Issuer       string `query:"iss" maxLength:"512"`
	SessionState string `query:"session_state" maxLength:"512"`
	Scope        string `query:"scope" maxLength:"512"`
	Prompt       string `query:"prompt" maxLength:"64"`
	AuthUser     string `query:"authuser" maxLength:"64"`
	Domain       string `query:"hd" maxLength:"256"`
}

type redirectOutput struct {
	Status   int
	Location string `header:"Location"`
}

func (m *Module) registerOIDC(routes huma.API) {
	op := func(id, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Summary: summary, Tags: []string{"session"}, DefaultStatus: http.StatusSeeOther, Errors: []int{404, 422, 429}}
	}
	huma.Register(routes, op("begin-oidc", "/v1/session/oidc/{provider}/start", "Go to an identity provider to sign in"), m.setOut)
	huma.Register(routes, op("end-oidc", "/v1/session/oidc/{provider}/callback", "Come back from an identity provider"), m.comeBack)
}

func (m *Module) setOut(ctx context.Context, in *startInput) (*redirectOutput, error) {
	p := m.providers[in.Provider]
	if p == nil {
		return nil, m.refused(ctx, accounts.ErrNone)
	}
	asking, cancel := context.WithTimeout(ctx, providerPatience)
	defer cancel()
	found, err := p.discover(asking)
	if err != nil {
		m.log.Warn().Err(err).Str("provider", p.cfg.ID).Msg("the identity provider does not answer")
		return away(errOIDC), nil
	}
	scheme := "http"
	if m.secure(in.r) {
		scheme = "https"
	}
	browser := newText()
	j := journey{
		provider: p.cfg.ID, nonce: newText(), verifier: oauth2.GenerateVerifier(), then: ours(in.Then),
		redirect: scheme + "://" + in.r.Host + "/v1/session/oidc/" + p.cfg.ID + "/callback", browser: digest(browser),
	}
	state := m.journeys.put(j)
	http.SetCookie(in.w, m.journeyCookie(in.r, browser, int(pendingTerm.Seconds())))
	return &redirectOutput{Status: http.StatusSeeOther, Location: p.oauth(found, j.redirect).AuthCodeURL(state, oidc.Nonce(j.nonce), oauth2.S256ChallengeOption(j.verifier))}, nil
}

func (m *Module) comeBack(ctx context.Context, in *callbackInput) (*redirectOutput, error) {
	p := m.providers[in.Provider]
	if p == nil {
		return nil, m.refused(ctx, accounts.ErrNone)
	}
	s, j, err := m.arrive(ctx, p, in)
	http.SetCookie(in.w, m.journeyCookie(in.r, "", -1))
	if err != nil {
		m.log.Warn().Err(err).Str("provider", p.cfg.ID).Str("address", m.addressOf(in.r)).Msg("sign-in through the identity provider refused")
		for _, known := range []error{errDenied, errExpired, errNoRole, errEnded} {
			if errors.Is(err, known) {
				return away(known), nil
			}
		}
		return away(errOIDC), nil
	}
	then := j.then
	if s.SecondFactor.Needed {
		then = "/signin?then=" + url.QueryEscape(then)
	}
	return &redirectOutput{Status: http.StatusSeeOther, Location: then}, nil
}

// arrive checks what a browser comes back with, and begins the session.
func (m *Module) arrive(ctx context.Context, p *provider, in *callbackInput) (Answer, journey, error) {
	j, ok := m.journeys.take(in.State)
	cookies := in.r.CookiesNamed(m.journeyCookie(in.r, "", 0).Name)
	if !ok || j.provider != p.cfg.ID || len(cookies) != 1 || !slices.Equal(digest(cookies[0].Value), j.browser) {
		return Answer{}, j, errExpired
	}
	if in.Error != "" || in.Code == "" {
		return Answer{}, j, errDenied
	}
	who, err := p.exchange(ctx, j, in.Code)
	if err != nil {
		return Answer{}, j, err
	}
	if len(who.roles) == 0 {
		return Answer{}, j, errors.Join(errNoRole, m.store.EndVouched(ctx, p.cfg.Issuer, who.subject))
	}
	a, made, err := m.store.Vouched(ctx, p.account(who))
	if errors.Is(err, accounts.ErrState) {
		return Answer{}, j, errEnded
	}
	if err != nil {
		return Answer{}, j, err
	}
	if made {
		m.tell(a.ID, a.ID, "created", map[string]string{"way": "oidc", "roles": actor.Names(a.Roles)})
	}
	out, err := m.begin(ctx, in.request, a, accounts.MethodOIDC, who.strong)
	if err != nil {
		return Answer{}, j, err
	}
	return out.Body, j, nil
}

// journeyCookie ties a journey to the browser that set out. It is Lax: the
// provider's page sends the browser back.
func (m *Module) journeyCookie(r *http.Request, value string, age int) *http.Cookie {
	c := &http.Cookie{Name: "bystander_journey", Value: value, Path: "/", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if m.secure(r) {
		c.Name, c.Secure = hostPrefix+c.Name, true
	}
	return c
}

func away(why error) *redirectOutput {
	return &redirectOutput{Status: http.StatusSeeOther, Location: "/signin?failed=" + why.Error()}
}

// ours returns an address of ours, the start page for every other.
func ours(then string) string {
	u, err := url.Parse(then)
	if err != nil || !strings.HasPrefix(then, "/") || strings.HasPrefix(then, "//") || u.Host != "" || u.Scheme != "" ||
		strings.ContainsFunc(then, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) {
		return "/"
	}
	return then
}

func digest(s string) []byte {
	h := sha256.Sum256([]byte(s))
	return h[:]
}
