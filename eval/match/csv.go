package match

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
)

// WriteCSV writes the curve of FNIR against FPIR with its bounds, one step a
// row.
func (o *Open) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	head := []string{"threshold", "fpir", "fpir_low", "fpir_high", "fpir_n", "fnir", "fnir_low", "fnir_high", "fnir_n", "enrolled"}
	if err := c.Write(head); err != nil {
		return fmt.Errorf("eval match: %w", err)
	}
	f := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	for _, s := range o.DET {
		err := c.Write([]string{
			f(float64(s.Threshold)), f(s.FPIR.Value), f(s.FPIR.Low), f(s.FPIR.High), strconv.Itoa(s.FPIR.Trials),
			f(s.FNIR.Value), f(s.FNIR.Low), f(s.FNIR.High), strconv.Itoa(s.FNIR.Trials), strconv.Itoa(o.Enrolled),
		})
		if err != nil {
			return fmt.Errorf("eval match: %w", err)
		}
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return fmt.Errorf("eval match: %w", err)
	}
	return nil
}
