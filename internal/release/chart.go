package release

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The bounds of a packaged chart, and what a name of a version may be.
const maxChart = 8 << 20

var (
	semver = regexp.MustCompile(`^v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)$`)
	plain  = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.-]*$`)
	stated = regexp.MustCompile(`(?m)^(name|version): *"?([^"\s]+)"?\s*$`)
)

// ErrChart reports a chart that cannot be part of a release.
var ErrChart = errors.New("release: chart")

// ChartVersion is the version of a chart that is packaged with a program: the
// program's where that is a semantic one, else the chart's own with the program's
// behind a plus sign.
func ChartVersion(own, program string) (string, error) {
	if m := semver.FindStringSubmatch(program); m != nil {
		return m[1], nil
	}
	if !plain.MatchString(program) || !semver.MatchString(own) {
		return "", fmt.Errorf("%w: versions %q of the chart and %q of the program make none", ErrChart, own, program)
	}
	return own + "+" + program, nil
}

// PackChart packages the Helm chart in dir, for the program of the given version,
// into the folder out, as NAME-VERSION.tgz, and returns that name. Helm itself
// (the program at helm) checks and packages it; as it writes the hour into each
// entry, the entries are then written anew with the time at and in order of their
// names: the same chart gives the same bytes.
func PackChart(ctx context.Context, helm, dir, out, program string, at time.Time) (_ string, err error) {
	about, err := os.ReadFile(filepath.Join(dir, "Chart.yaml")) //nolint:gosec // of the source
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrChart, err)
	}
	told := map[string]string{}
	for _, m := range stated.FindAllStringSubmatch(string(about), -1) {
		told[m[1]] = m[2]
	}
	version, err := ChartVersion(told["version"], program)
	if err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp("", "chart-")
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrChart, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	cmd := exec.CommandContext(ctx, helm, "package", dir, "--destination", tmp, "--version", version, "--app-version", program) //nolint:gosec // named by the Makefile
	cmd.Env = append(os.Environ(), "HELM_CACHE_HOME="+tmp, "HELM_CONFIG_HOME="+tmp, "HELM_DATA_HOME="+tmp)
	if b, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s: %w: %s", ErrChart, helm, err, strings.TrimSpace(string(b)))
	}
	name := told["name"] + "-" + version + ".tgz"
	packed, err := os.ReadFile(filepath.Join(tmp, name)) //nolint:gosec // just made
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrChart, err)
	}
	same, names, err := Repack(packed, at)
	if err != nil {
		return "", err
	}
	if err := complete(dir, told["name"], names); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(out, name), same, 0o644); err != nil { //nolint:gosec // public
		return "", fmt.Errorf("%w: %w", ErrChart, err)
	}
	return name, nil
}

// Repack writes a tar archive, compressed by gzip, anew: its plain files in order
// of their names, with one time and nobody's ids. It returns the names, too.
func Repack(tgz []byte, at time.Time) (out []byte, names []string, err error) {
	unzip, err := gzip.NewReader(bytes.NewReader(tgz))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrChart, err)
	}
	files := map[string][]byte{}
	left := int64(maxChart)
	for r := tar.NewReader(unzip); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", ErrChart, err)
		}
		if _, twice := files[h.Name]; twice || h.Typeflag != tar.TypeReg || !filepath.IsLocal(h.Name) || h.Size > left {
			return nil, nil, fmt.Errorf("%w: %q cannot be part of it", ErrChart, h.Name)
		}
		left -= h.Size
		if files[h.Name], err = io.ReadAll(io.LimitReader(r, h.Size)); err != nil {
			return nil, nil, fmt.Errorf("%w: %w", ErrChart, err)
		}
		names = append(names, h.Name)
	}
	slices.Sort(names)
	var b bytes.Buffer
	zip := gzip.NewWriter(&b) // without a time of its own
	w := tar.NewWriter(zip)
	for _, n := range names {
		err = errors.Join(err, w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: n, Size: int64(len(files[n])), Mode: 0o644, ModTime: at.UTC(), Format: tar.FormatUSTAR}))
		_, werr := w.Write(files[n])
		err = errors.Join(err, werr)
	}
	if err := errors.Join(err, w.Close(), zip.Close()); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrChart, err)
	}
	return b.Bytes(), names, nil
}

// complete refuses a packaged chart that lacks a file of its folder. The values that
// it is tested with (ci) are for this source alone.
func complete(dir, name string, names []string) error {
	return filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("%w: %w", ErrChart, err)
		}
		rel, err := filepath.Rel(dir, p)
		switch {
		case err != nil:
			return err
		case e.IsDir() && rel == "ci":
			return fs.SkipDir
		case e.IsDir(), rel == ".helmignore":
			return nil
		}
		if !slices.Contains(names, path.Join(name, filepath.ToSlash(rel))) {
			return fmt.Errorf("%w: %s was not packaged; see .helmignore", ErrChart, p)
		}
		return nil
	})
}
