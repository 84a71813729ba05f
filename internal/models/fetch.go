package models

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Progress tells how far a pull has got.
type Progress struct {
	Model string
	From  string // path or address without credentials
	Done  int64  // bytes
	Total int64
	// Finished is set in the last report of a model; Err tells how it ended.
	Finished bool
	Err      error
}

// Pull makes sure that the named models (all when names is empty) are in the
// cache, replacing a wrong file there. progress may be nil; it is called from
// the calling goroutine. Pull goes on after a failure and joins the errors.
func (s *Store) Pull(ctx context.Context, names []string, progress func(Progress)) error {
	if progress == nil {
		progress = func(Progress) {}
	}
	if len(names) == 0 {
		for _, i := range s.infos {
			names = append(names, i.Name)
		}
	}
	var errs []error
	for _, n := range names {
		i, err := s.Info(n)
		from := ""
		if err == nil {
			from, err = s.pull(ctx, i, progress)
		}
		progress(Progress{Model: n, From: from, Done: i.Bytes, Total: i.Bytes, Finished: true, Err: err})
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (s *Store) pull(ctx context.Context, i Info, progress func(Progress)) (string, error) {
	path := s.path(i)
	if _, err := readVerified(i, path, "it is replaced"); err == nil {
		return path, nil
	} else if !errors.Is(err, os.ErrNotExist) {
		s.o.Warn(err)
	}
	b, from, err := s.fetch(ctx, i, progress)
	if err != nil {
		return "", err
	}
	return from, writeAtomic(path, b)
}

// fetch asks mirrors, then the Go module cache, then upstream.
func (s *Store) fetch(ctx context.Context, i Info, progress func(Progress)) ([]byte, string, error) {
	var errs []error
	for _, src := range s.sources(i) {
		b, err := s.get(ctx, i, src, progress)
		if err == nil {
			for _, e := range errs {
				if errors.Is(e, ErrHash) {
					s.o.Warn(e)
				}
			}
			return b, src, nil
		}
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	hint := "put the file into " + s.o.CacheDir + " or name a mirror in " + EnvMirrors
	if i.URL == "" {
		hint = "upstream does not publish this file; " + hint
	} else if s.o.Offline {
		hint = "upstream was not asked (offline); " + hint
	}
	if len(errs) == 0 {
		errs = append(errs, errors.New("there was no place to ask"))
	}
	return nil, "", fmt.Errorf("%w: %s (%s, SHA-256 %s): %w; %s", ErrMissing, i.Name, i.File, i.SHA256,
		errors.Join(errs...), hint)
}

func (s *Store) sources(i Info) []string {
	var src []string
	for _, m := range s.o.Mirrors {
		if isAddress(m) {
			src = append(src, strings.TrimSuffix(m, "/")+"/"+url.PathEscape(i.File))
			continue
		}
		p := filepath.Join(m, i.File)
		if abs, err := filepath.Abs(p); err == nil {
			p = abs
		}
		src = append(src, p)
	}
	if i.Module != "" {
		for _, dir := range moduleCaches() {
			src = append(src, filepath.Join(dir, filepath.FromSlash(i.Module)))
		}
	}
	if i.URL != "" && !s.o.Offline {
		src = append(src, i.URL)
	}
	return src
}

// moduleCaches lists where the go command keeps modules, without running it.
func moduleCaches() []string {
	var dirs []string
	if d := os.Getenv("GOMODCACHE"); d != "" {
		dirs = append(dirs, d)
	}
	for _, p := range filepath.SplitList(os.Getenv("GOPATH")) {
		dirs = append(dirs, filepath.Join(p, "pkg", "mod"))
	}
	if home, err := os.UserHomeDir(); err == nil {
		dirs = append(dirs, filepath.Join(home, "go", "pkg", "mod"))
	}
	return dirs
}

func isAddress(s string) bool {
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://")
}

func (s *Store) get(ctx context.Context, i Info, src string, progress func(Progress)) ([]byte, error) {
	if !isAddress(src) {
		b, err := readVerified(i, src, "replace it in the mirror or take the mirror out")
		if err == nil && progress != nil {
			progress(Progress{Model: i.Name, From: src, Done: i.Bytes, Total: i.Bytes})
		}
		return b, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, src, nil)
	if err != nil {
		return nil, fmt.Errorf("models: %s: %s: bad address", i.Name, clean(src))
	}
	res, err := s.o.Client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("models: %s: %w", i.Name, bare(err, src))
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("models: %s: %s answered %s", i.Name, clean(src), res.Status)
	}
	r := &counter{r: io.LimitReader(res.Body, i.Bytes+1), p: Progress{Model: i.Name, From: clean(src), Total: i.Bytes}, f: progress}
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("models: %s: %s broke off after %d bytes: %w", i.Name, clean(src), len(b), err)
	}
	size := max(int64(len(b)), res.ContentLength)
	return b, verify(i, clean(src), b, size, "the address does not hold the file; take the mirror out or report it")
}

// clean is the address without user and password.
func clean(addr string) string {
	u, err := url.Parse(addr)
	if err != nil {
		return "(unreadable address)"
	}
	u.User = nil
	u.RawQuery = ""
	return u.String()
}

// bare takes the address, which may hold credentials, out of an HTTP error.
func bare(err error, src string) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return fmt.Errorf("%s: %w", clean(src), ue.Err)
	}
	return err
}

// counter reports progress about every 256 KiB.
type counter struct {
	r    io.Reader
	p    Progress
	f    func(Progress)
	last int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.p.Done += int64(n)
	if c.f != nil && (c.p.Done-c.last >= 256<<10 || err == io.EOF) {
		c.last = c.p.Done
		c.f(c.p)
	}
	return n, err
}
