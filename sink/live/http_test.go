package live_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"bystander/sink/live"
)

const videoOnly = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"

// TestHTTP walks through the errors of the draft.
func TestHTTP(t *testing.T) {
	hub := newHub(t, live.Config{MaxViewers: 1})
	hub.Stream("arcade")
	hub.Stream("full")
	h := live.NewHandler(hub, "whep")
	_, offer := newOffer(t, nil)
	if _, _, err := hub.Offer(t.Context(), "full", offer); err != nil {
		t.Fatal(err)
	}
	noH264 := strings.ReplaceAll(offer, "H264/90000", "AV1/90000")
	for _, c := range []struct {
		name, method, path, body string
		header                   map[string]string
		want                     int
	}{
		{"offer", "POST", "/whep/arcade", offer, nil, 201},
		{"with parameters", "POST", "/whep/arcade", offer, map[string]string{"Content-Type": "application/sdp; charset=utf-8"}, 503},
		{"unknown camera", "POST", "/whep/nowhere", offer, nil, 404},
		{"no camera", "POST", "/whep/", offer, nil, 404},
		{"elsewhere", "POST", "/other", offer, nil, 404},
		{"full", "POST", "/whep/full", offer, nil, 503},
		{"no type", "POST", "/whep/arcade", offer, map[string]string{"Content-Type": ""}, 415},
		{"wrong type", "POST", "/whep/arcade", offer, map[string]string{"Content-Type": "application/json"}, 415},
		{"not accepted", "POST", "/whep/arcade", offer, map[string]string{"Accept": "text/html, application/json"}, 406},
		{"refused by quality", "POST", "/whep/arcade", offer, map[string]string{"Accept": "application/sdp;q=0"}, 406},
		{"accepted", "POST", "/whep/nowhere", offer, map[string]string{"Accept": "text/html, */*;q=0.1"}, 404},
		{"too large", "POST", "/whep/arcade", strings.Repeat("x", live.MaxOffer+1), nil, 413},
		{"empty", "POST", "/whep/arcade", "", nil, 400},
		{"garbage", "POST", "/whep/arcade", "\x00\xff garbage", nil, 400},
		{"no media", "POST", "/whep/arcade", videoOnly, nil, 400},
		{"no H.264", "POST", "/whep/arcade", noH264, nil, 406},
		{"sends only", "POST", "/whep/arcade", strings.ReplaceAll(offer, "a=recvonly", "a=sendonly"), nil, 406},
		{"data channel", "POST", "/whep/arcade", offer + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n", nil, 400},
		{"many sections", "POST", "/whep/arcade", offer + strings.Repeat("m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n", 10), nil, 400},
		{"many attributes", "POST", "/whep/arcade", offer + strings.Repeat("a=x\r\n", 2500), nil, 400},
		{"get", "GET", "/whep/arcade", "", nil, 405},
		{"options", "OPTIONS", "/whep/arcade", "", nil, 204},
		{"patch of something else", "PATCH", "/whep/arcade/x", "", nil, 415},
		{"patch without session", "PATCH", "/whep/arcade/x", "", map[string]string{"Content-Type": "application/trickle-ice-sdpfrag"}, 404},
		{"put", "PUT", "/whep/arcade/x", "", nil, 405},
		{"session options", "OPTIONS", "/whep/arcade/x", "", nil, 204},
		{"unknown session", "DELETE", "/whep/arcade/x", "", nil, 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := do(h, c.method, c.path, c.body, c.header)
			if w.Code != c.want {
				t.Fatalf("%d, want %d: %s", w.Code, c.want, w.Body)
			}
			switch {
			case c.want == 201:
				if w.Header().Get("Content-Type") != "application/sdp" || !strings.HasPrefix(w.Header().Get("Location"), "/whep/arcade/") {
					t.Errorf("header %v", w.Header())
				}
			case c.want == 405 && w.Header().Get("Allow") == "", c.want == 503 && w.Header().Get("Retry-After") == "":
				t.Errorf("header %v", w.Header())
			case c.want >= 400 && strings.TrimSpace(w.Body.String()) == "":
				t.Error("no words for the viewer")
			}
		})
	}
}

func do(h http.Handler, method, path, body string, header map[string]string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/sdp")
	for k, v := range header {
		if v == "" {
			r.Header.Del(k)
		} else {
			r.Header.Set(k, v)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// FuzzOffer posts any bytes as offer: an answer or a plain refusal, never a
// panic, and no session is left.
func FuzzOffer(f *testing.F) {
	for _, s := range []string{
		"", videoOnly,
		videoOnly + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=recvonly\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\n",
		videoOnly + "a=group:BUNDLE 0\r\na=ice-ufrag:abcd\r\na=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa\r\na=fingerprint:sha-256 " +
			strings.Repeat("AA:", 31) + "AA\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=setup:actpass\r\na=rtcp-mux\r\na=recvonly\r\n" +
			"a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;profile-level-id=42e01f\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n",
	} {
		f.Add(s)
	}
	_, real := newOffer(f, nil)
	f.Add(real)
	hub := newHub(f, live.Config{})
	hub.Stream("c")
	h := live.NewHandler(hub, "/whep/")
	f.Fuzz(func(t *testing.T, offer string) {
		w := do(h, http.MethodPost, "/whep/c", offer, nil)
		switch w.Code {
		case http.StatusCreated:
			if d := do(h, http.MethodDelete, w.Header().Get("Location"), "", nil); d.Code != http.StatusOK {
				t.Fatalf("delete: %d", d.Code)
			}
		case http.StatusBadRequest, http.StatusNotAcceptable, http.StatusRequestEntityTooLarge:
		default:
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
		if n := hub.Stats().Viewers; n != 0 {
			t.Fatalf("%d viewers left", n)
		}
	})
}
