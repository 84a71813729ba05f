package enrol_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/match"
	"bystander/match/enrol"
	"bystander/match/vault"
	"bystander/policy"
	"bystander/policy/store"
)

var noon = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

// picture is a made-up photograph: noise, with a red quarter at the top left.
func picture(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{uint8(90 + (x*7+y*13)%80), uint8(90 + (x*11+y*3)%80), uint8(90 + (x*5+y*17)%80), 255}
			if x < w/2 && y < h/2 {
				c = color.RGBA{200, 30, 30, 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

func jpegOf(t testing.TB, m image.Image, orientation uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}))
	if orientation == 0 {
		return b.Bytes()
	}
	tiff := append([]byte("MM\x00*"), 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1)
	tiff = binary.BigEndian.AppendUint16(tiff, orientation)
	tiff = append(tiff, 0, 0, 0, 0, 0, 0)
	seg := append([]byte("Exif\x00\x00"), tiff...)
	out := append([]byte{0xff, 0xd8, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(seg)+2))...)
	return append(append(out, seg...), b.Bytes()[2:]...)
}

// isRed tells whether the picture is red at a place, in parts of its size.
func isRed(p *enrol.Photo, x, y float64) bool {
	i := int(y*float64(p.Planes.Chroma().H))*p.Planes.StrideC + int(x*float64(p.Planes.Chroma().W))
	return p.Planes.V[i] > 180
}

func TestPhotoIsTurnedUpright(t *testing.T) {
	// Where the stored picture's top left quarter ends up, by orientation.
	corner := map[uint16][2]float64{
		0: {0.25, 0.25}, 1: {0.25, 0.25}, 2: {0.75, 0.25}, 3: {0.75, 0.75}, 4: {0.25, 0.75},
		5: {0.25, 0.25}, 6: {0.75, 0.25}, 7: {0.75, 0.75}, 8: {0.25, 0.75}, 9: {0.25, 0.25},
	}
	for o, at := range corner {
		p, err := enrol.ReadPhoto(bytes.NewReader(jpegOf(t, picture(80, 48), o)))
		require.NoError(t, err)
		want := frame.Size{W: 80, H: 48}
		if o >= 5 && o <= 8 {
			want = frame.Size{W: 48, H: 80}
		}
		require.Equal(t, want, p.Planes.Size, "orientation %d", o)
		for _, q := range [][2]float64{{0.25, 0.25}, {0.75, 0.25}, {0.25, 0.75}, {0.75, 0.75}} {
			require.Equal(t, q == at, isRed(p, q[0], q[1]), "orientation %d at %v", o, q)
		}
		p.Wipe()
		require.Zero(t, p.Planes.Y[0])
	}
}

func TestPhotoBounds(t *testing.T) {
	var big bytes.Buffer
	require.NoError(t, png.Encode(&big, image.NewGray(image.Rect(0, 0, 9, 9))))
	bomb := bytes.Clone(big.Bytes())
	binary.BigEndian.PutUint32(bomb[16:], 60000) // says 60000 pixels wide and high
	binary.BigEndian.PutUint32(bomb[20:], 60000)
	copy(bomb[29:], crc(bomb[12:29]))
	for name, b := range map[string][]byte{
		"empty": nil, "text": []byte("hello"), "truncated": jpegOf(t, picture(64, 64), 0)[:200],
		"bomb": bomb, "too many bytes": make([]byte, enrol.MaxPhotoBytes+1),
	} {
		_, err := enrol.ReadPhoto(bytes.NewReader(b))
		require.ErrorIs(t, err, enrol.ErrPhoto, name)
	}
	p, err := enrol.ReadPhoto(bytes.NewReader(jpegOf(t, picture(3201, 801), 0)))
	require.NoError(t, err)
	require.Equal(t, frame.Size{W: 1600, H: 400}, p.Planes.Size)
	boom := errors.New("boom")
	_, err = enrol.ReadPhoto(io.MultiReader(bytes.NewReader([]byte{0xff}), errReader{boom}))
	require.ErrorIs(t, err, boom)
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

func FuzzReadPhoto(f *testing.F) {
	for _, o := range []uint16{0, 3, 6} {
		f.Add(jpegOf(f, picture(16, 10), o))
	}
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00II*\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := enrol.ReadPhoto(bytes.NewReader(b))
		if err == nil {
			require.NoError(t, p.Planes.Size.Check())
		}
	})
}

// crowd is a detector that finds what the test says.
type crowd []enrol.Face

func (c crowd) Faces(context.Context, frame.Planes) ([]enrol.Face, error) { return c, nil }

