package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/api/peer/book"
	"bystander/api/peer/box"
	"bystander/api/peer/line"
	"bystander/audit/access"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/loopcam"
	"bystander/internal/pki"
	"bystander/internal/testkit"
	"bystander/internal/testkit/kafka"
	"bystander/match"
	"bystander/policy"
	"bystander/policy/sitestore"
	"bystander/sink/sqlite"
)

// separate is one control and two edges, each a process of its own, with a bus
// between them and certificates of the house's own authority.
type separate struct {
	t             *testing.T
	control, a, b *station
	cfg           config.Config // of the control
	eyes          *eyes
	who           string
}

func newSeparate(t *testing.T) *separate {
	t.Helper()
	broker := kafka.Start(t, kafka.Options{})
	bus := fmt.Sprintf("events: {edge: main, kafka: {brokers: [%q], topic_prefix: apart}, topics: {replication: 1}}\nrecord: {enabled: false}\nredact: {check_every: 0}\ncapacity: {ladder: false}\n", broker.Addr())
	dir, addr := t.TempDir(), freeListen(t)
	ca := filepath.Join(dir, "ca")
	require.NoError(t, CAInit(CAOptions{Dir: ca, Stdout: io.Discard}))
	s := &separate{t: t}
	s.control = newProcess(t, "control", bus+fmt.Sprintf("role: control\ndata: %s/control\npeers: {listen: %q, ca: %s}\n", dir, addr, ca))
	s.cfg = s.control.config()
	s.site()
	s.control.start()

	cam, err := loopcam.Start(t.Context(), loopcam.Config{File: filepath.Join(testkit.Shared(t), "data", "videos", "stage.mp4"), Path: "stage", Every: 2})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cam.Close()) })
	s.a = newProcess(t, "edge-a", bus+s.joins("a", dir, "stage")+fmt.Sprintf("data: %s/a\ncameras: [{id: stage, url: %q}]\n", dir, cam.URL()))
	s.b = newProcess(t, "edge-b", bus+s.joins("b", dir, "door")+fmt.Sprintf("data: %s/b\n", dir))
	s.a.start()
	s.b.start()
	return s
}

// site brings a sample site into force, before the control starts.
func (s *separate) site() {
	ctx, by := s.t.Context(), sitestore.By{Actor: "anna", Reason: "test"}
	ops, err := sitestore.Open(ctx, siteDB(s.cfg), sitestore.Options{LogRetention: s.cfg.Events.MaxAge})
	require.NoError(s.t, err)
	defer func() { require.NoError(s.t, ops.Close()) }()
	site := policy.SampleSite(time.Now(), policy.SampleCamera{ID: "stage", PlaceType: "stage", Match: true}, policy.SampleCamera{ID: "door", PlaceType: "stage", Match: true})
	require.NoError(s.t, ops.Import(ctx, by, site, sitestore.AsItStands))
	photo, err := ops.AddPhoto(ctx, by, []byte("jpeg"), 0)
	require.NoError(s.t, err)
	for _, c := range []string{"stage", "door"} {
		_, err = ops.PutCamera(ctx, by, c, sitestore.CameraSpec{PlaceType: "stage", Checklist: sitestore.Checklist{
			ID: "paper", SignedBy: "anna", Photos: []string{photo.ID}, Installer: "ivo", Acknowledged: time.Now(),
		}})
		require.NoError(s.t, err)
	}
}

// joins does what an operator does to let an edge in: what invite prints is what
// join is called with, and what join prints goes into the configuration.
func (s *separate) joins(name, dir, camera string) (yaml string) {
	s.t.Helper()
	said := says(s.t, func(out io.Writer) error {
		return EdgeInvite(s.t.Context(), s.cfg, InviteOptions{ID: name, Scenes: []string{policy.SampleScene(camera)}, Stdout: out})
	})
	flag := func(name string) string {
		m := regexp.MustCompile(`--` + name + ` (\S+)`).FindStringSubmatch(said)
		require.NotNil(s.t, m, said)
		return m[1]
	}
	o := JoinOptions{Control: flag("control"), Fingerprint: flag("ca-fingerprint"), Token: flag("token"), Dir: filepath.Join(dir, name, "keys", "peer")}
	said = says(s.t, func(out io.Writer) error { o.Stdout = out; return EdgeJoin(s.t.Context(), o) })
	o.Stdout = io.Discard
	require.ErrorContains(s.t, EdgeJoin(s.t.Context(), o), "the token is unknown, used or over")
	_, yaml, ok := strings.Cut(said, "events.kafka:\n\n")
	require.True(s.t, ok, said)
	return yaml
}

