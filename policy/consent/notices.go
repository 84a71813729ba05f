package consent

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"bystander/internal/event"
	"bystander/policy"
)

// NoticePeriod is when a notice published without a date takes effect.
const NoticePeriod = 7 * day

// Draft is a notice as its author hands it in.
type Draft struct {
	// Version names the notice for good. The same version again is an editorial
	// revision: better words for the same content.
	Version string          `json:"version"`
	Scenes  []string        `json:"scenes"`
	Texts   map[string]Text `json:"texts"` // by language
	// Supersedes is the version that this one replaces; empty for a first one.
	Supersedes string `json:"supersedes,omitempty"`
}

// Notice is one revision of a notice.
type Notice struct {
	Draft
	Revision int `json:"revision"` // from 1
	// Hash names the version: consents rest on it. It stays through editorial
	// revisions; TextHashes name the words of this one, by language.
	Hash       event.Digest            `json:"hash"`
	TextHashes map[string]event.Digest `json:"text_hashes"`
	// Components is the table of third parties, from the component register.
	Components []Component `json:"components"`

	State         string    `json:"state"` // draft, published
	Author        string    `json:"author"`
	Approver      string    `json:"approver,omitempty"`
	CreatedAt     time.Time `json:"created_at"`
	PublishedAt   time.Time `json:"published_at,omitzero"`
	EffectiveFrom time.Time `json:"effective_from,omitzero"`
}

var versionForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Faults returns everything that keeps a draft from being published.
func (d *Draft) Faults() []Reason {
	var out []Reason
	if !versionForm.MatchString(d.Version) {
		out = append(out, Reason{"NOTICE_VERSION", "version", "letters, digits, dot, dash and underscore, at most 64"})
	}
	if len(d.Scenes) == 0 {
		out = append(out, Reason{"NOTICE_FIELD_EMPTY", "scenes", "say for which scenes the notice speaks"})
	}
	for _, l := range Languages() {
		if _, ok := d.Texts[l]; !ok {
			out = append(out, Reason{"NOTICE_LANGUAGE_MISSING", l, "a notice is published in zh-CN and en"})
		}
	}
	for _, l := range slices.Sorted(maps.Keys(d.Texts)) {
		t := d.Texts[l]
		out = append(out, t.check(l)...)
	}
	return out
}

// body is what is stored and hashed.
type noticeBody struct {
	Draft      Draft       `json:"draft"`
	Components []Component `json:"components"`
}