func face(x, y, scale float32) enrol.Face {
	f := enrol.Face{Box: geom.Box{X0: x, Y0: y, X1: x + 128*scale, Y1: y + 128*scale}, HasLandmarks: true, Score: 0.9}
	for i, p := range [5][2]float32{{0.31557, 0.46157}, {0.68262, 0.46157}, {0.50026, 0.64053}, {0.34947, 0.82469}, {0.65344, 0.82469}} {
		f.Landmarks[i] = geom.Point{X: x + p[0]*128*scale, Y: y + p[1]*128*scale}
	}
	return f
}

// embedder gives the same embedding for every face.
type embedder struct{ err error }

func (e embedder) Embed(_ context.Context, _ *match.Chip, dst *match.Probe) error {
	if e.err != nil {
		return e.err
	}
	v := make([]float32, match.Dim)
	v[3], v[200] = 1, -2
	return dst.Set(v)
}

func (embedder) Info() match.EmbedderInfo {
	return match.EmbedderInfo{Digest: match.Calibration0095().Model}
}
func (embedder) Close() error { return nil }

type liveness bool

func (l liveness) Live(context.Context, frame.Planes, frame.Meta, geom.Box) (bool, error) {
	return bool(l), nil
}

func TestRefusals(t *testing.T) {
	turned := face(100, 100, 1)
	turned.Landmarks[2].X -= 35
	unsure := face(100, 100, 1)
	unsure.Score = 0.55
	sharp, flat := picture(640, 480), image.NewGray(image.Rect(0, 0, 640, 480))
	for name, c := range map[string]struct {
		faces crowd
		photo image.Image
		live  match.Liveness
		want  enrol.Code
	}{
		"nobody":      {nil, sharp, nil, enrol.NoFace},
		"unsure":      {crowd{unsure}, sharp, nil, enrol.NoFace},
		"two":         {crowd{face(0, 0, 1), face(300, 100, 0.5)}, sharp, nil, enrol.TwoFaces},
		"small":       {crowd{face(0, 0, 0.3)}, sharp, nil, enrol.TooSmall},
		"to the side": {crowd{turned}, sharp, nil, enrol.Pose},
		"flat":        {crowd{face(400, 300, 1)}, flat, nil, enrol.Blur},
		"a print":     {crowd{face(400, 300, 1)}, sharp, liveness(false), enrol.LivenessFailed},
		"fine":        {crowd{face(400, 300, 1), face(0, 0, 0.2)}, sharp, liveness(true), ""},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := enrol.ReadPhoto(bytes.NewReader(jpegOf(t, c.photo, 0)))
			require.NoError(t, err)
			var probe match.Probe
			_, err = enrol.Reader{Detector: c.faces, Embedder: embedder{}, Liveness: c.live}.Read(t.Context(), p, &probe)
			if c.want == "" {
				require.NoError(t, err)
				require.InDelta(t, 1, probe.Cosine(&probe), 1e-6)
				return
			}
			var r *enrol.Refusal
			require.ErrorAs(t, err, &r)
			require.Equal(t, c.want, r.Code)
			require.ErrorContains(t, err, string(c.want)+": ")
		})
	}
}

// desk is an enroller on real stores in a temporary folder.
type desk struct {
	*enrol.Enroller
	vault *vault.Vault
	store *store.Store
	names *store.Identity
	site  *policy.Site
}

func newDesk(t *testing.T, e match.Embedder) desk {
	t.Helper()
	dir := t.TempDir()
	ctx := t.Context()
	v, err := vault.Open(ctx, vault.Options{Path: filepath.Join(dir, "t.db"), KeyDir: filepath.Join(dir, "keys")})
	require.NoError(t, err)
	s, err := store.Open(ctx, filepath.Join(dir, "p.db"))
	require.NoError(t, err)
	key, err := vault.OpenKey(filepath.Join(dir, "keys", vault.IdentityKeyName), true)
	require.NoError(t, err)
	n, err := store.OpenIdentity(ctx, filepath.Join(dir, "i.db"), key)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, errors.Join(v.Close(), s.Close(), n.Close())) })
	en, err := enrol.New(enrol.Config{Detector: crowd{face(400, 300, 1)}, Embedder: e, Vault: v, Store: s, Names: n, Now: func() time.Time { return noon }})
	require.NoError(t, err)
	return desk{en, v, s, n, policy.SampleSite(noon, policy.SampleCamera{ID: "cam", PlaceType: "hall", Match: true})}
}

func (d desk) request(t *testing.T) enrol.Request {
	t.Helper()
	return enrol.Request{
		Name: "Canary", Photo: bytes.NewReader(jpegOf(t, picture(640, 480), 0)), Purposes: policy.Purposes(), Site: d.site,
		Scenes: []string{policy.SampleScene("cam")}, Zones: []string{policy.SampleZone("cam")}, Expires: noon.AddDate(1, 0, 0),
		Channel: policy.ChannelKiosk, RecordedBy: "officer", Basis: "separate consent", Written: true, Under14: policy.No,
	}
}