func (s *separate) enrol() {
	s.t.Helper()
	site, err := siteNow(s.t.Context(), s.cfg)
	require.NoError(s.t, err)
	res, err := enrolWith(s.t.Context(), s.cfg, site, s.eyes, EnrolOptions{
		Name: "performer", Channel: string(policy.ChannelPaper),
		Photo:   filepath.Join(testkit.Shared(s.t), "data", "faces", "stage-stills", "lin-manuel-miranda.png"),
		Consent: []string{string(policy.PurposeMatch), string(policy.PurposeAppearLive)},
		Scenes:  []string{policy.SampleScene("stage")}, Zones: []string{policy.SampleZone("stage")},
	})
	require.NoError(s.t, err)
	s.who = res.Enrollee
}

const (
	clearMetric   = "bystander_redact_clear_faces_total"
	picturesOut   = "bystander_redact_frames_total"
	templatesHere = "bystander_match_lent_templates"
)

// shown waits until the performer is shown clear on edge a.
func (s *separate) shown() {
	s.t.Helper()
	was := s.a.metric(clearMetric)
	s.a.eventually("the performer is shown clear", func() bool { return s.a.metric(clearMetric) > was })
}

// lasts makes a change while the performer is clear, and returns how long after
// its beginning the last clear picture was counted, and how long after its end the
// templates were gone. Pictures go on all the while.
func (s *separate) lasts(bound time.Duration, change func()) (clear, gone time.Duration) {
	s.t.Helper()
	s.shown()
	begun := time.Now()
	change()
	made := time.Now()
	count, out := s.a.metric(clearMetric), s.a.metric(picturesOut)
	for time.Since(made) < bound+time.Second {
		if now := s.a.metric(clearMetric); now > count {
			clear, count = time.Since(begun), now
		}
		if gone == 0 && s.a.metric(templatesHere) == 0 {
			gone = time.Since(made)
		}
		time.Sleep(20 * time.Millisecond)
	}
	require.Greater(s.t, s.a.metric(picturesOut), out+5, "pictures kept leaving")
	require.NotZero(s.t, gone, "the templates are wiped")
	require.LessOrEqual(s.t, gone, bound)
	return clear, gone
}

// Control and edges are processes of their own; a certificate, a bus and a line
// lie between them. What is decided at the control reaches an edge's pictures in
// time, whatever fails in between, and templates reach no edge but their own.
// proves: INV-3, INV-4, INV-10, B-63, C-06
func TestRolesApart(t *testing.T) {
	if testing.Short() {
		t.Skip("starts four processes and plays a stream")
	}
	s := newSeparate(t)
	var err error
	s.eyes, err = openEyes(t.Context(), s.cfg, 1, zerolog.Nop())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.eyes.close()) })
	s.a.eventually("it sends pictures, with everybody masked", func() bool { return s.a.metric(picturesOut) > 20 })
	require.Zero(t, s.a.metric(clearMetric))
	s.control.eventually("it shows its edges and their cameras", func() bool {
		_, body := s.control.get("/readyz")
		return strings.Contains(body, `{"name":"edge:a","ok":true`) && strings.Contains(body, `{"name":"camera:a/stage","ok":true`)
	})

	s.enrol()
	s.shown()
	secret := s.template()
	withdrawn, gone := s.lasts(reaches, func() { require.NoError(t, Withdraw(t.Context(), s.cfg, s.who, io.Discard)) })
	s.enrol()
	t.Logf("after the withdrawal: last clear picture after %v, templates gone after %v", withdrawn, gone)
	killed, gone := s.lasts(reachesBy, s.control.kill)
	t.Logf("after the control was killed: last clear picture after %v, templates gone after %v", killed, gone)
	code, body := s.a.get("/readyz")
	require.Equal(t, 503, code)
	require.Contains(t, body, `"name":"templates"`)
	s.control.start()
	s.a.eventually("the templates come back", func() bool { return s.a.metric(templatesHere) == 1 })
	s.askedByOthers()
	s.otherCameras()
	begun := time.Now()
	require.NoError(t, EdgeRevoke(t.Context(), s.cfg, "a", "test", io.Discard))
	s.a.eventually("the templates are wiped", func() bool { return s.a.metric(templatesHere) == 0 })
	revoked := time.Since(begun)
	s.a.eventually("it says why", func() bool { return strings.Contains(s.logOf(s.a), "edge invite") })
	t.Logf("after the edge was revoked: templates gone after %v", revoked)
	require.LessOrEqual(t, withdrawn, reaches)
	require.LessOrEqual(t, killed, reachesBy)
	require.LessOrEqual(t, revoked, reaches)

	require.Zero(t, s.b.metric(templatesHere))
	s.written(secret)
}

// template is what must lie on no edge's disk: the beginning of the performer's
// template as it is lent.
func (s *separate) template() (secret []byte) {
	s.t.Helper()
	v, err := openVault(s.t.Context(), s.cfg)
	require.NoError(s.t, err)
	defer func() { require.NoError(s.t, v.Close()) }()
	require.NoError(s.t, v.Each(s.t.Context(), policy.SampleScene("stage"), s.eyes.embedder.Info().Digest, func(t match.StoredTemplate) error {
		secret = append([]byte{}, t.Blob[:32]...)
		return nil
	}))
	require.Len(s.t, secret, 32)
	return secret
}

