package match

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ErrSet reports a set of pictures that cannot be measured on.
var ErrSet = errors.New("eval match: set")

// Picture is one labelled picture.
type Picture struct {
	Path   string
	Person string
	Labels map[string]string // for strata; may be nil
}

// Load lists a set: one folder a person, holding JPEG, PNG or WebP pictures, in
// order of person and file name.
func Load(dir string) ([]Picture, error) {
	people, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSet, err)
	}
	var out []Picture
	for _, p := range people {
		if !p.IsDir() {
			continue
		}
		files, err := os.ReadDir(filepath.Join(dir, p.Name()))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrSet, err)
		}
		for _, f := range files {
			switch strings.ToLower(filepath.Ext(f.Name())) {
			case ".jpg", ".jpeg", ".png", ".webp":
				out = append(out, Picture{Path: filepath.Join(dir, p.Name(), f.Name()), Person: p.Name()})
			}
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: %s holds no folder with pictures; one folder a person is needed", ErrSet, dir)
	}
	return out, nil
}

// Label reads labels for strata: a CSV whose first row names the columns, the
// first of which is "picture" (file name) or "person", and adds them to the
// pictures. Every row must belong to some.
func Label(pictures []Picture, r io.Reader) error {
	rows, err := csv.NewReader(r).ReadAll()
	if err != nil {
		return fmt.Errorf("%w: labels: %w", ErrSet, err)
	}
	if len(rows) < 2 || len(rows[0]) < 2 || rows[0][0] != "picture" && rows[0][0] != "person" {
		return fmt.Errorf("%w: labels: the first row must be picture,NAME… or person,NAME…", ErrSet)
	}
	by := map[string][]int{}
	for i, p := range pictures {
		key := p.Person
		if rows[0][0] == "picture" {
			key = filepath.Base(p.Path)
		}
		by[key] = append(by[key], i)
	}
	for n, row := range rows[1:] {
		hits := by[row[0]]
		if len(hits) == 0 {
			return fmt.Errorf("%w: labels: row %d: there is no %s %q in the set", ErrSet, n+2, rows[0][0], row[0])
		}
		for _, i := range hits {
			if pictures[i].Labels == nil {
				pictures[i].Labels = map[string]string{}
			}
			for c, v := range row[1:] {
				pictures[i].Labels[rows[0][c+1]] = v
			}
		}
	}
	return nil
}

// Pair is two pictures to be judged.
type Pair struct {
	A, B string // paths
	Same bool
}

// ReadPairs reads pairs in the form of LFW: the number of each kind, then
// "name n m" for pictures n and m of one person, "name n other m" for two
// people. dir is the folder of the set.
func ReadPairs(r io.Reader, dir string) ([]Pair, error) {
	var out []Pair
	line := 0
	for sc := bufio.NewScanner(r); ; {
		if !sc.Scan() {
			if err := sc.Err(); err != nil {
				return nil, fmt.Errorf("%w: pairs: %w", ErrSet, err)
			}
			break
		}
		line++
		w := strings.Fields(sc.Text())
		var p Pair
		var err1, err2 error
		switch {
		case len(w) == 1 && line == 1 || len(w) == 0:
			continue
		case len(w) == 3:
			p.Same = true
			p.A, err1 = lfwPath(dir, w[0], w[1])
			p.B, err2 = lfwPath(dir, w[0], w[2])
		case len(w) == 4:
			p.A, err1 = lfwPath(dir, w[0], w[1])
			p.B, err2 = lfwPath(dir, w[2], w[3])
		default:
			err1 = errors.New("neither \"name n m\" nor \"name n other m\"")
		}
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("%w: pairs: row %d: %w", ErrSet, line, err)
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: no pairs", ErrSet)
	}
	return out, nil
}

func lfwPath(dir, name, n string) (string, error) {
	i, err := strconv.Atoi(n)
	if err != nil || i < 1 || !filepath.IsLocal(name) || strings.ContainsAny(name, `/\`) || name == "." {
		return "", fmt.Errorf("%q is no picture of %q", n, name)
	}
	return filepath.Join(dir, name, fmt.Sprintf("%s_%04d.jpg", name, i)), nil
}

// split tells who is enrolled, who is looked for, and who is a stranger.
type split struct {
	enrolled, probes, strangers []int // indexes of pictures
	people                      []string
}

// divide enrols everybody with at least least pictures by their first enrol
// ones; their others are looked for. Everybody else is a stranger.
func divide(pictures []Picture, least, enrol int) split {
	by := map[string][]int{}
	for i, p := range pictures {
		by[p.Person] = append(by[p.Person], i)
	}
	var s split
	names := make([]string, 0, len(by))
	for n := range by {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		if len(by[n]) < least {
			s.strangers = append(s.strangers, by[n]...)
			continue
		}
		s.people = append(s.people, n)
		s.enrolled = append(s.enrolled, by[n][:enrol]...)
		s.probes = append(s.probes, by[n][enrol:]...)
	}
	return s
}
