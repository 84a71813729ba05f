// Package capacity says what cameras cost: it plans deployments from measured
// unit costs, decides whether a machine has room for one more camera, bounds a
// camera's memory, and steps cameras down and up a ladder of quality. It is
// arithmetic alone; package app measures and acts.
package capacity

import (
	_ "embed"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/goccy/go-yaml"

	"bystander/internal/strictyaml"
)

//go:embed units.yml
var shipped []byte

// Unit is one unit cost.
type Unit struct {
	Name  string  `yaml:"name" json:"name"`
	Value float64 `yaml:"value" json:"value"`
	Per   string  `yaml:"per" json:"per"` // e.g. "CPU-ms a megapixel"
	// Measured is false for an estimate.
	Measured bool   `yaml:"measured" json:"measured"`
	How      string `yaml:"how" json:"how"` // the command that measured it, or where the estimate is from
}

// Units is a table of unit costs.
type Units struct {
	Version string `yaml:"version" json:"version"`
	Machine string `yaml:"machine" json:"machine"` // on which it was measured
	Units   []Unit `yaml:"units" json:"units"`
}

// The names of the unit costs. Each must be in a table, once.
const (
	Decode       = "decode"
	Guard        = "guard"
	Cover        = "cover"
	Encode       = "encode"
	Faces        = "faces"
	Persons      = "persons"
	Follow       = "follow"
	Other        = "other"
	StreamBits   = "stream-bits"
	CameraBits   = "camera-bits"
	EventKafka   = "event-kafka"
	EventStore   = "event-store"
	EventCPU     = "event-cpu"
	StoreRate    = "store-rate"
	BrokerRate   = "partition-rate"
	ViewerCPU    = "viewer-cpu"
	Memory       = "memory"
	ProgramBytes = "program-memory"
	GPULooks     = "gpu-looks"
)

var names = []string{
	Decode, Guard, Cover, Encode, Faces, Persons, Follow, Other, StreamBits, CameraBits, EventKafka,
	EventStore, EventCPU, StoreRate, BrokerRate, ViewerCPU, Memory, ProgramBytes, GPULooks,
}

// ErrUnits reports a table of unit costs that cannot be used.
var ErrUnits = errors.New("capacity: unit costs")

// Shipped is the table that comes with the program.
func Shipped() (Units, error) { return ParseUnits("units.yml", shipped) }

// ParseUnits reads a table. It fails with ErrUnits and names every fault.
func ParseUnits(file string, b []byte) (Units, error) {
	var u Units
	errs := []error{strictyaml.Decode(file, b, &u)}
	seen := map[string]bool{}
	for i, x := range u.Units {
		switch {
		case !slices.Contains(names, x.Name):
			errs = append(errs, fmt.Errorf("units[%d].name: %q is not known", i, x.Name))
		case seen[x.Name]:
			errs = append(errs, fmt.Errorf("units[%d].name: %q is given twice", i, x.Name))
		case !(x.Value > 0) || math.IsInf(x.Value, 0):
			errs = append(errs, fmt.Errorf("units[%d].value: %v of %q should be above 0", i, x.Value, x.Name))
		}
		seen[x.Name] = true
	}
	for _, n := range names {
		if !seen[n] {
			errs = append(errs, fmt.Errorf("units: %q is missing", n))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return u, fmt.Errorf("%w: %s: %w", ErrUnits, file, err)
	}
	return u, nil
}

// YAML writes the table as ParseUnits reads it.
func (u Units) YAML() ([]byte, error) {
	b, err := yaml.Marshal(u)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnits, err)
	}
	return b, nil
}

// Of is the value of a unit cost that ParseUnits has found.
func (u Units) Of(name string) float64 {
	i := slices.IndexFunc(u.Units, func(x Unit) bool { return x.Name == name })
	if i < 0 {
		return math.NaN()
	}
	return u.Units[i].Value
}

// Measured reports whether all of these were measured.
func (u Units) Measured(names ...string) bool {
	for _, n := range names {
		i := slices.IndexFunc(u.Units, func(x Unit) bool { return x.Name == n })
		if i < 0 || !u.Units[i].Measured {
			return false
		}
	}
	return true
}

// With returns the table with some values measured anew.
func (u Units) With(version, machine, how string, values map[string]float64) Units {
	u.Version, u.Machine, u.Units = version, machine, slices.Clone(u.Units)
	for i := range u.Units {
		if v, ok := values[u.Units[i].Name]; ok && v > 0 {
			u.Units[i].Value, u.Units[i].Measured, u.Units[i].How = v, true, how
		}
	}
	return u
}
