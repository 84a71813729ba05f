package consent

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"bystander/internal/event"
)

// Languages that a notice must be published in.
func Languages() []string { return []string{"zh-CN", "en"} }

// MaxText bounds one field of a notice in bytes.
const MaxText = 8 << 10

// Text is a notice in one language: what people are told before they are asked
// (B-03; GB/T 35273; PIPL 17, 30). Every field must say something.
type Text struct {
	Title      string `json:"title" yaml:"title"`
	Controller string `json:"controller" yaml:"controller"`
	Contact    string `json:"contact" yaml:"contact"`
	Purpose    string `json:"purpose" yaml:"purpose"`
	Method     string `json:"method" yaml:"method"`
	// Kinds lists, for each function, every kind of data that it uses; nothing
	// is left to "and so on" (B-04).
	Kinds     []FunctionData `json:"kinds" yaml:"kinds"`
	Retention string         `json:"retention" yaml:"retention"`
	Necessity string         `json:"necessity" yaml:"necessity"`
	Impact    string         `json:"impact" yaml:"impact"`
	// Rights is the procedure: where and how to ask, and how long it takes.
	Rights string `json:"rights_procedure" yaml:"rights_procedure"`
	// Alternative is the way through for who declines.
	Alternative string `json:"alternative" yaml:"alternative"`
	// Withdrawal says how to take a consent back.
	Withdrawal string `json:"withdrawal" yaml:"withdrawal"`
	// Extras holds what a jurisdiction asks for besides; it may be empty.
	Extras string `json:"legal_extras,omitempty" yaml:"legal_extras,omitempty"`
}

// FunctionData is one function with the data that it uses.
type FunctionData struct {
	Function string   `json:"function" yaml:"function"`
	Data     []string `json:"data" yaml:"data"`
}

// fields lists the plain fields by their names in JSON, in order.
func (t *Text) fields() []field {
	out := []field{}
	v := reflect.ValueOf(t).Elem()
	for i := range v.NumField() {
		name, opts, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if s, ok := v.Field(i).Addr().Interface().(*string); ok {
			out = append(out, field{name, *s, opts == "omitempty"})
		}
	}
	return out
}

type field struct {
	name, text string
	optional   bool
}

// Hash names the text.
func (t *Text) Hash() event.Digest { return hashOf("bystander notice text v1", t) }

// hashOf is SHA-256 over a domain and the JSON of v, whose members stand in the
// order of its fields.
func hashOf(domain string, v any) event.Digest {
	b, err := json.Marshal(v)
	if err != nil { // only plain structs are given
		panic(fmt.Sprintf("consent: %s: %v", domain, err))
	}
	return sha256.Sum256(append([]byte(domain+"\x00"), b...))
}

// check returns every fault of the text: empty fields, words that leave a list
// open. Objects name language and field, such as zh-CN.kinds[0].data[1].
func (t *Text) check(language string) []Reason {
	var out []Reason
	bad := func(code, field, text string) {
		out = append(out, Reason{Code: code, Object: language + "." + field, Text: text})
	}
	for _, f := range t.fields() {
		switch {
		case strings.TrimSpace(f.text) == "" && !f.optional:
			bad("NOTICE_FIELD_EMPTY", f.name, "the notice must state this; it is empty")
		case len(f.text) > MaxText:
			bad("NOTICE_FIELD_LONG", f.name, fmt.Sprintf("at most %d bytes", MaxText))
		case strings.Contains(f.text, "{{"):
			bad("NOTICE_FIELD_EMPTY", f.name, "a placeholder of the template is still in it: replace {{…}} by what holds at your site")
		}
	}
	if len(t.Kinds) == 0 {
		bad("NOTICE_FIELD_EMPTY", "kinds", "list each function with the data that it uses")
	}
	for i, k := range t.Kinds {
		at := fmt.Sprintf("kinds[%d]", i)
		if strings.TrimSpace(k.Function) == "" {
			bad("NOTICE_FIELD_EMPTY", at+".function", "name the function")
		}
		if len(k.Data) == 0 {
			bad("NOTICE_FIELD_EMPTY", at+".data", "list the data that this function uses")
		}
		for j, d := range append(slices.Clone(k.Data), k.Function) {
			where := fmt.Sprintf("%s.data[%d]", at, j)
			if j == len(k.Data) {
				where = at + ".function"
			} else if strings.TrimSpace(d) == "" || len(d) > MaxText {
				bad("NOTICE_FIELD_EMPTY", where, "name one kind of data, or leave the line out")
			}
			if w, open := openWord(d); open {
				bad("NOTICE_OPEN_LIST", where, fmt.Sprintf("%q leaves the list open; name every kind of data itself", w))
			}
		}
	}
	return out
}
