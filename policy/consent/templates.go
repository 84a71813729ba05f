package consent

import (
	"embed"
	"fmt"
	"slices"

	"bystander/internal/strictyaml"
)

//go:embed texts/*.yml components.yml
var shipped embed.FS

// Template returns the text that ships for a language, to be completed by who
// runs the site: what only they know stands in {{…}}, and a notice is not
// published with it.
func Template(language string) (Text, error) {
	if !slices.Contains(Languages(), language) {
		return Text{}, Refuse(Unknown, "LANGUAGE", language, "templates are there in zh-CN and en")
	}
	name := "texts/" + language + ".yml"
	b, err := shipped.ReadFile(name)
	if err != nil {
		return Text{}, fmt.Errorf("consent: template: %w", err)
	}
	var t Text
	if err := strictyaml.Decode(name, b, &t); err != nil {
		return Text{}, fmt.Errorf("consent: template: %w", err)
	}
	return t, nil
}
