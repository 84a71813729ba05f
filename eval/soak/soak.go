// Package soak judges whether figures that were sampled over a long run stayed
// flat: memory, file handles, goroutines, delay, leaks.
package soak

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
)

// Errors of Judge.
var (
	// ErrFew reports too few samples for a judgement.
	ErrFew = errors.New("soak: too few samples")
	// ErrColumn reports a bound on a column that was not sampled.
	ErrColumn = errors.New("soak: no such column")
)

// leastSamples are needed after the start was left out.
const leastSamples = 8

// Series is a table of samples: one row each, its first column the seconds since
// the start. NaN stands for what was not known.
type Series struct {
	Columns []string
	Rows    [][]float64
}

// Add appends a sample; it must have as many values as there are columns.
func (s *Series) Add(row []float64) error {
	if len(row) != len(s.Columns) {
		return fmt.Errorf("soak: a sample has %d values for %d columns", len(row), len(s.Columns))
	}
	s.Rows = append(s.Rows, slices.Clone(row))
	return nil
}

// Bound says how much a column may grow over the judged part of a run: by the
// greater of Part of its own median and Absolute.
type Bound struct {
	Column         string
	Part, Absolute float64
	// Mean compares the mean of the judged part's second half with that of its
	// first, for what is nothing most of the time and has no slope.
	Mean bool
}

// Verdict is the judgement of one column. Growth is what its slope comes to over
// the judged part.
type Verdict struct {
	Column       string  `json:"column"`
	Median       float64 `json:"median"`
	First        float64 `json:"first_sixth"` // median of the judged part's first sixth
	Last         float64 `json:"last_sixth"`
	SlopePerHour float64 `json:"slope_per_hour"`
	Growth       float64 `json:"growth"`
	Allowed      float64 `json:"allowed"`
	Flat         bool    `json:"flat"`
	Samples      int     `json:"samples"`
	From, To     float64 `json:"-"`
	Unknown      int     `json:"unknown"` // samples without this figure
}

// Judge looks at the last two thirds of a run: at the start caches fill. A slope
// is the median of the slopes between all pairs of samples (Theil, 1950; Sen,
// 1968), so that neither a burst nor a camera that comes and goes moves it. Only
// growth counts: what falls is no leak.
func Judge(s *Series, bounds []Bound) ([]Verdict, error) {
	if len(s.Rows) == 0 {
		return nil, fmt.Errorf("%w: none", ErrFew)
	}
	from := s.Rows[len(s.Rows)-1][0] / 3
	out := make([]Verdict, 0, len(bounds))
	for _, b := range bounds {
		c := slices.Index(s.Columns, b.Column)
		if c < 1 {
			return nil, fmt.Errorf("%w: %q", ErrColumn, b.Column)
		}
		var x, y []float64
		unknown := 0
		for _, r := range s.Rows {
			switch {
			case r[0] < from:
			case math.IsNaN(r[c]):
				unknown++
			default:
				x, y = append(x, r[0]), append(y, r[c])
			}
		}
		if len(x) < leastSamples {
			return nil, fmt.Errorf("%w: %d of %q after the first third, %d are needed", ErrFew, len(x), b.Column, leastSamples)
		}
		v := judge(x, y, b)
		v.Unknown = unknown
		out = append(out, v)
	}
	return out, nil
}

func judge(x, y []float64, b Bound) Verdict {
	n := len(x)
	sixth := max(n/6, 1)
	v := Verdict{
		Column: b.Column, Median: median(y), First: median(y[:sixth]), Last: median(y[n-sixth:]),
		Samples: n, From: x[0], To: x[n-1],
	}
	slope := theilSen(x, y)
	v.SlopePerHour = slope * 3600
	v.Growth = slope * (v.To - v.From)
	// Steps that come seldom leave most pairs level; the ends still tell.
	v.Growth = max(v.Growth, v.Last-v.First)
	if b.Mean {
		v.Growth = mean(y[n/2:]) - mean(y[:n/2])
	}
	v.Allowed = max(b.Part*math.Abs(v.Median), b.Absolute)
	v.Flat = v.Growth <= v.Allowed
	return v
}

func theilSen(x, y []float64) float64 {
	slopes := make([]float64, 0, len(x)*(len(x)-1)/2)
	for i := range x {
		for j := i + 1; j < len(x); j++ {
			if d := x[j] - x[i]; d > 0 {
				slopes = append(slopes, (y[j]-y[i])/d)
			}
		}
	}
	return median(slopes)
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(max(len(v), 1))
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Clone(v)
	slices.Sort(v)
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

// Writer writes samples as CSV, one line as soon as it is known.
type Writer struct{ w *csv.Writer }

// NewWriter writes the columns' names.
func NewWriter(w io.Writer, columns []string) (*Writer, error) {
	c := csv.NewWriter(w)
	if err := c.Write(columns); err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	c.Flush()
	return &Writer{c}, c.Error()
}

// Write writes one sample; what is not known stays empty.
func (w *Writer) Write(row []float64) error {
	out := make([]string, len(row))
	for i, v := range row {
		if !math.IsNaN(v) {
			out[i] = strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64)
		}
	}
	if err := w.w.Write(out); err != nil {
		return fmt.Errorf("soak: %w", err)
	}
	w.w.Flush()
	return w.w.Error()
}

// Read reads what a Writer wrote, so that a run can be judged again.
func Read(r io.Reader) (*Series, error) {
	rows, err := csv.NewReader(r).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%w: an empty file", ErrFew)
	}
	s := &Series{Columns: rows[0]}
	for i, r := range rows[1:] {
		row := make([]float64, len(r))
		for j, f := range r {
			if row[j] = math.NaN(); f != "" {
				if row[j], err = strconv.ParseFloat(f, 64); err != nil {
					return nil, fmt.Errorf("soak: line %d, %s: %w", i+2, s.Columns[j], err)
				}
			}
		}
		s.Rows = append(s.Rows, row)
	}
	return s, nil
}
