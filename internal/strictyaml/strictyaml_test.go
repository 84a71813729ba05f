package strictyaml_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/strictyaml"
)

type inner struct {
	Name string        `yaml:"name"`
	Wait time.Duration `yaml:"wait"`
}

type doc struct {
	Listen string   `yaml:"listen"`
	Count  int      `yaml:"count"`
	On     bool     `yaml:"on"`
	Ratio  float64  `yaml:"ratio"`
	Inner  inner    `yaml:"inner"`
	Ptr    *inner   `yaml:"ptr"`
	List   []inner  `yaml:"list"`
	Words  []string `yaml:"words"`
	Hidden string   `yaml:"-"`
}

func TestDecodeKeepsDefaults(t *testing.T) {
	d := doc{Listen: "here", Count: 3, Inner: inner{Name: "kept"}}
	err := strictyaml.Decode("f.yml", []byte(`
count: 4
on: true
ratio: 0.5
inner: {wait: 90s}
ptr: {name: p}
list:
  - name: a
    wait: 5ms
words: [x, "y z"]
listen:
`), &d)
	require.NoError(t, err)
	require.Equal(t, doc{
		Listen: "here", Count: 4, On: true, Ratio: 0.5,
		Inner: inner{"kept", 90 * time.Second}, Ptr: &inner{Name: "p"},
		List: []inner{{"a", 5 * time.Millisecond}}, Words: []string{"x", "y z"},
	}, d)
}

func TestDecodeReportsEverythingAtOnce(t *testing.T) {
	var d doc
	err := strictyaml.Decode("f.yml", []byte(`lisen: x
count: many
on: perhaps
inner:
  wait: soon
list:
  - nme: a
hidden: y
count: 2
words: one
`), &d)
	require.Error(t, err)
	for _, want := range []string{
		`f.yml:1: lisen: unknown key; did you mean "listen"?`,
		`f.yml:2: count: should be a whole number within range`,
		`f.yml:3: on: should be true or false`,
		`f.yml:5: inner.wait: should be a duration such as`,
		`f.yml:7: list[0].nme: unknown key; did you mean "name"?`,
		`f.yml:8: hidden: unknown key`,
		`f.yml:9: count: given twice`,
		`f.yml:10: words: should be a list`,
	} {
		require.ErrorContains(t, err, want)
	}
	var one *strictyaml.Error
	require.ErrorAs(t, err, &one)
}

func TestDecodeRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"syntax":    "a: [",
		"documents": "on: true\n---\non: false\n",
		"alias":     "inner: &a {name: x}\nptr: *a\n",
		"scalar":    "just words",
	} {
		t.Run(name, func(t *testing.T) {
			require.Error(t, strictyaml.Decode("f.yml", []byte(text), new(doc)))
		})
	}
	require.NoError(t, strictyaml.Decode("f.yml", nil, new(doc)))
	require.NoError(t, strictyaml.Decode("f.yml", []byte("# only words\n"), new(doc)))
}

func TestOnlySlipsAreGuessedAt(t *testing.T) {
	err := strictyaml.Decode("f.yml", []byte("nme: a\n"), new(struct {
		Name string `yaml:"name"`
	}))
	require.ErrorContains(t, err, `did you mean "name"?`)
	err = strictyaml.Decode("f.yml", []byte("foo: a\n"), new(struct {
		Log string `yaml:"log"`
	}))
	require.ErrorContains(t, err, "foo: unknown key")
	require.NotContains(t, err.Error(), "did you mean")
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("count: 1\nlist: [{name: a}]\n"))
	f.Add([]byte("a: &x [*x]"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		_ = strictyaml.Decode("f.yml", b, new(doc))
	})
}
