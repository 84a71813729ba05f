package ingest_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"bystander/ingest"
)

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"rtsp://h/x":                                "rtsp://h/x",
		"rtsp://me:secret@h:554/x":                  "rtsp://***@h:554/x",
		"rtsp://me:se@cret@h/x":                     "rtsp://***@h/x",
		"rtsp://me:se/cret@h/x":                     "rtsp://***@h/x",
		"rtsp://me@h/x":                             "rtsp://***@h/x",
		"rtsp://h/x?user=me&password=secret&ch=1":   "rtsp://h/x?user=***&password=***&ch=1",
		"rtsp://h/user=me&password=secret&ch=1":     "rtsp://h/user=***&password=***&ch=1",
		"rtsp://h/user=me_password=secret_ch=1.sdp": "rtsp://h/user=***",
		"rtsp://h/ch=1_psw=secret":                  "rtsp://h/ch=1_psw=***",
		"rtsp://h/cam?ch=1&loginpass=1&usr=me":      "rtsp://h/cam?ch=1&loginpass=1&usr=***",
		`dial "rtsp://me:secret@h/x": refused`:      `dial "rtsp://***@h/x": refused`,
		"Authorization: Digest username=\"me\"\nOK": "Authorization: ***\nOK",
		"/videos/a@b.mp4":                           "/videos/a@b.mp4",
	} {
		if got := ingest.Redact(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func FuzzPlainText(f *testing.F) {
	f.Add("rtsp://me:secret@h/x\x1b[31m\xff", 20)
	f.Fuzz(func(t *testing.T, s string, n int) {
		n = min(max(n, 0), 1000)
		got := ingest.PlainText(s, n)
		if len(got) > n || !utf8.ValidString(got) || strings.ContainsAny(got, "\n\r\x00\x1b\x7f") {
			t.Fatalf("%q became %q", s, got)
		}
		if again := ingest.Redact(ingest.Redact(s)); again != ingest.Redact(s) {
			t.Fatalf("redacting %q twice differs: %q", s, again)
		}
	})
}

func TestErrors(t *testing.T) {
	cause := errors.New("boom")
	err := error(ingest.Permanentf(ingest.CodeTimeout, "camera %q: %v", "x", cause))
	var e *ingest.Error
	if !errors.As(err, &e) || !e.Permanent || !errors.Is(err, cause) {
		t.Errorf("%#v", err)
	}
	if !errors.Is(err, &ingest.Error{Code: ingest.CodeTimeout}) || errors.Is(err, &ingest.Error{Code: ingest.CodeLost}) {
		t.Error("codes are not told apart")
	}
	if ingest.CodeOf(cause, "none") != "none" || ingest.CodeOf(err, "") != ingest.CodeTimeout {
		t.Error("CodeOf")
	}
}
