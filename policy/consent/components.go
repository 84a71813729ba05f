package consent

import (
	"errors"
	"fmt"
	"strings"

	"bystander/internal/strictyaml"
)

// Component is one third-party part that touches personal data, as a notice
// discloses it (B-05).
type Component struct {
	Name     string `json:"name" yaml:"name"`
	Provider string `json:"provider" yaml:"provider"`
	Version  string `json:"version" yaml:"version"`
	Purpose  string `json:"purpose" yaml:"purpose"`
	// Data is what it sees, each kind named.
	Data   []string `json:"data" yaml:"data,flow"`
	Method string   `json:"method" yaml:"method"`
	// Role is its provider's: "none" where the provider only supplied software
	// and receives nothing, else "processor" or "controller".
	Role   string `json:"role" yaml:"role"`
	Policy string `json:"policy" yaml:"policy"` // link to its terms
	// Contract is the reference of the agreement with a processor; without one
	// a processor cannot be disclosed, and so not be used (B-06).
	Contract string `json:"contract,omitempty" yaml:"contract,omitempty"`
	// Module is the Go module path, where it is one; Model a model's name.
	Module string `json:"module,omitempty" yaml:"module,omitempty"`
	Model  string `json:"model,omitempty" yaml:"model,omitempty"`
}

// Register lists the components that touch personal data, and those libraries
// that do not, each with the reason.
type Register struct {
	Components []Component `yaml:"components"`
	// Untouched maps a Go module to why no personal data passes through it.
	Untouched map[string]string `yaml:"untouched"`
}

// Components returns the register that ships with the program.
func Components() (Register, error) {
	b, err := shipped.ReadFile("components.yml")
	if err != nil {
		return Register{}, fmt.Errorf("consent: component register: %w", err)
	}
	return ParseRegister("components.yml", b)
}

// ParseRegister reads a register and checks it; name is used in messages.
func ParseRegister(name string, b []byte) (Register, error) {
	var r Register
	if err := strictyaml.Decode(name, b, &r); err != nil {
		return r, fmt.Errorf("consent: component register: %w", err)
	}
	var errs []error
	for i, c := range r.Components {
		for _, f := range []field{
			{name: "name", text: c.Name},
			{name: "provider", text: c.Provider},
			{name: "version", text: c.Version},
			{name: "purpose", text: c.Purpose},
			{name: "method", text: c.Method},
			{name: "policy", text: c.Policy},
		} {
			if strings.TrimSpace(f.text) == "" {
				errs = append(errs, fmt.Errorf("%s: components[%d] (%s): %s is empty", name, i, c.Name, f.name))
			}
		}
		errs = append(errs, c.check(fmt.Sprintf("%s: components[%d] (%s)", name, i, c.Name)))
	}
	return r, errors.Join(errs...)
}

// Translations returns the words of the shipped components in a language, each
// under its English ones; none for English.
func Translations(language string) (map[string]string, error) {
	if language != "zh-CN" {
		return nil, nil //nolint:nilnil // English needs none
	}
	name := "texts/components." + language + ".yml"
	b, err := shipped.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("consent: component register: %w", err)
	}
	words := map[string]string{}
	if err := strictyaml.Decode(name, b, &words); err != nil {
		return nil, fmt.Errorf("consent: component register: %w", err)
	}
	return words, nil
}

// In returns the component with its purpose, data and method in the words of a
// language (Translations). What somebody else wrote stays as it is.
func (c Component) In(words map[string]string) Component {
	say := func(text string) string {
		if t, ok := words[text]; ok {
			return t
		}
		return text
	}
	c.Purpose, c.Method = say(c.Purpose), say(c.Method)
	data := make([]string, len(c.Data))
	for i, d := range c.Data {
		data[i] = say(d)
	}
	c.Data = data
	return c
}

func (c Component) check(at string) error {
	if len(c.Data) == 0 {
		return fmt.Errorf("%s: data is empty", at)
	}
	for _, d := range c.Data {
		if w, yes := openWord(d); yes {
			return fmt.Errorf("%s: data: %q leaves the list open", at, w)
		}
	}
	switch c.Role {
	case "none", "controller":
	case "processor":
		if c.Contract == "" {
			return fmt.Errorf("%s: a processor needs the reference of its contract", at)
		}
	default:
		return fmt.Errorf("%s: role %q is not none, processor or controller", at, c.Role)
	}
	return nil
}
