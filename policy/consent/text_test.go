package consent_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"bystander/internal/models"
	"bystander/internal/testkit"
	"bystander/policy/consent"
)

// A component that touches personal data and is in no list fails the build, and
// so does one whose version is not the one in use.
//
// proves: B-05, B-06
func TestRegisterIsComplete(t *testing.T) {
	reg, err := consent.Components()
	require.NoError(t, err)
	mod, err := os.ReadFile(filepath.Join(testkit.Root(t), "go.mod"))
	require.NoError(t, err)
	known, model := map[string]consent.Component{}, map[string]bool{}
	for _, c := range reg.Components {
		known[c.Module], model[c.Model] = c, true
	}
	direct := 0
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) (v\S+)$`).FindAllStringSubmatch(string(mod), -1) {
		direct++
		c, listed := known[m[1]]
		_, untouched := reg.Untouched[m[1]]
		require.NotEqual(t, listed, untouched, "%s: put it into policy/consent/components.yml, under components or under untouched with the reason", m[1])
		if listed {
			require.Equal(t, m[2], c.Version, "%s: the register names another version", m[1])
		}
	}
	require.Greater(t, direct, 20, "go.mod was read")
	store, err := models.Open(models.Options{Offline: true})
	require.NoError(t, err)
	for _, m := range store.List() {
		require.True(t, model[m.Name], "model %s is not in policy/consent/components.yml", m.Name)
	}
}

// Every word of the register that visitors read has its Chinese one, and none is
// left over.
func TestRegisterIsTranslated(t *testing.T) {
	reg, err := consent.Components()
	require.NoError(t, err)
	words, err := consent.Translations("zh-CN")
	require.NoError(t, err)
	used := map[string]bool{}
	for _, c := range reg.Components {
		here := c.In(words)
		require.Equal(t, []string{c.Name, c.Provider, c.Version}, []string{here.Name, here.Provider, here.Version})
		for i, text := range append([]string{c.Purpose, c.Method}, c.Data...) {
			used[text] = true
			got := append([]string{here.Purpose, here.Method}, here.Data...)[i]
			require.True(t, strings.ContainsFunc(got, func(r rune) bool { return unicode.Is(unicode.Han, r) }),
				"%s: %q lacks its words in policy/consent/texts/components.zh-CN.yml", c.Name, text)
		}
		require.Equal(t, c, c.In(nil), "English stays as it is")
	}
	for text := range words {
		require.True(t, used[text], "%q is no longer in the register", text)
	}
}

// proves: B-05, B-06
func TestRegisterRefusals(t *testing.T) {
	good := "components:\n  - {name: n, provider: p, version: v, purpose: u, data: [names], method: m, role: none, policy: 'https://x.invalid'}\nuntouched: {}\n"
	_, err := consent.ParseRegister("r.yml", []byte(good))
	require.NoError(t, err)
	for _, c := range []struct{ from, to, want string }{
		{"role: none", "role: processor", "contract"},
		{"role: none", "role: friend", "friend"},
		{"[names]", "[]", "data is empty"},
		{"[names]", "['names, etc.']", "etc."},
		{"provider: p", "provider: ''", "provider is empty"},
		{"version: v, ", "", "version"},
	} {
		_, err := consent.ParseRegister("r.yml", []byte(strings.Replace(good, c.from, c.to, 1)))
		require.ErrorContains(t, err, c.want, c.to)
	}
	_, err = consent.ParseRegister("r.yml", []byte(strings.Replace(good, "role: none", "role: processor, contract: DPA-7", 1)))
	require.NoError(t, err)
}

// proves: A-33
func TestTemplatesShipInBothLanguages(t *testing.T) {
	for _, l := range consent.Languages() {
		tpl, err := consent.Template(l)
		require.NoError(t, err)
		d := consent.Draft{Version: "t", Scenes: []string{"s"}, Texts: map[string]consent.Text{}}
		for _, all := range consent.Languages() {
			d.Texts[all] = tpl
		}
		reasons := d.Faults()
		require.NotEmpty(t, reasons, "a template with placeholders is not published as it is")
		for _, r := range reasons {
			require.Contains(t, r.Text, "placeholder", "%s %s", r.Code, r.Object)
		}
		filled := complete(tpl)
		for _, all := range consent.Languages() {
			d.Texts[all] = filled
		}
		require.Empty(t, d.Faults(), "completed, it passes")
	}
	_, err := consent.Template("fr")
	require.Error(t, err)
}

var placeholder = regexp.MustCompile(`\{\{[^}]*\}\}`)

// complete fills a template's placeholders.
func complete(t consent.Text) consent.Text {
	v := reflect.ValueOf(&t).Elem()
	for i := range v.NumField() {
		if s, ok := v.Field(i).Addr().Interface().(*string); ok {
			*s = placeholder.ReplaceAllString(*s, "Venue Ltd")
		}
	}
	return t
}

// proves: B-03, C-01
func TestEmptyNoticeFieldIsNamed(t *testing.T) {
	fields := []string{
		"title", "controller", "contact", "purpose", "method", "retention", "necessity", "impact",
		"rights_procedure", "alternative", "withdrawal",
	}
	typ := reflect.TypeFor[consent.Text]()
	for i := range typ.NumField() {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		if typ.Field(i).Type.Kind() != reflect.String || name == "legal_extras" {
			continue
		}
		require.Contains(t, fields, name)
		d := draft("v1")
		x := d.Texts["en"]
		reflect.ValueOf(&x).Elem().Field(i).SetString(" ")
		d.Texts["en"] = x
		require.Equal(t, []consent.Reason{{
			Code: "NOTICE_FIELD_EMPTY", Object: "en." + name, Text: "the notice must state this; it is empty",
		}}, d.Faults())
	}
	d := draft("v1")
	x := d.Texts["zh-CN"]
	x.Kinds = nil
	d.Texts["zh-CN"] = x
	require.Equal(t, "zh-CN.kinds", d.Faults()[0].Object)
	delete(d.Texts, "zh-CN")
	require.Equal(t, "NOTICE_LANGUAGE_MISSING", d.Faults()[0].Code)
}

// proves: B-04
func TestOpenListsAreRefused(t *testing.T) {
	for text, word := range map[string]string{
		"姓名、照片等":                       "等",
		"例如姓名":                         "例如",
		"包括但不限于姓名":                     "包括但不限于",
		"name, photograph, etc.":       "etc.",
		"data such as your name":       "such as",
		"for example your name":        "for example",
		"e.g. your name":               "e.g.",
		"Including But Not Limited To": "Including But Not Limited To",
		"your name and so on":          "and so on",
		"your name…":                   "…",
		"姓名等等":                         "等等",
		"高等级数据等":                       "等",
	} {
		d := draft("v1")
		x := d.Texts["zh-CN"]
		x.Kinds = []consent.FunctionData{{Function: "登记", Data: []string{"姓名", text}}}
		d.Texts["zh-CN"] = x
		got := d.Faults()
		require.Len(t, got, 1, text)
		require.Equal(t, "NOTICE_OPEN_LIST", got[0].Code)
		require.Equal(t, "zh-CN.kinds[0].data[1]", got[0].Object)
		require.Contains(t, got[0].Text, `"`+word+`"`)
	}
	for _, fine := range []string{"安全等级", "等待时间", "平等通行的记录", "the fetched template", "suchlike.txt", "your name", "ketchup"} {
		d := draft("v1")
		x := d.Texts["zh-CN"]
		x.Kinds = []consent.FunctionData{{Function: "登记", Data: []string{fine}}}
		d.Texts["zh-CN"] = x
		require.Empty(t, d.Faults(), fine)
	}
}
