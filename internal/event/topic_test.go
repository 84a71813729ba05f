package event_test

import (
	"crypto/ed25519"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/internal/event"
)

// TestNoBiometricFieldCanBeAdded looks at the struct itself, so that a field
// that no list knows of fails the build: its class must be one that the events
// topic carries, its type one that cannot hold a picture or a vector in the
// clear, and its name must not speak of one.
//
// proves: B-24, B-52, INV-10
func TestNoBiometricFieldCanBeAdded(t *testing.T) {
	require.NoError(t, event.TopicEvents.CheckFields())
	bytesAllowed := map[string]string{
		"payload_enc": "ciphertext under the person's key",
		"salt":        "random",
		"node_sig":    "a signature",
	}
	typ := reflect.TypeFor[event.Event]()
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		class := event.Class(f.Tag.Get("class"))
		require.NotEqual(t, event.L4, class, "%s: no L4 datum may be part of an event", name)
		require.True(t, event.TopicEvents.Allows(class), "%s: class %q", name, class)
		switch {
		case f.Type == reflect.TypeFor[event.Digest](), f.Type == reflect.TypeFor[time.Time](), f.Type == reflect.TypeFor[map[string]string]():
		case f.Type == reflect.TypeFor[[]byte]():
			require.Contains(t, bytesAllowed, name, "a field of bytes may hold anything: say here what keeps a picture out of it")
		default:
			require.Contains(t, []reflect.Kind{reflect.String, reflect.Uint32, reflect.Uint64, reflect.Float32}, f.Type.Kind(),
				"%s: a slice or array of numbers could be a template", name)
		}
	}
}

func TestTopicClasses(t *testing.T) {
	for _, topic := range event.Topics() {
		require.NotEmpty(t, event.TopicClass(topic), "%s: say which class it carries", topic)
		require.False(t, topic.Allows(event.L4), "%s", topic)
		require.False(t, topic.Allows(""), "%s: untagged", topic)
		require.True(t, topic.Allows(event.L1), "%s", topic)
	}
	require.False(t, event.Topic("new").Allows(event.L1), "an unknown topic carries nothing")
	require.ErrorIs(t, event.TopicReplay.CheckFields(), event.ErrClass, "events do not fit a topic of class L1")
	require.ErrorIs(t, event.TopicPolicy.CheckContent(&event.Event{}), event.ErrClass)
}

// proves: C-06, INV-10
func TestContentThatMayNotLeave(t *testing.T) {
	vector := strings.Repeat("-0.0173, ", 40)
	for name, e := range map[string]event.Event{
		"template by name":  {Detail: map[string]string{"face_template": "x"}},
		"embedding by name": {Detail: map[string]string{"embedding": "x"}},
		"picture by name":   {Detail: map[string]string{"crop.jpeg": "x"}},
		"address by name":   {Detail: map[string]string{"email": "x"}},
		"data URL":          {Detail: map[string]string{"note": "data:image/jpeg;base64,AAAA"}},
		"JPEG in base64":    {Detail: map[string]string{"note": "/9j/4AAQSkZJRgABAQ"}},
		"PNG in base64":     {Detail: map[string]string{"note": "iVBORw0KGgoAAAANSUhEUg"}},
		"vector in text":    {Detail: map[string]string{"note": vector}},
		"vector in JSON":    {Detail: map[string]string{"note": "[" + strings.TrimSuffix(vector, ", ") + "]"}},
		"PNG as payload":    {PayloadEnc: []byte("\x89PNG\r\n\x1a\n0000")},
		"JPEG as payload":   {PayloadEnc: []byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00")},
		"WebP as payload":   {PayloadEnc: []byte("RIFF\x00\x00\x00\x00WEBPVP8 ")},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, event.TopicEvents.CheckContent(&e), event.ErrClass)
		})
	}
	// What kinds.go documents must pass, and so must any ciphertext.
	for _, e := range samples() {
		require.NoError(t, event.TopicEvents.CheckContent(&e), "%s", e.Kind)
	}
	require.NoError(t, event.TopicEvents.CheckContent(&event.Event{Detail: map[string]string{
		"templates": "12", "query_hash": strings.Repeat("ab", 32), "from": "2026-05-17T10:00:00Z", "reasons": "A,B", "faces": "3", "gallery": "1.5,2.5",
	}}))
	rapid.Check(t, func(t *rapid.T) {
		payload := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "payload")
		require.NoError(t, event.TopicEvents.CheckContent(&event.Event{PayloadEnc: append([]byte{1}, payload...)}))
	})
}

