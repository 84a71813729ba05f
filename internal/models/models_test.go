package models_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"bystander/internal/models"
	"bystander/internal/testkit"
)

// entry is a manifest of one model with the given content and upstream.
func entry(content []byte, extra string) []byte {
	sum := sha256.Sum256(content)
	return fmt.Appendf(nil, `models:
  - name: m
    file: m.onnx
    sha256: %s
    bytes: %d
    purpose: test
    licence: MIT
    origin: made by the test
    input: {name: x, shape: [1], colour: bgr, mean: 0, scale: 1}
    outputs: [{name: y, kind: box}]
    thresholds: {score: 0.5}
%s`, hex.EncodeToString(sum[:]), len(content), extra)
}

func open(t *testing.T, manifest []byte, o models.Options) *models.Store {
	t.Helper()
	if o.CacheDir == "" {
		o.CacheDir = t.TempDir()
	}
	if o.Mirrors == nil {
		o.Mirrors = []string{}
	}
	s, err := models.OpenManifest(manifest, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// C-13: no model of the manifest says anything but these five things.
//
// proves: C-13
func TestManifestOutputsAreRestricted(t *testing.T) {
	s, err := models.Open(models.Options{CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[models.Kind]bool{"box": true, "landmarks": true, "quality": true, "pad": true, "embedding": true}
	embedders := 0
	for _, i := range s.List() {
		for _, o := range i.Outputs {
			if !allowed[o.Kind] || !o.Kind.Allowed() {
				t.Errorf("%s: output %s of kind %s", i.Name, o.Name, o.Kind)
			}
			if o.Kind == models.KindEmbedding {
				embedders++
			}
		}
	}
	if embedders != 1 {
		t.Errorf("%d embedders in the manifest, want the one that templates are made with", embedders)
	}
	for _, k := range []string{"emotion", "age", "gender", "health", "action", ""} {
		bad := strings.Replace(string(entry([]byte("x"), "")), "kind: box", "kind: \""+k+"\"", 1)
		if _, err := models.ParseManifest([]byte(bad)); !errors.Is(err, models.ErrManifest) || !strings.Contains(err.Error(), "C-13") {
			t.Errorf("a model that gives %q: %v", k, err)
		}
	}
}

// proves: A-14
func TestManifestRules(t *testing.T) {
	good := string(entry([]byte("x"), ""))
	if _, err := models.ParseManifest([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"unknown key":      {"purpose: test", "purpose: test\n    colour: red"},
		"licence":          {"licence: MIT", "licence: CC-BY-NC-4.0"},
		"file path":        {"file: m.onnx", "file: ../m.onnx"},
		"hidden file":      {"file: m.onnx", "file: .m"},
		"short hash":       {"sha256: ", "sha256: 00"},
		"no bytes":         {"bytes: 1", "bytes: 0"},
		"plain http":       {"purpose: test", "purpose: test\n    url: http://example.org/m"},
		"module path":      {"purpose: test", "purpose: test\n    module: ../../etc/passwd"},
		"no outputs":       {"outputs: [{name: y, kind: box}]", "outputs: []"},
		"not yaml":         {"models:", "models: ["},
		"another document": {"models:", "modules:"},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if bad == good {
			t.Fatalf("%s: nothing changed", name)
		}
		if _, err := models.ParseManifest([]byte(bad)); !errors.Is(err, models.ErrManifest) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseManifest(f *testing.F) {
	f.Add(entry([]byte("x"), ""))
	f.Add([]byte("models: [{}]"))
	f.Add([]byte("{"))
	f.Fuzz(func(t *testing.T, b []byte) {
		infos, err := models.ParseManifest(b)
		if (err == nil) != (len(infos) > 0) {
			t.Errorf("%d models and error %v", len(infos), err)
		}
		for _, i := range infos {
			for _, o := range i.Outputs {
				if !o.Kind.Allowed() {
					t.Errorf("kind %q passed", o.Kind)
				}
			}
		}
	})
}

// Every model beside the checkout is the one that the manifest names.
func TestSharedModels(t *testing.T) {
	s, err := models.Open(models.Options{CacheDir: t.TempDir(), Mirrors: []string{testkit.Shared(t) + "/models"}, Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range s.List() {
		path, got, err := s.Resolve(t.Context(), i.Name)
		if err != nil || got.Name != i.Name || filepath.Dir(path) != s.CacheDir() {
			t.Errorf("%s: %s, %v", i.Name, path, err)
		}
	}
}

func TestOrder(t *testing.T) {
	content := []byte("the model")
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.URL.Path != "/models/m.onnx" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(content)
	}))
	defer srv.Close()
	mirror, wrong := t.TempDir(), t.TempDir()
	write(t, filepath.Join(wrong, "m.onnx"), []byte("not the model"))

	var warned []error
	s := open(t, entry(content, ""), models.Options{
		Mirrors: []string{wrong, mirror, srv.URL + "/models/"}, Warn: func(err error) { warned = append(warned, err) },
	})
	b, _, err := s.Load(t.Context(), "m")
	if err != nil || string(b) != string(content) || asked != 1 {
		t.Fatalf("%q, %v, asked %d times", b, err, asked)
	}
	if len(warned) != 1 || !errors.Is(warned[0], models.ErrHash) {
		t.Errorf("a mirror with a wrong file is passed over without a word: %v", warned)
	}
	// Now it comes from the cache, whatever the mirrors do.
	srv.Close()
	path, _, err := s.Resolve(t.Context(), "m")
	if p, ok := s.Cached("m"); err != nil || !ok || p != path {
		t.Errorf("%s, %v", path, err)
	}
	left, err := os.ReadDir(s.CacheDir())
	if err != nil || len(left) != 1 {
		t.Errorf("the cache holds more than the model: %v, %v", left, err)
	}
}

func TestWrongHashIsRefused(t *testing.T) {
	content := []byte("the model")
	mirror := t.TempDir()
	write(t, filepath.Join(mirror, "m.onnx"), content)
	s := open(t, entry(content, ""), models.Options{Mirrors: []string{mirror}})
	cached := filepath.Join(s.CacheDir(), "m.onnx")
	for name, bad := range map[string][]byte{
		"changed": []byte("the mod3l"), "longer": append(content, content...), "cut": content[:3], "empty": {},
	} {
		write(t, cached, bad)
		b, i, err := s.Load(t.Context(), "m")
		if !errors.Is(err, models.ErrHash) || b != nil {
			t.Errorf("%s: loaded %q, %v", name, b, err)
			continue
		}
		for _, want := range []string{cached, i.SHA256, "expected", "got", "bystander models pull m"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the error does not say %q: %v", name, want, err)
			}
		}
	}
	// Pull is the way out.
	if err := s.Pull(t.Context(), []string{"m"}, nil); err != nil {
		t.Fatal(err)
	}
	if b, _, err := s.Load(t.Context(), "m"); err != nil || string(b) != string(content) {
		t.Errorf("after the pull: %q, %v", b, err)
	}
}

func TestMissing(t *testing.T) {
	s := open(t, entry([]byte("the model"), ""), models.Options{
		Mirrors: []string{"/nowhere", "http://user:secret@127.0.0.1:1/models"},
	})
	_, _, err := s.Resolve(t.Context(), "m")
	if !errors.Is(err, models.ErrMissing) {
		t.Fatal(err)
	}
	for _, want := range []string{"/nowhere/m.onnx", "127.0.0.1:1", s.CacheDir(), models.EnvMirrors} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the error tells a password: %v", err)
	}
	if _, _, err := s.Resolve(t.Context(), "n"); !errors.Is(err, models.ErrUnknown) || !strings.Contains(err.Error(), "there are m") {
		t.Errorf("unknown name: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.Resolve(ctx, "m"); err == nil {
		t.Error("a cancelled lookup succeeds")
	}
}

func TestUpstreamTrouble(t *testing.T) {
	content := []byte(strings.Repeat("m", 1000))
	for name, h := range map[string]http.HandlerFunc{
		"not found": http.NotFound,
		"longer":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(append(content, 'x')) },
		"a page":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>sign in</html>")) },
		"broken off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write(content[:10])
		},
	} {
		srv := httptest.NewServer(h)
		s := open(t, entry(content, ""), models.Options{Mirrors: []string{srv.URL}})
		if _, _, err := s.Resolve(t.Context(), "m"); !errors.Is(err, models.ErrMissing) {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := os.ReadDir(s.CacheDir()); len(left) > 0 {
			t.Errorf("%s: the cache holds %v", name, left)
		}
		srv.Close()
	}
}

func TestNoPlaceToAskIsSaidInWords(t *testing.T) {
	s := open(t, entry([]byte("the model"), "    url: https://example.org/m.onnx\n"), models.Options{Mirrors: []string{}, Offline: true})
	_, _, err := s.Resolve(t.Context(), "m")
	if !errors.Is(err, models.ErrMissing) || strings.Contains(err.Error(), "%!") || !strings.Contains(err.Error(), models.EnvMirrors) {
		t.Errorf("%v; want a missing model, in words, with a way out", err)
	}
}

func TestUnwritableCache(t *testing.T) {
	content := []byte("the model")
	mirror := t.TempDir()
	write(t, filepath.Join(mirror, "m.onnx"), content)
	var warned int
	s := open(t, entry(content, ""), models.Options{
		// Nobody, not even root, makes a directory there.
		CacheDir: "/proc/bystander-models", Mirrors: []string{mirror}, Warn: func(error) { warned++ },
	})
	path, _, err := s.Resolve(t.Context(), "m")
	if err != nil || path != filepath.Join(mirror, "m.onnx") || warned != 1 {
		t.Errorf("%s, %v, %d warnings; want the mirror's file in place and a warning", path, err, warned)
	}
	if err := s.Pull(t.Context(), nil, nil); err == nil {
		t.Error("a pull into an unwritable cache succeeds")
	}
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, nil)
	s = open(t, entry(content, ""), models.Options{CacheDir: filepath.Join(file, "below"), Mirrors: []string{mirror}})
	if _, _, err := s.Resolve(t.Context(), "m"); err == nil {
		t.Error("a cache below a file is passed over")
	}
}

func TestConcurrentPullAndProgress(t *testing.T) {
	content := make([]byte, 1<<20)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }))
	defer srv.Close()
	s := open(t, entry(content, ""), models.Options{Mirrors: []string{srv.URL}})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			var last models.Progress
			steps := 0
			err := s.Pull(t.Context(), nil, func(p models.Progress) {
				if p.Done < last.Done {
					t.Errorf("progress goes back from %d to %d", last.Done, p.Done)
				}
				last, steps = p, steps+1
			})
			if err != nil || !last.Finished || last.Done != int64(len(content)) || last.Err != nil {
				t.Errorf("%v after %d steps: %+v", err, steps, last)
			}
		})
	}
	wg.Wait()
	if _, _, err := s.Resolve(t.Context(), "m"); err != nil {
		t.Error(err)
	}
}

func TestDefaultMirrors(t *testing.T) {
	shared := t.TempDir()
	if err := os.Mkdir(filepath.Join(shared, "models"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("BYSTANDER_SHARED", shared)
	t.Setenv(models.EnvMirrors, " https://example.org/m , /srv/models,")
	got := strings.Join(models.DefaultMirrors(), " ")
	if want := "https://example.org/m /srv/models " + shared + "/models"; !strings.HasPrefix(got, want) {
		t.Errorf("mirrors %q, want %q first", got, want)
	}
}