func (d desk) gallery(t *testing.T) int {
	t.Helper()
	g, err := match.LoadGallery(t.Context(), d.vault, policy.SampleScene("cam"), match.Calibration0095().Model)
	require.NoError(t, err)
	defer g.Close()
	return g.Size()
}

func TestEnrolAndWithdraw(t *testing.T) {
	d := newDesk(t, embedder{})
	res, err := d.Enrol(t.Context(), d.request(t))
	require.NoError(t, err)
	require.Len(t, res.Consents, 3)
	require.Equal(t, 1, d.gallery(t))
	name, err := d.names.Name(t.Context(), res.Enrollee)
	require.NoError(t, err)
	require.Equal(t, "Canary", name)
	h, err := d.store.ConsentHistory(t.Context(), res.Consents[0].ID)
	require.NoError(t, err)
	require.Len(t, h, 2, "pending, then active")

	require.NoError(t, d.Withdraw(t.Context(), res.Enrollee, "asked", policy.PurposeAppearLive))
	require.Equal(t, 1, d.gallery(t), "the match consent stands")
	require.NoError(t, d.Withdraw(t.Context(), res.Enrollee, "asked"))
	require.Zero(t, d.gallery(t))
	_, err = d.names.Name(t.Context(), res.Enrollee)
	require.ErrorIs(t, err, policy.ErrNotFound)
	cs, err := d.store.Consents(t.Context())
	require.NoError(t, err)
	for _, c := range cs {
		require.Equal(t, policy.ConsentWithdrawn, c.State)
	}
	require.ErrorIs(t, d.Withdraw(t.Context(), "nobody", "asked"), policy.ErrNotFound)
}

func TestBadRequestsLeaveNothing(t *testing.T) {
	for name, do := range map[string]func(r *enrol.Request){
		"no name":           func(r *enrol.Request) { r.Name = " " },
		"no match":          func(r *enrol.Request) { r.Purposes = r.Purposes[1:] },
		"bundled":           func(r *enrol.Request) { r.Purposes = []policy.Purpose{"match,appear_live"} },
		"twice":             func(r *enrol.Request) { r.Purposes = append(r.Purposes, policy.PurposeMatch) },
		"age unknown":       func(r *enrol.Request) { r.Under14 = policy.Unknown },
		"child":             func(r *enrol.Request) { r.Under14 = policy.Yes },
		"over already":      func(r *enrol.Request) { r.Expires = noon },
		"unknown zone":      func(r *enrol.Request) { r.Zones = []string{"elsewhere"} },
		"unknown scene":     func(r *enrol.Request) { r.Scenes = []string{"elsewhere"} },
		"not in writing":    func(r *enrol.Request) { r.Written = false },
		"nobody recorded":   func(r *enrol.Request) { r.RecordedBy = "" },
		"not a photograph":  func(r *enrol.Request) { r.Photo = bytes.NewReader([]byte("x")) },
		"site not provided": func(r *enrol.Request) { r.Site = nil },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, embedder{})
			r := d.request(t)
			do(&r)
			_, err := d.Enrol(t.Context(), r)
			require.Error(t, err)
			if name == "child" {
				require.ErrorIs(t, err, policy.ErrGuardian)
			}
			require.Zero(t, d.gallery(t))
			cs, err := d.store.Consents(t.Context())
			require.NoError(t, err)
			require.Empty(t, cs)
			es, err := d.store.Enrollees(t.Context())
			require.NoError(t, err)
			require.Empty(t, es)
			ids, err := d.names.Find(t.Context(), "Canary")
			require.NoError(t, err)
			require.Empty(t, ids)
		})
	}
}

func TestKeepRenewsItsLeaseAndNamesTheBadPhoto(t *testing.T) {
	now := noon
	r := enrol.Reader{Detector: crowd{face(400, 300, 1)}, Embedder: embedder{}}
	k, err := enrol.NewKeep(t.Context(), r, "cam", []enrol.KeepPhoto{{Name: "ann", Photo: bytes.NewReader(jpegOf(t, picture(640, 480), 0))}}, func() time.Time { return now })
	require.NoError(t, err)
	defer k.Close()
	for range 5 {
		held, err := k.Current()
		require.NoError(t, err)
		require.Len(t, held.Snapshot.Subjects, 1)
		require.True(t, now.Before(held.Lease.Expires))
		now = now.Add(7 * time.Second)
	}
	_, err = enrol.NewKeep(t.Context(), r, "cam", []enrol.KeepPhoto{{Name: "bob", Photo: bytes.NewReader(nil)}}, nil)
	require.ErrorIs(t, err, enrol.ErrPhoto)
	require.ErrorContains(t, err, `"bob"`)
}

// crc is the checksum of a PNG chunk.
func crc(b []byte) []byte { return binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)) }