// samples returns one sealed event of each kind, as kinds.go describes it.
func samples() []event.Event {
	d := func(b byte) event.Digest { return event.Digest{b, 1} }
	by := map[event.Kind]event.Event{
		event.KindMatch:         full(),
		event.KindConsentChange: {ConsentRef: d(1), ConsentVersion: 2, NoticeVersion: "n", Detail: map[string]string{"purpose": "match", "state": "active", "from": "pending", "under14": "no", "guardian": "no", "expires": "2027-01-01T00:00:00Z", "scenes": "a,b", "zones": "z", "channel": "web"}},
		event.KindZoneChange:    {ZoneID: "z", ZoneVersion: 2, SceneID: "s", CameraID: "c", SignSetHash: d(2), InspectionID: "i", Detail: map[string]string{"state": "live", "from": "inspected", "reason": "r", "actor": "a", "inspection_until": "2027-01-01T00:00:00Z"}},
		event.KindSceneChange:   {SceneID: "s", PolicyVersion: 1, NoticeVersion: "n", AssessmentID: "a", GateMode: "zone", Threshold: 0.4, Detail: map[string]string{"state": "enabled", "from": "assessed", "reason": "r", "actor": "a", "approver": "b"}},
		event.KindNoticeChange:  {NoticeVersion: "n", Detail: map[string]string{"state": "published", "effective_from": "2027-01-01T00:00:00Z", "supersedes": "m", "hash_en": strings.Repeat("ab", 32)}},
		event.KindGateChange:    {SceneID: "s", Detail: map[string]string{"state": "closed", "reasons": "SIGN_MISSING:north"}},
		event.KindAccess:        {ReviewerRef: d(3), SubjectRef: d(4), Detail: map[string]string{"action": "read", "role": "auditor", "purpose": "audit", "query_hash": strings.Repeat("cd", 32), "object": "events", "subjects": "1", "request": "r"}},
		event.KindRightsChange:  {ReviewerRef: d(3), Detail: map[string]string{"request": "r", "type": "erasure", "state": "fulfilled", "from": "in_progress", "deadline": "2027-01-01T00:00:00Z", "outcome": "done", "late": "no"}},
		event.KindDisposal:      {RefEvent: "e", Detail: map[string]string{"rule": "payload", "table": "events", "class": "L3", "rows": "9", "cause": "retention", "chain": "edge-1", "from": "1", "to": "9", "key_destroyed": "yes"}},
		event.KindRetentionRun:  {Detail: map[string]string{"table": "events", "class": "L3", "rule": "payload", "overdue": "0", "disposed": "9", "error": ""}},
		event.KindCensus:        {Detail: map[string]string{"enrolled": "10", "templates": "12", "limit": "100000"}},
		event.KindIncident:      {Detail: map[string]string{"incident": "i", "class": "c", "state": "open", "from": "", "drill": "yes", "timer": "4h"}},
		event.KindCameraChange:  {CameraID: "gate", ReviewerRef: d(3), Detail: map[string]string{"action": "changed", "what": "address,rotation", "reason": ""}},
		event.KindAccountChange: {ReviewerRef: d(3), Detail: map[string]string{"account": "ab", "action": "roles", "roles": "operator", "from": "auditor", "way": "", "clash": ""}},
		event.KindHumanReview:   {RefEvent: "e", ReviewerRef: d(3), Verdict: "confirmed"},
		event.KindZoneMinute:    {CameraID: "c", ZoneID: "z", Detail: map[string]string{"faces": "7", "embeddings": "5"}},
		event.KindCameraHealth:  {CameraID: "c", Detail: map[string]string{"state": "lost", "reason": "unreachable"}},
		event.KindSegment:       {CameraID: "c", ReceiptID: "01890a5d-ac96-774b-bcce-b302099a8057", Detail: map[string]string{"frames": "1500"}},
	}
	c, err := event.NewChain(event.ChainConfig{ID: "edge-1", Key: key(1)})
	if err != nil {
		panic(err)
	}
	var out []event.Event
	for _, k := range event.Kinds() {
		e := by[k]
		e.Kind = k
		if err := c.Seal(&e); err != nil {
			panic(err)
		}
		out = append(out, e)
	}
	return out
}

func run(t testing.TB, id string, n int) []event.Event {
	t.Helper()
	c, err := event.NewChain(event.ChainConfig{ID: id, Key: key(1)})
	require.NoError(t, err)
	out := make([]event.Event, n)
	for i := range out {
		out[i] = event.Event{Kind: event.KindMatch, ZoneVersion: uint32(i + 1)}
		require.NoError(t, c.Seal(&out[i]))
	}
	return out
}

func keys(id string) ed25519.PublicKey {
	if id == "stranger" {
		return nil
	}
	return key(1).Public().(ed25519.PublicKey)
}

func faults(fs []event.Fault) map[int]error {
	m := map[int]error{}
	for _, f := range fs {
		m[f.Index] = f.Err
	}
	return m
}