// AddNotice stores a draft. It is refused with every fault at once, and when it
// repeats a version whose content it would change.
func (s *Service) AddNotice(ctx context.Context, author string, d Draft) (Notice, error) {
	if faults := d.Faults(); len(faults) > 0 {
		return Notice{}, &Refusal{Sort: Malformed, Reasons: faults}
	}
	site, err := s.cfg.Site(ctx)
	if err != nil {
		return Notice{}, err
	}
	for _, id := range d.Scenes {
		if _, ok := site.Scene(id); !ok {
			return Notice{}, Refuse(Malformed, "SCENE_UNKNOWN", id, "there is no such scene here")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all, err := s.Notices(ctx)
	if err != nil {
		return Notice{}, err
	}
	if _, clash := site.Notice(d.Version); clash && !slices.ContainsFunc(all, func(n Notice) bool { return n.Version == d.Version }) {
		return Notice{}, Refuse(Unmet, "NOTICE_EXISTS", d.Version, "the site file has a notice of that version; take another")
	}
	if d.Supersedes != "" && !slices.ContainsFunc(all, func(n Notice) bool { return n.Version == d.Supersedes }) {
		if _, ok := site.Notice(d.Supersedes); !ok {
			return Notice{}, Refuse(Malformed, "NOTICE_UNKNOWN", d.Supersedes, "there is no such notice to supersede")
		}
	}
	table, err := s.thirdParties(ctx)
	if err != nil {
		return Notice{}, err
	}
	body := noticeBody{d, table}
	revision := 1
	for _, n := range all {
		if n.Version != d.Version {
			continue
		}
		if n.State == "draft" {
			return Notice{}, Refuse(Unmet, "NOTICE_DRAFT_WAITS", d.Version, "a draft of this version waits to be approved already")
		}
		if what := material(noticeBody{n.Draft, n.Components}, body); what != "" {
			return Notice{}, Refuse(Unmet, "NOTICE_MATERIAL", what, "this changes what people agreed to: give it a new version, on which they are asked again")
		}
		revision = max(revision, n.Revision+1)
	}
	b, err := json.Marshal(body)
	if err != nil {
		return Notice{}, fmt.Errorf("consent: notice: %w", err)
	}
	err = s.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO notices VALUES (?,?,?,?,?)`, d.Version, revision, string(b), author, ms(s.now())); err != nil {
			return err
		}
		return s.emit(ctx, tx, event.Event{Kind: event.KindNoticeChange, NoticeVersion: d.Version, Detail: noticeDetail(d, "draft", time.Time{})})
	})
	if err != nil {
		return Notice{}, err
	}
	return s.noticeRevision(ctx, d.Version, revision)
}

// material names what differs in substance between two revisions, or nothing:
// scenes, third parties, and in each text who answers, for what, with which
// data, for how long.
func material(a, b noticeBody) string {
	switch {
	case !slices.Equal(a.Draft.Scenes, b.Draft.Scenes):
		return "scenes"
	case !reflect.DeepEqual(a.Components, b.Components):
		return "components"
	case a.Draft.Supersedes != b.Draft.Supersedes:
		return "supersedes"
	}
	for _, l := range slices.Sorted(maps.Keys(b.Draft.Texts)) {
		x, known := a.Draft.Texts[l]
		if !known {
			continue // a further language adds nothing to what was agreed
		}
		y := b.Draft.Texts[l]
		for _, f := range []struct {
			name string
			same bool
		}{
			{"controller", x.Controller == y.Controller},
			{"purpose", x.Purpose == y.Purpose},
			{"kinds", reflect.DeepEqual(x.Kinds, y.Kinds)},
			{"retention", x.Retention == y.Retention},
			{"necessity", x.Necessity == y.Necessity},
			{"alternative", x.Alternative == y.Alternative},
		} {
			if !f.same {
				return l + "." + f.name
			}
		}
	}
	return ""
}

func noticeDetail(d Draft, state string, from time.Time) map[string]string {
	m := map[string]string{"state": state, "supersedes": d.Supersedes}
	if !from.IsZero() {
		m["effective_from"] = from.Format(time.RFC3339)
	}
	for l, t := range d.Texts {
		m["hash_"+l] = t.Hash().String()
	}
	return m
}

// PublishNotice publishes a draft: approver is somebody else than its author. A
// zero effective date means NoticePeriod from now; one in the past is refused.
// Everybody whose consent rests on the scenes is sent one message; what rests
// on an earlier version is asked for again once the new one is in force.
func (s *Service) PublishNotice(ctx context.Context, approver, version string, revision int, effective time.Time) (Notice, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.noticeRevision(ctx, version, revision)
	if err != nil {
		return n, notFound(err, "NOTICE_UNKNOWN", version, "there is no such notice")
	}
	now := s.now()
	effective = effective.UTC().Truncate(time.Millisecond)
	switch {
	case n.State != "draft":
		return n, Refuse(Unmet, "NOTICE_PUBLISHED", version, "this revision is published already")
	case approver == n.Author:
		return n, Refuse(Forbidden, "SAME_PERSON", "", "who wrote a notice does not approve it; another privacy officer must")
	case !effective.IsZero() && effective.Before(now.Add(-time.Minute)):
		return n, Refuse(Malformed, "EFFECTIVE_PAST", "effective_from", "a notice does not take effect before it is published")
	}
	if effective.IsZero() {
		effective = now.Add(NoticePeriod)
	}
	if revision > 1 {
		effective = now // better words for the same content
	}
	people, err := s.peopleOf(ctx, n.Scenes)
	if err != nil {
		return n, err
	}
	err = s.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO notice_acts VALUES (?,?,?,?,?,?)`, version, revision, "published", approver, ms(now), ms(effective)); err != nil {
			return err
		}
		if revision == 1 {
			for _, id := range people {
				if err := s.message(ctx, tx, id, MessageNotice, version); err != nil {
					return err
				}
			}
		}
		return s.emit(ctx, tx, event.Event{Kind: event.KindNoticeChange, NoticeVersion: version, Detail: noticeDetail(n.Draft, "published", effective)})
	})
	if err != nil {
		return n, err
	}
	if err := s.applyNotices(ctx); err != nil {
		return n, err
	}
	return s.noticeRevision(ctx, version, revision)
}

