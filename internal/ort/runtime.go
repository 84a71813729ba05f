// Package ort runs ONNX models with ONNX Runtime. It is the one place that
// knows github.com/yalue/onnxruntime_go; detectors and the embedder share it.
//
// The shared library is loaded once per process and stays loaded: unloading it
// while one of its threads still runs is undefined. A session runs a model on
// the caller's own thread, so that the number of busy cores is the number of
// callers, and keeps tensors outside the Go heap, excluded from core dumps,
// because they hold pictures of people.
package ort

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	ortgo "github.com/yalue/onnxruntime_go"
)

// LibraryVersion is the release that the project installs and tests with.
const LibraryVersion = "1.30.0"

// EnvLibrary names the environment variable that points at the shared library.
const EnvLibrary = "BYSTANDER_ORT_LIB"

// Options says how to load ONNX Runtime.
type Options struct {
	// Library is the path of the shared library. When set, no other place is
	// tried. Empty means: EnvLibrary, then the user's cache directory, then
	// the system's library path.
	Library string
	// CacheDir is where providers that compile models keep the result;
	// empty means a folder in the user's cache directory.
	CacheDir string
}

// Runtime is the loaded library.
type Runtime struct {
	asked    string // as given to the loader
	library  string
	version  string
	cacheDir string
}

// The library itself is a property of the process, and so is what is known of
// it: loading it twice is refused by ONNX Runtime.
var process struct {
	sync.Mutex
	loaded *Runtime
}

// Open loads the shared library, or returns the one already loaded. It fails
// with ErrNoLibrary, naming every place tried and what to do, and when another
// library than the one asked for is loaded already.
func Open(o Options) (*Runtime, error) {
	process.Lock()
	defer process.Unlock()
	if r := process.loaded; r != nil {
		if o.Library != "" && o.Library != r.asked && o.Library != r.library {
			return nil, fmt.Errorf("%w: %s was asked for, but this process already runs %s; restart it to change",
				ErrNoLibrary, o.Library, r.library)
		}
		return r, nil
	}
	var tried []string
	for _, c := range Candidates(o.Library) {
		if err := load(c); err != nil {
			tried = append(tried, err.Error())
			continue
		}
		process.loaded = &Runtime{asked: c, library: mapped(c), version: ortgo.GetVersion(), cacheDir: cacheDir(o.CacheDir)}
		return process.loaded, nil
	}
	return nil, fmt.Errorf("%w; tried:\n  %s\nrun `make setup` to install version %s, or set %s to the path of libonnxruntime.so",
		ErrNoLibrary, strings.Join(tried, "\n  "), LibraryVersion, EnvLibrary)
}

// Library is the path the library was loaded from.
func (r *Runtime) Library() string { return r.library }

// Version is the library's release, e.g. "1.30.0".
func (r *Runtime) Version() string { return r.version }

// Candidates lists where the shared library is looked for, in order. An
// explicit path, or else the one in EnvLibrary, is the only candidate: who
// names a library does not want another one.
func Candidates(explicit string) []string {
	if explicit != "" {
		return []string{explicit}
	}
	if env := os.Getenv(EnvLibrary); env != "" {
		return []string{env}
	}
	var c []string
	if dir, err := os.UserCacheDir(); err == nil {
		c = append(c, filepath.Join(dir, "bystander", "onnxruntime-"+LibraryVersion,
			"libonnxruntime.so."+LibraryVersion))
	}
	return append(c, "libonnxruntime.so."+LibraryVersion, "libonnxruntime.so.1", "libonnxruntime.so")
}

func load(path string) error {
	if strings.ContainsRune(path, filepath.Separator) {
		st, err := os.Stat(path)
		switch {
		case errors.Is(err, os.ErrNotExist):
			return fmt.Errorf("%s: no such file", path)
		case err != nil:
			return fmt.Errorf("%s: %w", path, err)
		case !st.Mode().IsRegular():
			return fmt.Errorf("%s: not a file", path)
		}
	}
	if err := silence(); err != nil {
		return err
	}
	ortgo.SetSharedLibraryPath(path)
	// Errors come back as values; the library's own lines would repeat them.
	if err := ortgo.InitializeEnvironment(ortgo.WithLogLevelFatal()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// silence keeps the library from calling home: Microsoft's builds, the Linux
// wheels of 1.30 among them, hold a telemetry client which writes into the
// folder for temporary files and knows an address to send it to. Nothing leaves
// this program that nobody asked for (REQUIREMENTS A-18, INV-17). It must be
// called before the library is loaded.
func silence() error {
	if err := os.Setenv("ORT_DISABLE_TELEMETRY", "1"); err != nil {
		return fmt.Errorf("ort: telemetry cannot be switched off, so the library is not loaded: %w", err)
	}
	return nil
}

// mapped finds where the loader found a library that was asked for by a bare
// name; its providers lie beside it.
func mapped(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	b, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return name
	}
	for line := range strings.Lines(string(b)) {
		if i := strings.IndexByte(line, '/'); i >= 0 {
			if p := strings.TrimSpace(line[i:]); strings.HasPrefix(filepath.Base(p), "libonnxruntime.so") {
				return p
			}
		}
	}
	return name
}

func cacheDir(dir string) string {
	if dir != "" {
		return dir
	}
	if c, err := os.UserCacheDir(); err == nil {
		return filepath.Join(c, "bystander", "engines")
	}
	return ""
}
