package docstest_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/internal/docstest"
)

const sample = "# A page\n\nSee [the `other` one](other.md#a-part) and ![a picture](x.png).\n\n" +
	"```sh\necho hello\n```\n\n<!-- not run: needs a cluster -->\n\n```sh\nhelm install x\n```\n\n" +
	"Prose with `bystander run` in it, `split\nover lines`.\n\n## A part: `x`, twice\n## A part: `x`, twice\n\n" +
	"<!-- ends with 3: it fails -->\n```console\n$ exit 3\n```\n\n    bystander loose\n"

func TestParse(t *testing.T) {
	p, err := docstest.Parse("page.md", sample)
	require.NoError(t, err)
	require.Equal(t, []docstest.Block{
		{Line: 6, Lang: "sh", Text: "echo hello\n"},
		{Line: 12, Lang: "sh", Text: "helm install x\n", Not: "needs a cluster"},
		{Line: 23, Lang: "console", Text: "$ exit 3\n", Ends: 3},
	}, p.Blocks)
	require.Equal(t, []docstest.Span{{3, "other.md#a-part"}, {3, "x.png"}}, p.Links)
	require.Equal(t, []docstest.Span{{3, "other"}, {15, "bystander run"}, {15, "split over lines"}, {18, "x"}, {19, "x"}}, p.Code)
	require.Equal(t, map[string]bool{"a-page": true, "a-part-x-twice": true, "a-part-x-twice-1": true}, p.Anchors)
	require.Equal(t, []docstest.Span{{26, "bystander loose"}}, p.Loose)
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"a block without an end": "```sh\necho\n",
		"an unknown note":        "<!-- maybe -->\n```sh\necho\n```\n",
		"a note without reason":  "<!-- not run: -->\n```sh\necho\n```\n",
	} {
		_, err := docstest.Parse("page.md", text)
		require.Error(t, err, name)
	}
	p, err := docstest.Parse("page.md", "<!-- maybe -->\nwords between\n```sh\necho\n```\n")
	require.NoError(t, err)
	require.Empty(t, p.Blocks[0].Not, "a note belongs to what follows it")
}

func TestCommands(t *testing.T) {
	for text, want := range map[string][][]string{
		"a b  c # words":                   {{"a", "b", "c"}},
		"a \\\n    b":                      {{"a", "b"}},
		"a\\\nb c":                         {{"ab", "c"}},
		"\"\\\n":                           {{""}},
		"a 'b c' \"d e\"f ''":              {{"a", "b c", "d ef", ""}},
		"a | b && c; d &":                  {{"a"}, {"b"}, {"c"}, {"d"}},
		"a < in > out 2>&1 b":              {{"a", "b"}},
		"a <<EOF\nnot here\nEOF\nb":        {{"a"}, {"b"}},
		"X=$(a --b | c) d":                 {{"X=$(a --b | c)", "d"}},
		"a '{\"x\":\n  1}' b":              {{"a", "{\"x\":\n  1}", "b"}},
		"":                                 nil,
		"# nothing":                        nil,
		"a <(b c) d":                       {{"a"}, {"b", "c)", "d"}},
		"(a; b)":                           {{"a"}, {"b)"}},
		"bystander x --reason \"leak at\"": {{"bystander", "x", "--reason", "leak at"}},
	} {
		require.Equal(t, want, docstest.Commands(text), "%q", text)
	}
}

// Commands never fails, whatever is written, and never makes up a word.
func TestCommandsOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("ab '\"\\\n$()<>|;&#…-"))).Draw(t, "text")
		for _, c := range docstest.Commands(text) {
			for _, w := range c {
				for _, r := range w {
					require.Contains(t, text, string(r))
				}
			}
		}
	})
}

func TestDiffers(t *testing.T) {
	for _, c := range []struct {
		shown, printed string
		same           bool
	}{
		{"a b", "a   b\n", true},
		{"a b", "a c\n", false},
		{"a … c", "a b c\n", true},
		{"a\nb", "a\nx\nb\n", false},
		{"a\n…\nb", "a\nx\ny\nb\n", true},
		{"a", "a\nmore\n", false},
		{"a\n…", "a\nmore\n", true},
		{"…", "", true},
		{"", "surprise\n", false},
		{"", "", true},
		{"a.b", "axb", false},
	} {
		d := docstest.Differs(strings.Split(c.shown, "\n"), c.printed)
		require.Equal(t, c.same, d == "", "%q and %q: %s", c.shown, c.printed, d)
	}
}

func run(t *testing.T, page string) error {
	t.Helper()
	p, err := docstest.Parse("page.md", page)
	require.NoError(t, err)
	return docstest.Run(t.Context(), p, docstest.World{
		Dir: t.TempDir(), Env: []string{"PATH=" + os.Getenv("PATH")}, Real: strings.NewReplacer("/etc/x", "here"),
	})
}

func TestRun(t *testing.T) {
	require.NoError(t, run(t, "```sh\nX=1; f() { echo \"$1\"; }\n```\n\n```console\n$ f ${X}/etc/x\n1/etc/x\n$ f 2 \\\n    | tr 2 3\n3\n```\n"), "what one block sets the next one has")
	require.NoError(t, run(t, "<!-- ends with 3: on purpose -->\n```console\n$ echo so; exit 3\nso\n```\n\n```sh\ntrue\n```\n"))
	require.NoError(t, run(t, "<!-- not run: it would fail -->\n```sh\nfalse\n```\n"))
}

func TestRunFindsWhatDoesNotHold(t *testing.T) {
	for page, line := range map[string]int{
		"```sh\ntrue\n```\n\n```sh\nfalse\ntrue\n```\n":         6,
		"```sh\nfalse | true\n```\n":                            2,
		"```console\n$ echo a\nb\n```\n":                        2,
		"```console\n$ echo a\na\n$ echo b\nb\nc\n```\n":        4,
		"<!-- ends with 1: it should -->\n```sh\ntrue\n```\n":   3,
		"<!-- ends with 2: it should -->\n```sh\nexit 1\n```\n": 3,
		"```sh\nexit 0\n```\n\n```sh\ntrue\n```\n":              2,
		"```sh\nif\n```\n":                                      2,
	} {
		var f *docstest.Failure
		require.ErrorAs(t, run(t, page), &f, "%q", page)
		require.Equal(t, line, f.Line, "%q: %v", page, f)
	}
}

func TestRunEndsWithItsTime(t *testing.T) {
	begun := time.Now()
	p, err := docstest.Parse("page.md", "```sh\nsleep 600\n```\n")
	require.NoError(t, err)
	ctx, cancel := contextOf(t, 200*time.Millisecond)
	defer cancel()
	err = docstest.Run(ctx, p, docstest.World{Dir: t.TempDir(), Env: []string{"PATH=" + os.Getenv("PATH")}, Real: strings.NewReplacer()})
	require.Error(t, err)
	require.Less(t, time.Since(begun), time.Minute)
}
