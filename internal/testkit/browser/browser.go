// Package browser drives headless Chromium in tests: real pages, real WebRTC.
package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// startLimit bounds the start of the browser; small machines need it.
const startLimit = 40 * time.Second

// Flag is one more command-line switch for Chromium, as name or name=value.
type Flag string

// FakeCamera gives pages a camera that shows Chromium's test picture and
// answers the permission question with yes.
const (
	FakeCamera Flag = "use-fake-device-for-media-stream"
	AllowMedia Flag = "use-fake-ui-for-media-stream"
)

// Page is one tab of a browser of its own. It and the browser end with the
// test.
type Page struct {
	t   testing.TB
	ctx context.Context
}

// Open starts a browser with a fresh profile and loads url. It fails the test
// when Chromium is missing or the page doesn't load: a test that needs a
// browser must never pass without one.
func Open(t testing.TB, url string, flags ...Flag) *Page {
	t.Helper()
	// The test's own context ends before its clean-up, and would kill the browser
	// before it could be closed.
	ctx, stopBrowser := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options(t, flags)...)
	t.Cleanup(stopBrowser)
	tab, closeTab := chromedp.NewContext(ctx, chromedp.WithErrorf(quiet(t)), chromedp.WithLogf(func(string, ...any) {}))
	t.Cleanup(func() {
		// Waits for the process, so that its profile can be deleted.
		_ = chromedp.Cancel(tab)
		closeTab()
	})
	p := &Page{t, tab}
	if err := p.within(startLimit, chromedp.Navigate(url)); err != nil {
		t.Fatalf("browser: open %s: %v", url, err)
	}
	return p
}

// Goto loads another page in the same tab.
func (p *Page) Goto(url string) {
	p.t.Helper()
	if err := p.within(startLimit, chromedp.Navigate(url)); err != nil {
		p.t.Fatalf("browser: open %s: %v", url, err)
	}
}

// find returns Chromium's path: CHROMIUM, else the usual names.
func find(t testing.TB) string {
	t.Helper()
	names := []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"}
	for _, n := range names {
		if n == "" {
			continue
		}
		if path, err := exec.LookPath(n); err == nil {
			return path
		}
	}
	t.Fatalf("browser: Chromium not found; install it (apt-get install chromium) or set CHROMIUM to its path")
	return ""
}

// profile makes a folder that goes when the browser has gone. Its helper
// processes outlive it by a moment and still write there.
func profile(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "bystander-browser-")
	if err != nil {
		t.Fatalf("browser: %v", err)
	}
	t.Cleanup(func() {
		for range 50 {
			if err = os.RemoveAll(dir); err == nil {
				return
			}
			<-time.After(100 * time.Millisecond)
		}
		t.Errorf("browser: %v", err)
	})
	return dir
}

func options(t testing.TB, flags []Flag) []chromedp.ExecAllocatorOption {
	t.Helper()
	opts := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(find(t)),
		chromedp.UserDataDir(profile(t)),
		chromedp.WSURLReadTimeout(startLimit),
	}
	always := []Flag{
		"headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run",
		"disable-background-networking", "disable-component-update", "disable-sync",
		"autoplay-policy=no-user-gesture-required", "mute-audio", "disable-dev-shm-usage",
		"no-default-browser-check",
	}
	for _, f := range append(always, flags...) {
		name, value, ok := strings.Cut(string(f), "=")
		if ok {
			opts = append(opts, chromedp.Flag(name, value))
		} else {
			opts = append(opts, chromedp.Flag(name, true))
		}
	}
	return opts
}

// quiet drops what the driver says of protocol messages newer than itself.
func quiet(t testing.TB) func(string, ...any) {
	return func(format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		if strings.Contains(text, "unmarshal") || t.Context().Err() != nil {
			return
		}
		t.Logf("browser: %s", text)
	}
}

func (p *Page) within(limit time.Duration, actions ...chromedp.Action) error {
	// The first Run starts the browser and ties its life to the context given,
	// so the limit must not be a child context that ends with this call.
	done := make(chan error, 1)
	go func() { done <- chromedp.Run(p.ctx, actions...) }()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return fmt.Errorf("no answer within %v", limit)
	}
}

// Eval runs script, the body of an async function, and stores what it returns
// in out (a pointer, decoded from JSON; nil to ignore). An exception fails the
// test with its text.
func (p *Page) Eval(script string, out any) {
	p.t.Helper()
	if err := p.TryEval(30*time.Second, script, out); err != nil {
		p.t.Fatalf("browser: %v", err)
	}
}

// TryEval is Eval with a limit and with the error returned.
func (p *Page) TryEval(limit time.Duration, script string, out any) error {
	raw := out
	if raw == nil {
		raw = new(any)
		script += "\n; return null;"
	}
	return p.within(limit, chromedp.Evaluate("(async () => {"+script+"\n})()", raw,
		func(e *runtime.EvaluateParams) *runtime.EvaluateParams { return e.WithAwaitPromise(true) }))
}

// Screenshot returns the page as PNG.
func (p *Page) Screenshot() []byte {
	p.t.Helper()
	var png []byte
	if err := p.within(30*time.Second, chromedp.CaptureScreenshot(&png)); err != nil {
		p.t.Fatalf("browser: screenshot: %v", err)
	}
	return png
}
