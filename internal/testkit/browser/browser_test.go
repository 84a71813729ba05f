package browser_test

import (
	"bytes"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"bystander/internal/testkit/browser"
)

// TestPage loads a real page, runs a script in it and looks at its picture.
func TestPage(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`<body style="margin:0;background:rgb(200,30,40)"><p id=x>there</p>`))
	}))
	defer srv.Close()
	p := browser.Open(t, srv.URL)
	var got string
	p.Eval(`await new Promise(r => setTimeout(r, 10)); return document.getElementById('x').textContent;`, &got)
	if got != "there" {
		t.Errorf("text %q", got)
	}
	err := p.TryEval(5*time.Second, `throw new Error('told');`, nil)
	if err == nil || !strings.Contains(err.Error(), "told") {
		t.Errorf("an exception must come back as error, got %v", err)
	}
	img, err := png.Decode(bytes.NewReader(p.Screenshot()))
	if err != nil {
		t.Fatal(err)
	}
	r, g, b, _ := img.At(img.Bounds().Dx()-5, img.Bounds().Dy()-5).RGBA()
	if r>>8 != 200 || g>>8 != 30 || b>>8 != 40 {
		t.Errorf("colour %d %d %d", r>>8, g>>8, b>>8)
	}
}