// peopleOf lists the people with a consent for one of the scenes that stands or
// waits.
func (s *Service) peopleOf(ctx context.Context, scenes []string) ([]string, error) {
	all, err := s.cfg.Records.Consents(ctx)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, c := range all {
		if !c.State.Terminal() && overlap(c.Scenes, scenes) {
			seen[c.Enrollee] = true
		}
	}
	return slices.Sorted(maps.Keys(seen)), nil
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool { return slices.Contains(b, x) })
}

const noticeQuery = `SELECT n.version, n.revision, n.body, n.author, n.created_ms,
	coalesce(a.approver, ''), coalesce(a.at_ms, 0), coalesce(a.effective_ms, 0)
	FROM notices n LEFT JOIN notice_acts a ON a.version = n.version AND a.revision = n.revision AND a.state = 'published'`

func scanNotice(r *sql.Rows) (n Notice, err error) {
	var body string
	var created, published, effective int64
	var b noticeBody
	err = r.Scan(&n.Version, &n.Revision, &body, &n.Author, &created, &n.Approver, &published, &effective)
	if err != nil {
		return n, err
	}
	if err := json.Unmarshal([]byte(body), &b); err != nil {
		return n, err
	}
	n.Draft, n.Components, n.State = b.Draft, b.Components, "draft"
	n.CreatedAt, n.PublishedAt, n.EffectiveFrom = fromMS(created), fromMS(published), fromMS(effective)
	if published != 0 {
		n.State = "published"
	}
	n.Hash = hashOf("bystander notice v1", b)
	n.TextHashes = map[string]event.Digest{}
	for l, t := range b.Draft.Texts {
		n.TextHashes[l] = t.Hash()
	}
	return n, nil
}

// Notices lists every revision of every notice, drafts too.
func (s *Service) Notices(ctx context.Context) ([]Notice, error) {
	all, err := list(ctx, s.cfg.DB.R, scanNotice, noticeQuery+` ORDER BY n.version, n.revision`)
	first := map[string]event.Digest{}
	for i := range all {
		if all[i].Revision == 1 {
			first[all[i].Version] = all[i].Hash
		}
		all[i].Hash = first[all[i].Version]
	}
	return all, err
}

// Notice returns the newest revision of a version.
func (s *Service) Notice(ctx context.Context, version string) (Notice, error) {
	all, err := s.Notices(ctx)
	if err != nil {
		return Notice{}, err
	}
	for _, n := range slices.Backward(all) {
		if n.Version == version {
			return n, nil
		}
	}
	return Notice{}, Refuse(Unknown, "NOTICE_UNKNOWN", version, "there is no such notice")
}

func (s *Service) noticeRevision(ctx context.Context, version string, revision int) (Notice, error) {
	all, err := s.Notices(ctx)
	if err != nil {
		return Notice{}, err
	}
	for _, n := range all {
		if n.Version == version && n.Revision == revision {
			return n, nil
		}
	}
	return Notice{}, policy.ErrNotFound
}