func TestVerifyBatch(t *testing.T) {
	whole := run(t, "a", 20)
	for name, tc := range map[string]struct {
		spoil func(evs []event.Event) []event.Event
		want  map[int]error
	}{
		"whole":   {func(e []event.Event) []event.Event { return e }, nil},
		"empty":   {func([]event.Event) []event.Event { return nil }, nil},
		"a gap":   {func(e []event.Event) []event.Event { return append(e[:5:5], e[9:]...) }, nil},
		"again":   {func(e []event.Event) []event.Event { return append(e[:5:5], e[2:]...) }, nil},
		"swapped": {func(e []event.Event) []event.Event { e[3], e[4] = e[4], e[3]; return e }, nil},
		"two chains": {func(e []event.Event) []event.Event {
			var out []event.Event
			for i, o := range run(t, "b", 20) {
				out = append(out, e[i], o)
			}
			return out
		}, nil},
		"content altered":      {func(e []event.Event) []event.Event { e[7].Score = 0.9; return e }, map[int]error{7: event.ErrHash}},
		"content not possible": {func(e []event.Event) []event.Event { e[7].CameraID = "\xff"; return e }, map[int]error{7: event.ErrHash}},
		"altered and hashed anew": {func(e []event.Event) []event.Event {
			e[7].Score = 0.9
			e[7].RowHash, _ = e[7].Hash()
			return e
		}, map[int]error{7: event.ErrSignature}},
		"altered, hashed anew and linked": {func(e []event.Event) []event.Event {
			e[7].Score = 0.9
			for i := 7; i < len(e); i++ {
				e[i].PrevHash = e[i-1].RowHash
				e[i].RowHash, _ = e[i].Hash()
			}
			return e
		}, func() map[int]error {
			m := map[int]error{}
			for i := 7; i < 20; i++ {
				m[i] = event.ErrSignature
			}
			return m
		}()},
		"last signature wrong": {func(e []event.Event) []event.Event { e[19].NodeSig = e[18].NodeSig; return e }, map[int]error{19: event.ErrSignature}},
		"no signature at the end": {func(e []event.Event) []event.Event { e[19].NodeSig, e[18].NodeSig = nil, nil; return e }, map[int]error{
			18: event.ErrSignature, 19: event.ErrSignature,
		}},
		"of another key": {func(e []event.Event) []event.Event {
			c, err := event.NewChain(event.ChainConfig{ID: "a", Key: key(2), Last: event.HeadOf(&e[9])})
			require.NoError(t, err)
			f := event.Event{Kind: event.KindMatch}
			require.NoError(t, c.Seal(&f))
			return append(e[:10:10], f)
		}, map[int]error{10: event.ErrSignature}},
		"of an unknown chain": {func(e []event.Event) []event.Event { return append(e[:2:2], run(t, "stranger", 2)...) }, map[int]error{
			2: event.ErrSignature, 3: event.ErrSignature,
		}},
		"moved to another chain": {func(e []event.Event) []event.Event { e[4].ChainID = "b"; return e }, map[int]error{4: event.ErrHash}},
		"renumbered":             {func(e []event.Event) []event.Event { e[4].Seq = 900; return e }, map[int]error{4: event.ErrHash}},
	} {
		t.Run(name, func(t *testing.T) {
			evs := tc.spoil(append([]event.Event(nil), whole...))
			got := faults(event.VerifyBatch(event.Refs(evs), keys))
			require.Len(t, got, len(tc.want), "%v", got)
			for i, want := range tc.want {
				require.ErrorIs(t, got[i], want, "%d", i)
			}
		})
	}
}

// TestVerifyBatchAgreesWithTheFullCheck: whatever is done to contents and links,
// nothing passes the batch check that the check of each event refuses, the text
// of signatures inside a run aside.
func TestVerifyBatchAgreesWithTheFullCheck(t *testing.T) {
	whole := run(t, "a", 12)
	rapid.Check(t, func(t *rapid.T) {
		evs := append([]event.Event(nil), whole...)
		for range rapid.IntRange(0, 4).Draw(t, "changes") {
			i := rapid.IntRange(0, len(evs)-1).Draw(t, "at")
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0:
				evs[i].Score += 0.5
			case 1:
				evs[i].RowHash, _ = evs[i].Hash()
			case 2:
				evs[i].PrevHash = whole[rapid.IntRange(0, 11).Draw(t, "prev")].RowHash
			case 3:
				j := rapid.IntRange(0, len(evs)-1).Draw(t, "with")
				evs[i], evs[j] = evs[j], evs[i]
			case 4:
				evs = append(evs[:i], evs[i+1:]...)
			case 5:
				evs = append(evs, evs[i])
			}
			if len(evs) == 0 {
				return
			}
		}
		bad := faults(event.VerifyBatch(event.Refs(evs), keys))
		for i := range evs {
			err := event.VerifyContent(&evs[i], keys("a"))
			require.Equal(t, err != nil, bad[i] != nil, "event %d: %v, %v", i, err, bad[i])
		}
	})
}

func BenchmarkVerifyBatch(b *testing.B) {
	evs := run(b, "a", 1000)
	b.ReportAllocs()
	for b.Loop() {
		if bad := event.VerifyBatch(event.Refs(evs), keys); len(bad) > 0 {
			b.Fatal(bad)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(evs)), "ns/event")
}