// otherCameras: edge a is told that it may serve another camera than the one it has.
// It is lent nothing for it and its camera is not shown, until that is put right.
func (s *separate) otherCameras() {
	s.t.Helper()
	health := func() string { _, body := s.control.get("/readyz"); return body }
	require.NoError(s.t, EdgeCameras(s.t.Context(), s.cfg, "a", []string{"door", "hall-*"}, io.Discard))
	s.a.eventually("the templates are wiped", func() bool { return s.a.metric(templatesHere) == 0 })
	s.control.eventually("it says why", func() bool {
		said := health()
		return strings.Contains(said, "cameras that it may not serve, and that are not shown (stage)") && strings.Contains(said, "lent nothing for scenes") &&
			!strings.Contains(said, `"camera:a/stage"`)
	})
	require.Contains(s.t, s.logOf(s.control), "cameras that it may not serve")
	listed := says(s.t, func(out io.Writer) error { return EdgeList(s.t.Context(), s.cfg, out) })
	require.Regexp(s.t, `(?m)^a .*  door, hall-\*$`, listed)
	require.Regexp(s.t, `(?m)^b .*  any camera$`, listed)
	require.NoError(s.t, EdgeCameras(s.t.Context(), s.cfg, "a", []string{"st*"}, io.Discard))
	s.a.eventually("the templates come back", func() bool { return s.a.metric(templatesHere) == 1 })
	s.control.eventually("nothing is amiss", func() bool {
		said := health()
		return strings.Contains(said, `"name":"camera:a/stage","ok":true`) && !strings.Contains(said, "may not serve") && !strings.Contains(said, "lent nothing")
	})
}

// askedByOthers: edge b, with its own good certificate, and a writer ask for what
// is edge a's.
func (s *separate) askedByOthers() {
	s.t.Helper()
	dir := filepath.Join(s.t.TempDir(), "writer")
	require.NoError(s.t, CAIssue(CAOptions{Dir: s.cfg.Peers.CA, Stdout: io.Discard}, "writer/w1", dir, time.Hour))
	model := s.eyes.embedder.Info().Digest
	for who, dir := range map[string]string{line.CodeScene: s.b.config().Peers.Dir, line.CodeRole: dir} {
		m, err := pki.OpenMember(dir, "", nil)
		require.NoError(s.t, err)
		key, err := box.NewKey()
		require.NoError(s.t, err)
		c := line.NewClient(s.b.config().Peers.Control, m.Dialer(pki.Control))
		err = c.Loan(s.t.Context(), m.ID().Name, line.LoanRequest{Scene: policy.SampleScene("stage"), Model: model, Form: match.Form}, key, func([]byte) error { return errors.New("it came") })
		c.Close()
		var no *line.Refusal
		require.ErrorAs(s.t, err, &no)
		require.Equal(s.t, who, no.Code)
	}
}

// written looks at what was written down: the access log has each loan, the log
// has who joined, and the edges' disks have no template.
func (s *separate) written(secret []byte) {
	s.t.Helper()
	ctx := s.t.Context()
	s.control.kill()
	s.a.kill()
	s.b.kill()
	log, err := access.Open(ctx, filepath.Join(s.cfg.Data, "access.db"), access.Options{})
	require.NoError(s.t, err)
	defer func() { require.NoError(s.t, log.Close()) }()
	rows, err := log.Rows(ctx, access.Query{Limit: 100})
	require.NoError(s.t, err)
	lent := 0
	for _, r := range rows {
		if r.Action != "template.lend" {
			continue
		}
		lent++
		require.Equal(s.t, book.Account("a"), r.Actor)
		require.Len(s.t, r.Subjects, 1)
	}
	require.GreaterOrEqual(s.t, lent, 3)
	store, err := sqlite.Open(ctx, filepath.Join(s.cfg.Data, "events.db"), sqlite.Options{})
	require.NoError(s.t, err)
	defer func() { require.NoError(s.t, store.Close()) }()
	changes, err := store.Events(ctx, sqlite.Query{Kinds: []event.Kind{event.KindAccountChange}, Limit: 100})
	require.NoError(s.t, err)
	done := map[string]int{}
	for i := range changes {
		done[changes[i].Event.Detail["edge"]+" "+changes[i].Event.Detail["action"]]++
	}
	require.Equal(s.t, 1, done["a edge_joined"], done)
	require.Equal(s.t, 1, done["b edge_joined"], done)
	for _, p := range []*station{s.a, s.b} {
		hits, files := searched(s.t, map[string][]byte{"template": secret, "enrollee": []byte(s.who)}, p.config().Data)
		require.Empty(s.t, hits)
		require.NotZero(s.t, files)
	}
}

func (s *separate) logOf(p *station) string {
	s.t.Helper()
	b, err := os.ReadFile(p.log())
	require.NoError(s.t, err)
	return string(b)
}