// InForce is the notice that a scene's consents rest on now.
type InForce struct {
	Version string       `json:"version"`
	Hash    event.Digest `json:"hash"`
	// Notice is the text; nil when the site file names the notice and its text
	// is kept elsewhere.
	Notice *Notice `json:"notice,omitempty"`
}

// inForce finds the scene's notice: the last published one in force, else the
// one that the site names.
func (s *Service) inForce(ctx context.Context, site *policy.Site, scene string) (InForce, bool, error) {
	all, err := s.Notices(ctx)
	if err != nil {
		return InForce{}, false, err
	}
	if n, ok := newest(all, scene, s.now()); ok {
		return InForce{n.Version, n.Hash, &n}, true, nil
	}
	sc, ok := site.Scene(scene)
	if !ok {
		return InForce{}, false, nil
	}
	n, ok := site.Notice(sc.Notice)
	ok = ok && n.Published && !n.EffectiveFrom.After(s.now()) && !n.EffectiveFrom.IsZero()
	return InForce{Version: n.Version, Hash: n.Hash}, ok, nil
}

// newest picks, among what is published and in force for the scene, the version
// that took effect last, and of it the last revision.
func newest(all []Notice, scene string, now time.Time) (best Notice, ok bool) {
	since := map[string]time.Time{} // when each version came into force
	for _, n := range all {
		if n.Revision == 1 {
			since[n.Version] = n.EffectiveFrom
		}
	}
	for _, n := range all {
		if n.State != "published" || n.EffectiveFrom.After(now) || !slices.Contains(n.Scenes, scene) {
			continue
		}
		a, b := since[n.Version], since[best.Version]
		later := a.After(b) || a.Equal(b) && (n.PublishedAt.After(best.PublishedAt) || n.Version == best.Version)
		if !ok || later || n.Version == best.Version && n.Revision > best.Revision {
			best, ok = n, true
		}
	}
	return best, ok
}

// Current returns the notice in force for a scene, for everybody to read.
func (s *Service) Current(ctx context.Context, scene string) (InForce, error) {
	site, err := s.cfg.Site(ctx)
	if err != nil {
		return InForce{}, err
	}
	n, ok, err := s.inForce(ctx, site, scene)
	if err != nil {
		return n, err
	}
	if !ok {
		return n, Refuse(Unknown, "NOTICE_MISSING", scene, "no notice is in force for this scene")
	}
	return n, nil
}

// Overlay returns the site with the notices in force put in: what the policy
// authority compiles. Scenes without a notice of this package keep their own.
func (s *Service) Overlay(ctx context.Context, site *policy.Site) (*policy.Site, error) {
	all, err := s.Notices(ctx)
	if err != nil {
		return nil, err
	}
	out := *site
	out.Scenes, out.Notices = slices.Clone(site.Scenes), slices.Clone(site.Notices)
	for i, sc := range out.Scenes {
		n, ok := newest(all, sc.ID, s.now())
		if !ok {
			continue
		}
		out.Scenes[i].Notice = n.Version
		if _, there := out.Notice(n.Version); !there {
			out.Notices = append(out.Notices, policy.Notice{
				Version: n.Version, Languages: slices.Sorted(maps.Keys(n.Texts)), Hash: n.Hash, Published: true, EffectiveFrom: n.EffectiveFrom,
			})
		}
	}
	return &out, nil
}

// applyNotices moves to reconfirm what stands on an earlier notice than the one
// in force (B-02).
func (s *Service) applyNotices(ctx context.Context) error {
	all, err := s.Notices(ctx)
	if err != nil {
		return err
	}
	now := s.now()
	consents, err := s.cfg.Records.Consents(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, c := range consents {
		if c.State != policy.ConsentGiven {
			continue
		}
		for _, scene := range c.Scenes {
			n, ok := newest(all, scene, now)
			if !ok || n.Version == c.NoticeVersion {
				continue
			}
			errs = append(errs, s.move(ctx, c, policy.ConsentReconfirm, "the notice changed: "+strings.TrimSpace(n.Version)))
			break
		}
	}
	return errors.Join(errs...)
}
