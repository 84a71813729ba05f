package consent

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bystander/internal/event"
	"bystander/policy"
)

// widgets lists what a person may operate, by channel: always something that
// they do themselves, after reading, and that stands on nothing beforehand
//
var widgets = map[policy.Channel][]string{
	policy.ChannelWeb:   {"checkbox", "slide"},
	policy.ChannelKiosk: {"checkbox", "slide", "button"},
	policy.ChannelPaper: {"signature"},
	policy.ChannelO2O:   {"checkbox", "slide"},
}

// Widgets lists what a person may operate on a channel.
func Widgets(c policy.Channel) []string { return slices.Clone(widgets[c]) }

// Given is one act by which somebody says yes.
type Given struct {
	Enrollee string
	Purposes []policy.Purpose // exactly one; more are refused as BUNDLED
	Scenes   []string
	Zones    []string
	Evidence ActEvidence
	Guardian string    // of a child under 14: who acts
	Expires  time.Time // zero takes the configured term
}

// ActEvidence is how the act took place.
type ActEvidence struct {
	Channel    policy.Channel
	Widget     string
	Language   string
	NoticeHash event.Digest // of the notice that was shown
	Basis      string
	Written    bool         // a signed or typed release exists
	Document   event.Digest // of that release, kept elsewhere
	At         time.Time    // of a paper act; zero, or any other channel: now
	By         string       // account that recorded it
}

// Outcome is what an act left.
type Outcome struct {
	Consent policy.Consent
	// Code shows an online consent of the o2o channel at a kiosk, once.
	Code string
}

