package rtc_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/internal/rtc"
)

const head = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"

func TestHomeCandidates(t *testing.T) {
	const candidate = "a=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\na=end-of-candidates\r\n"
	rejected := head +
		"m=audio 0 UDP/TLS/RTP/SAVPF 0\r\n" + candidate + "a=inactive\r\n" +
		"m=video 9 UDP/TLS/RTP/SAVPF 102\r\na=mid:1\r\n"
	got, err := rtc.HomeCandidates(rejected)
	require.NoError(t, err)
	audio, video, ok := strings.Cut(got, "m=video")
	require.True(t, ok)
	require.NotContains(t, audio, "candidate")
	require.Contains(t, audio, "a=inactive")
	require.Equal(t, 1, strings.Count(video, "a=candidate:"))
	require.Equal(t, 1, strings.Count(video, "a=end-of-candidates"))

	_, err = rtc.HomeCandidates(head + "m=audio 0 UDP/TLS/RTP/SAVPF 0\r\n" + candidate)
	require.ErrorIs(t, err, rtc.ErrNothingAccepted)
	_, err = rtc.HomeCandidates("no sdp")
	require.Error(t, err)
}

func TestLogTellsAddressesAtDebugLevelOnly(t *testing.T) {
	for level, want := range map[zerolog.Level]bool{zerolog.DebugLevel: true, zerolog.InfoLevel: false} {
		var out bytes.Buffer
		l := rtc.Log(zerolog.New(&out).Level(level)).NewLogger("ice")
		l.Errorf("lost %s", "192.0.2.7")
		l.Warn("192.0.2.7")
		require.Equal(t, want, strings.Contains(out.String(), "192.0.2.7"), "%v: %s", level, out.String())
		out.Reset()
		l.Info("192.0.2.8")
		l.Debugf("%s", "192.0.2.8")
		l.Trace("192.0.2.8")
		require.Empty(t, out.String())
	}
}
