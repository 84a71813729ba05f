package verify_test

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/api/verify"
)

func TestFlatJSON(t *testing.T) {
	got, err := verify.ParseJSON([]byte(` { "a" : "x" , "b":12,"c":"\u00e9\ud83d\ude00\/\"","":"" } `))
	require.NoError(t, err)
	require.Equal(t, "x", string(got["a"].Bytes()))
	require.Equal(t, "12", string(got["b"].Bytes()))
	require.True(t, got["b"].Number())
	require.Equal(t, "é😀/\"", string(got["c"].Bytes()))
	require.Len(t, got, 4)
	for _, bad := range []string{
		"", "{", "[]", "null", `"x"`, `{"a":1}x`, `{"a":1,}`, `{"a":-1}`, `{"a":1.5}`, `{"a":1e3}`, `{"a":01}`, `{"a":true}`,
		`{"a":null}`, `{"a":{}}`, `{"a":[1]}`, `{a:1}`, `{"a" 1}`, `{"a":"x}`, `{"a":"\x"}`, `{"a":"\u12"}`, `{"a":"\ud800"}`,
		`{"a":"\udc00\ud800"}`, "{\"a\":\"\n\"}", "{\"a\":\"\xff\"}", `{"a":1,"a":2}`, `{"a":"\u0000"}`, `{"a":1234567890}`,
	} {
		_, err := verify.ParseJSON([]byte(bad))
		require.Error(t, err, bad)
	}
	// Nothing is copied: what is wiped in the body is gone from the fields.
	body := []byte(`{"image":"aGVsbG8\/aGVsbG8"}`)
	got, err = verify.ParseJSON(body)
	require.NoError(t, err)
	require.Equal(t, "aGVsbG8/aGVsbG8", string(got["image"].Bytes()))
	clear(body)
	require.Equal(t, make([]byte, 15), got["image"].Bytes())
}

// FuzzFlatJSON holds the parser to encoding/json: what it takes, that takes too,
// with the same content; and it refuses only what is no flat object of strings
// and small whole numbers.
func FuzzFlatJSON(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":"b","c":1}`, `{"a":"\u00e9\ud83d\ude00\\"}`, `{"a":"\/"}`, ` {"a" : 0 }`, `{"a":"\b\f\n\r\t"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := verify.ParseJSON(bytes.Clone(b))
		var want map[string]any
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber()
		if err != nil {
			return
		}
		if derr := d.Decode(&want); derr != nil {
			t.Fatalf("%q is taken, and encoding/json says %v", b, derr)
		}
		if len(want) != len(got) {
			t.Fatalf("%q: %d fields, want %d", b, len(got), len(want))
		}
		for k, v := range want {
			switch v := v.(type) {
			case string:
				if got[k].Number() || v != string(got[k].Bytes()) {
					t.Fatalf("%q: %q is %q, want %q", b, k, got[k].Bytes(), v)
				}
			case json.Number:
				if !got[k].Number() || v.String() != string(got[k].Bytes()) {
					t.Fatalf("%q: %q is %q, want %v", b, k, got[k].Bytes(), v)
				}
			default:
				t.Fatalf("%q: %q is taken", b, k)
			}
		}
	})
}

// form writes fields as mime/multipart does.
func form(t testing.TB, fields map[string][]byte) (kind string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for k, v := range fields {
		if k == "image" || k == "reference_image" {
			p, err := w.CreateFormFile(k, `a "file".jpg`)
			require.NoError(t, err)
			_, err = p.Write(v)
			require.NoError(t, err)
			continue
		}
		require.NoError(t, w.WriteField(k, string(v)))
	}
	require.NoError(t, w.Close())
	return w.FormDataContentType(), b.Bytes()
}

func TestMultipart(t *testing.T) {
	fields := map[string][]byte{"a": []byte("x"), "image": []byte("\xff\xd8\r\n--not the boundary\r\n\x00"), "empty": {}}
	kind, body := form(t, fields)
	boundary := kind[strings.Index(kind, "boundary=")+9:]
	got, err := verify.ParseMultipart(bytes.Clone(body), boundary)
	require.NoError(t, err)
	require.Len(t, got, 3)
	for k, v := range fields {
		require.Equal(t, string(v), string(got[k].Bytes()))
	}
	_, err = verify.ParseMultipart(body, "other")
	require.Error(t, err)
	_, err = verify.ParseMultipart(body[:len(body)-4], boundary)
	require.Error(t, err, "no end")
	for _, bad := range []string{
		"", "--b--x", "--b\r\n\r\nx\r\n--b--", "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
		"--b\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--b--",
		"--b\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--b--",
		"--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; name=a\r\n\r\ny\r\n--b--",
	} {
		_, err := verify.ParseMultipart([]byte(bad), "b")
		require.Error(t, err, bad)
	}
}

// FuzzMultipart holds the parser to mime/multipart's reader.
func FuzzMultipart(f *testing.F) {
	f.Add([]byte("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--b--\r\n"))
	f.Add([]byte("--b\r\nContent-Disposition: form-data; name=a; filename=\"f\"\r\nContent-Type: image/jpeg\r\n\r\n\r\n--b\r\n\r\n--b--"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := verify.ParseMultipart(bytes.Clone(b), "b")
		if err != nil {
			return
		}
		r := multipart.NewReader(bytes.NewReader(b), "b")
		for range got {
			p, err := r.NextRawPart()
			if err != nil {
				return // it is stricter about headers, which is no harm
			}
			var c bytes.Buffer
			if _, err := c.ReadFrom(p); err != nil {
				return
			}
			v, ok := got[p.FormName()]
			if ok && !bytes.Equal(v.Bytes(), c.Bytes()) {
				t.Fatalf("%q: %q, want %q", b, v.Bytes(), c.Bytes())
			}
		}
	})
}