// Give records one act for one purpose. On the web, at a kiosk and on paper the
// consent is active from then on; on the o2o channel it waits, pending, for the
// second act at a kiosk.
func (s *Service) Give(ctx context.Context, g Given) (_ Outcome, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// Nor may another replica take the same act a second time meanwhile.
	unlock, err := s.cfg.DB.Lock(ctx, "give")
	if err != nil {
		return Outcome{}, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	c, err := s.draft(ctx, g)
	if err != nil {
		return Outcome{}, err
	}
	rows := []policy.Consent{c}
	if g.Evidence.Channel != policy.ChannelO2O {
		active, err := c.Confirm(c.Act, c.ChangedAt, "given")
		if err != nil {
			return Outcome{}, invalid(err)
		}
		rows = append(rows, active)
		c = active
	}
	out := Outcome{Consent: c}
	if err := s.put(ctx, rows...); err != nil {
		return Outcome{}, err
	}
	if g.Evidence.Channel == policy.ChannelO2O {
		out.Code, err = s.newCode(ctx, g.Enrollee)
	}
	return out, err
}

// draft checks an act and makes the pending consent of it.
func (s *Service) draft(ctx context.Context, g Given) (policy.Consent, error) {
	e, err := s.cfg.Records.Enrollee(ctx, g.Enrollee)
	if err != nil {
		return policy.Consent{}, notFound(err, "ENROLLEE_UNKNOWN", "enrollee", "there is no such person here")
	}
	return s.draftOf(ctx, g, e)
}

// draftFor is draft for a person who is stored only when the act will do.
func (s *Service) draftFor(ctx context.Context, g Given, fresh policy.Enrollee, known bool) (policy.Consent, error) {
	if known {
		return s.draft(ctx, g)
	}
	return s.draftOf(ctx, g, fresh)
}

func (s *Service) draftOf(ctx context.Context, g Given, e policy.Enrollee) (policy.Consent, error) {
	var none policy.Consent
	switch len(g.Purposes) {
	case 0:
		return none, Refuse(Malformed, "PURPOSE_MISSING", "purpose", "say what the consent is for")
	case 1:
	default:
		return none, Refuse(Malformed, "BUNDLED", "purposes", "one act carries one purpose; ask for each of them by itself")
	}
	purpose, err := policy.ParsePurpose(string(g.Purposes[0]))
	if err != nil {
		return none, Refuse(Malformed, "PURPOSE_UNKNOWN", "purpose", "match, appear_live, appear_recorded or raw_image")
	}
	site, notice, err := s.scope(ctx, g.Scenes, g.Zones)
	if err != nil {
		return none, err
	}
	act, err := s.act(g.Evidence, notice)
	if err != nil {
		return none, err
	}
	if e.Status != policy.EnrolleeActive {
		return none, Refuse(Unmet, "ENROL_AGAIN", "enrollee", "this enrolment has ended and its keys are destroyed; begin a new one")
	}
	if err := s.inWriting(site, purpose, act.Written); err != nil {
		return none, err
	}
	if err := s.ofAge(ctx, site, e, g.Guardian, g.Scenes); err != nil {
		return none, err
	}
	if err := s.repeated(ctx, g, purpose); err != nil {
		return none, err
	}
	now := s.now()
	expires, err := s.term(purpose, act.At, g.Expires)
	if err != nil {
		return none, err
	}
	c := policy.Consent{
		ID: newID(), Version: 1, Enrollee: g.Enrollee, Guardian: g.Guardian, Purpose: purpose,
		Scenes: slices.Clone(g.Scenes), Zones: slices.Clone(g.Zones), NoticeVersion: notice.Version,
		Act: act, ExpiresAt: expires, State: policy.ConsentPending, ChangedAt: now,
	}
	return c, invalid(c.Check())
}

// act checks how an act took place.
func (s *Service) act(e ActEvidence, n InForce) (policy.Act, error) {
	var none policy.Act
	allowed, known := widgets[e.Channel]
	switch {
	case !known:
		return none, Refuse(Malformed, "CHANNEL_UNKNOWN", "channel", "web, kiosk, paper or o2o")
	case !slices.Contains(allowed, e.Widget):
		return none, Refuse(Malformed, "WIDGET_UNKNOWN", "widget",
			fmt.Sprintf("on channel %s a person acts by %s", e.Channel, strings.Join(allowed, " or ")))
	case strings.TrimSpace(e.Basis) == "":
		return none, Refuse(Malformed, "BASIS_MISSING", "basis", "name the legal basis")
	case e.By == "":
		return none, Refuse(Malformed, "RECORDED_BY_MISSING", "", "say who recorded the act")
	case e.NoticeHash.IsZero():
		return none, Refuse(Malformed, "NOTICE_HASH_MISSING", "notice_hash", "send the hash of the notice that was shown")
	case e.NoticeHash != n.Hash:
		return none, Refuse(Unmet, "NOTICE_CHANGED", n.Version, "this is not the notice in force; show the current one and ask again")
	}
	a := policy.Act{
		Channel: e.Channel, At: s.now(), NoticeHash: e.NoticeHash, RecordedBy: e.By, Basis: e.Basis,
		Written: e.Written || e.Channel == policy.ChannelPaper, Widget: e.Widget, Language: e.Language, Evidence: e.Document,
	}
	if n.Notice != nil {
		h, ok := n.Notice.TextHashes[e.Language]
		if !ok {
			return none, Refuse(Malformed, "LANGUAGE", "language", "say in which of its languages the notice was shown")
		}
		a.TextHash = h
	}
	if e.Channel == policy.ChannelPaper && !e.At.IsZero() {
		if e.At.After(a.At) {
			return none, Refuse(Malformed, "ACT_IN_FUTURE", "at", "the sheet cannot have been signed later than now")
		}
		a.At = e.At.UTC().Truncate(time.Millisecond)
	}
	return a, nil
}

// inWriting refuses what a jurisdiction or the purpose wants in writing.
func (s *Service) inWriting(site *policy.Site, p policy.Purpose, written bool) error {
	profile, _ := policy.ProfileByName(site.Profile)
	switch {
	case written:
		return nil
	case p == policy.PurposeRawImage, p == policy.PurposeAppearRecorded:
		return Refuse(Forbidden, "WRITTEN_AUTHORISATION", string(p), "this takes a separate authorisation in writing")
	case p == policy.PurposeMatch && profile.MatchInWriting:
		return Refuse(Unmet, "RELEASE_MISSING", site.Profile, "the law here asks for a written release before any recognition")
	}
	return nil
}

// term is when a consent ends.
func (s *Service) term(p policy.Purpose, from, want time.Time) (time.Time, error) {
	longest, usual := MaxTerm, s.cfg.Term
	if p == policy.PurposeRawImage {
		longest, usual = policy.MaxRawImage, policy.MaxRawImage
	}
	switch {
	case want.IsZero():
		want = from.Add(usual)
	case want.After(from.Add(longest)):
		return want, Refuse(Malformed, "TERM_TOO_LONG", "expires_at", fmt.Sprintf("at most %d days from the act", int(longest/day)))
	}
	if !want.After(s.now()) {
		return want, Refuse(Malformed, "TERM_OVER", "expires_at", "the consent would be over already")
	}
	return want.UTC().Truncate(time.Millisecond), nil
}

// repeated refuses a second consent for what one stands for already.
func (s *Service) repeated(ctx context.Context, g Given, p policy.Purpose) error {
	own, err := s.cfg.Records.ConsentsOf(ctx, g.Enrollee)
	if err != nil {
		return err
	}
	for _, c := range own {
		if c.Purpose == p && !c.State.Terminal() && overlap(c.Scenes, g.Scenes) && overlap(c.Zones, g.Zones) {
			return Refuse(Unmet, "CONSENT_EXISTS", c.ID, "a consent for this purpose and place is "+string(c.State)+" already; confirm or withdraw that one")
		}
	}
	return nil
}

// Confirm is the second act of an o2o consent, at a kiosk.
func (s *Service) Confirm(ctx context.Context, id string, e ActEvidence) (policy.Consent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.cfg.Records.Consent(ctx, id)
	if err != nil {
		return c, notFound(err, "CONSENT_UNKNOWN", id, "there is no such consent")
	}
	if c.State != policy.ConsentPending {
		return c, Refuse(Unmet, "CONSENT_STATE", string(c.State), "only a pending consent is confirmed")
	}
	if !c.ExpiresAt.After(s.now()) {
		return c, Refuse(Unmet, "CONSENT_STATE", "expired", "this consent is over; give a new one")
	}
	site, notice, err := s.scope(ctx, c.Scenes, c.Zones)
	if err != nil {
		return c, err
	}
	if e.Channel != policy.ChannelKiosk && e.Channel != policy.ChannelPaper {
		return c, Refuse(Malformed, "CHANNEL_UNKNOWN", "channel", "an online consent is confirmed in person: kiosk or paper")
	}
	a, err := s.act(e, notice)
	if err != nil {
		return c, err
	}
	if c.NoticeVersion != notice.Version {
		return c, Refuse(Unmet, "NOTICE_CHANGED", notice.Version, "the notice changed since; withdraw this consent and give a new one")
	}
	if err := s.inWriting(site, c.Purpose, a.Written); err != nil {
		return c, err
	}
	if err := s.stillOfAge(ctx, site, c); err != nil {
		return c, err
	}
	a.Channel = policy.ChannelO2O // both legs together; the widget is the second one's
	n, err := c.Confirm(a, s.now(), "confirmed in person")
	if err != nil {
		return c, invalid(err)
	}
	return n, s.put(ctx, n)
}

// Renew is the act that a consent in state reconfirm waits for.
func (s *Service) Renew(ctx context.Context, id, guardian string, e ActEvidence, expires time.Time) (policy.Consent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.cfg.Records.Consent(ctx, id)
	if err != nil {
		return c, notFound(err, "CONSENT_UNKNOWN", id, "there is no such consent")
	}
	if c.State != policy.ConsentReconfirm {
		return c, Refuse(Unmet, "CONSENT_STATE", string(c.State), "this consent does not wait to be confirmed again")
	}
	site, notice, err := s.scope(ctx, c.Scenes, c.Zones)
	if err != nil {
		return c, err
	}
	a, err := s.act(e, notice)
	if err != nil {
		return c, err
	}
	if err := s.inWriting(site, c.Purpose, a.Written); err != nil {
		return c, err
	}
	who, err := s.cfg.Records.Enrollee(ctx, c.Enrollee)
	if err != nil {
		return c, notFound(err, "ENROLLEE_UNKNOWN", "enrollee", "there is no such person here")
	}
	if err := s.ofAge(ctx, site, who, guardian, c.Scenes); err != nil {
		return c, err
	}
	if expires, err = s.term(c.Purpose, a.At, expires); err != nil {
		return c, err
	}
	n, err := c.Reconfirm(policy.Renewal{Act: a, NoticeVersion: notice.Version, Guardian: guardian, ExpiresAt: expires}, s.now(), "confirmed again")
	if err != nil {
		return c, invalid(err)
	}
	return n, s.put(ctx, n)
}

// invalid turns the domain's own errors into refusals.
func invalid(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, policy.ErrExists):
		return Refuse(Unmet, "CHANGED_MEANWHILE", "", "the record changed meanwhile; read it again")
	case errors.Is(err, policy.ErrInvalid):
		return Refuse(Malformed, "INVALID", "", err.Error())
	case errors.Is(err, policy.ErrTransition):
		return Refuse(Unmet, "CONSENT_STATE", "", err.Error())
	}
	return err
}

// Codes for a kiosk: without letters and digits that are mixed up when read.
var codeLetters = base32.NewEncoding("ABCDEFGHJKLMNPQRSTUVWXYZ23456789").WithPadding(base32.NoPadding)

const codeTerm = 30 * day

func (s *Service) newCode(ctx context.Context, enrollee string) (string, error) {
	code := freshCode()
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO codes VALUES (?,?,?)`, codeHash(code), enrollee, ms(s.now().Add(codeTerm)))
		return err
	})
	return code, err
}

func codeHash(code string) []byte {
	h := sha256.Sum256([]byte("bystander consent code v1\x00" + strings.ToUpper(strings.TrimSpace(code))))
	return h[:]
}

// ByCode finds whose online consents a code shows.
func (s *Service) ByCode(ctx context.Context, code string) (string, error) {
	var enrollee string
	err := s.cfg.DB.R.QueryRowContext(ctx, `SELECT enrollee FROM codes WHERE hash = ? AND expires_ms > ?`, codeHash(code), ms(s.now())).Scan(&enrollee)
	if err != nil {
		return "", notFound(err, "CODE_UNKNOWN", "", "this code is not known, or its time is over")
	}
	return enrollee, nil
}
