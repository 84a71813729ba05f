package app

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/api"
	"bystander/api/admin/cameras"
	"bystander/api/peer/calls"
	"bystander/api/peer/line"
	"bystander/ingest"
	"bystander/internal/config"
)

// unwell is a camera's source that only tells how it is.
type unwell struct {
	ingest.Source
	health ingest.Health
}

func (u unwell) Health() ingest.Health { return u.health }

func TestWhyNoCardDecodesIsToldOnce(t *testing.T) {
	cam := func(id, why string) *camera {
		return &camera{cfg: config.Camera{ID: id, Name: id}, src: unwell{health: ingest.Health{NoCard: why}}}
	}
	require.Empty(t, decodeNotices(nil))
	require.Empty(t, decodeNotices([]*camera{cam("gate", "")}))
	one := decodeNotices([]*camera{cam("gate", ""), cam("hall", "not h264_cuvid: no driver")})
	require.Len(t, one, 1)
	require.Contains(t, one[0].Text, "in software (hall): not h264_cuvid: no driver.")
	all := decodeNotices([]*camera{cam("gate", "x"), cam("hall", "y"), cam("desk", "z")})
	require.Len(t, all, 1)
	require.Contains(t, all[0].Text, "in software (gate and 2 more): x.")
}

// A real camera of an edge that asks for a card which is not there shows its
// pictures, and everybody who asks hears who decodes them and why.
func TestACardThatIsNotThereIsTold(t *testing.T) {
	y := startYard(t)
	y.e.cfg.Decode.Hardware = "nvidia"
	ctx := t.Context()
	_, err := y.e.admin.cameras.Add(ctx, cameras.Camera{ID: "one", Transport: "tcp"}, addressOf(patternCam(t, "one")))
	require.NoError(t, err)
	y.apply("one")
	y.flows("one")
	cam, err := backend{y.e}.Camera(ctx, "one")
	require.NoError(t, err)
	if cam.Decoder != ingest.DecoderSoftware {
		t.Skipf("a card decodes here: %s", cam.Decoder)
	}
	require.Contains(t, cam.NoCard, "not h264_cuvid: ")
	told, err := y.e.camerasForControl(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{cam.Decoder, cam.NoCard}, []string{told[0].Decoder, told[0].NoCard})
	st, err := backend{y.e}.Status(ctx)
	require.NoError(t, err)
	found := 0
	for _, n := range st.Notices {
		if n.Code == api.NoticeNoCard {
			found++
			require.Contains(t, n.Text, "decode.hardware")
		}
	}
	require.Equal(t, 1, found)
	far := backend{&edge{law: &lawful{}}}.remoteCamera(calls.Camera{CameraState: line.CameraState{ID: "far", Decoder: "soft\nware", NoCard: cam.NoCard}})
	require.Equal(t, []string{"soft ware", cam.NoCard}, []string{far.Decoder, far.NoCard})
}
