package verify

import (
	"errors"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/problem"
)

// Bounds of a request.
const (
	// MaxBody holds two photographs of eight megabytes in base64, with room.
	MaxBody = 24 << 20
	// MaxPhoto is the most that one photograph may have, before decoding.
	MaxPhoto = 8 << 20
	maxBizNo = 128
	maxID    = 128
	maxName  = 512 // also when encrypted, in base64
)

// Comparison is what a picture is compared with.
type Comparison int

// The kinds of comparison_type.
const (
	CompareReference Comparison = 0 // a reference picture, or an enrolled person
	CompareAuthority Comparison = 1 // an authority's register; by an adapter
	CompareDocument  Comparison = 2 // a document's chip; by an adapter
)

// request is a call as it was sent. Its slices lie in the body, which is wiped.
type request struct {
	comparison    Comparison
	selfSupplied  bool // data_type 1
	encryption    Encryption
	scene, bizNo  string
	enrollee      string
	image         []byte // encoded as sent
	reference     []byte
	encryptedKey  []byte
	name, number  []byte
	sign, version string
	text          bool // binary fields are base64
}

// fieldNames are all there are; any other is refused.
var fieldNames = []string{
	"comparison_type", "data_type", "verify_id", "biz_no", "encryption_type", "encrypted_key",
	"image", "reference_image", "enrollee", "name", "id_number", "sign", "sign_version",
}

// wrong is a 422 that names the field.
func wrong(field, why string) *problem.Problem {
	p := problem.New(http.StatusUnprocessableEntity, "FIELD", field+": "+why)
	p.Errors = []*huma.ErrorDetail{{Location: "body." + field, Message: why}}
	return p
}

// parse reads the body in place.
func parse(contentType string, body []byte) (request, *problem.Problem) {
	kind, params, err := mime.ParseMediaType(contentType)
	var fields map[string]value
	var r request
	switch {
	case err == nil && kind == "application/json":
		r.text = true
		fields, err = parseJSON(body)
	case err == nil && kind == "multipart/form-data":
		fields, err = parseMultipart(body, params["boundary"])
	default:
		return r, problem.New(http.StatusUnsupportedMediaType, "CONTENT_TYPE", "send application/json or multipart/form-data")
	}
	if err != nil {
		return r, problem.New(http.StatusUnprocessableEntity, "BODY", err.Error())
	}
	return r, r.take(fields)
}

func (r *request) take(fields map[string]value) *problem.Problem {
	for name := range fields {
		if !slices.Contains(fieldNames, name) {
			return wrong(quoted(name), "there is no such field")
		}
	}
	f := form{fields: fields, json: r.text}
	r.comparison = Comparison(f.number("comparison_type", 2))
	r.selfSupplied = f.number("data_type", 1) == 1
	r.encryption = Encryption(f.number("encryption_type", 2))
	r.scene = f.words("verify_id", maxID, true)
	r.bizNo = f.words("biz_no", maxBizNo, false)
	r.enrollee = f.words("enrollee", maxID, false)
	r.sign = f.words("sign", 1024, false)
	r.version = f.words("sign_version", 32, false)
	r.name, r.number = f.bytes("name", maxName), f.bytes("id_number", maxName)
	r.image, r.reference = f.bytes("image", 0), f.bytes("reference_image", 0)
	r.encryptedKey = f.bytes("encrypted_key", 4096)
	if f.bad != nil {
		return f.bad
	}
	return r.fits()
}

// fits checks what fields mean together.
func (r *request) fits() *problem.Problem {
	identity := len(r.name) > 0 || len(r.number) > 0
	switch {
	case identity && r.comparison != CompareAuthority:
		return wrong("name", "name and id_number go with comparison_type 1 only, and are never stored")
	case r.comparison == CompareAuthority && (len(r.name) == 0 || len(r.number) == 0):
		return wrong("name", "comparison_type 1 needs name and id_number")
	case len(r.image) == 0:
		return wrong("image", "is missing")
	case r.comparison == CompareReference && (len(r.reference) > 0) == (r.enrollee != ""):
		return wrong("reference_image", "give either reference_image or enrollee")
	case r.comparison != CompareReference && (len(r.reference) > 0 || r.enrollee != ""):
		return wrong("reference_image", "goes with comparison_type 0 only, and so does enrollee")
	case r.encryption == EncryptNone && len(r.encryptedKey) > 0:
		return wrong("encrypted_key", "goes with encryption_type 1 and 2 only")
	case r.encryption != EncryptNone && len(r.encryptedKey) == 0:
		return wrong("encrypted_key", "is missing")
	case r.version != "" && r.version != SignSHA1 || (r.version == "") != (r.sign == ""):
		return wrong("sign_version", "the fields sign and sign_version carry "+SignSHA1+" only; "+SignSHA256+" covers the body and goes into the headers "+HeaderSign+" and "+HeaderVersion)
	}
	return nil
}

// form reads fields and remembers the first that is wrong.
type form struct {
	fields map[string]value
	json   bool
	bad    *problem.Problem
}

func (f *form) fail(p *problem.Problem) {
	if f.bad == nil {
		f.bad = p
	}
}

// number reads a needed whole number from 0 to most.
func (f *form) number(name string, most int) int {
	v, ok := f.fields[name]
	n, err := strconv.Atoi(string(v.b))
	switch {
	case !ok:
		f.fail(wrong(name, "is missing"))
	case f.json && !v.number:
		f.fail(wrong(name, "must be a number"))
	case err != nil || n < 0 || n > most || len(v.b) > 1:
		f.fail(wrong(name, "must be a whole number from 0 to "+strconv.Itoa(most)))
	}
	return n
}

// words reads a text that may be kept for the answer.
func (f *form) words(name string, most int, needed bool) string {
	v, ok := f.fields[name]
	switch {
	case !ok && !needed:
	case len(v.b) == 0 && needed:
		f.fail(wrong(name, "is missing"))
	case v.number:
		f.fail(wrong(name, "must be a string"))
	case len(v.b) > most:
		f.fail(wrong(name, "may have at most "+strconv.Itoa(most)+" bytes"))
	case !utf8.Valid(v.b):
		f.fail(wrong(name, "must be UTF-8"))
	default:
		return string(v.b)
	}
	return ""
}

// bytes returns a field where it lies; most 0 means that the body's own bound
// will do.
func (f *form) bytes(name string, most int) []byte {
	v := f.fields[name]
	switch {
	case v.number:
		f.fail(wrong(name, "must be a string"))
	case most > 0 && len(v.b) > most:
		f.fail(wrong(name, "may have at most "+strconv.Itoa(most)+" bytes"))
	}
	return v.b
}

// quoted is a field's name as an answer may repeat it.
func quoted(name string) string {
	const most = 40
	if len(name) > most || !utf8.ValidString(name) {
		return "a field"
	}
	return strconv.Quote(name)
}

// contents are the plain pictures of a call, in memory of its own.
type contents struct {
	image, reference []byte
	name, number     []byte
	hold             [][]byte
}

// wipe overwrites everything that was made of the request.
func (c *contents) wipe() {
	for _, b := range c.hold {
		clear(b[:cap(b)])
	}
}

var errNotBase64 = errors.New("is not base64")

// open decodes and decrypts the pictures, and name and number where the call is
// encrypted.
func (m *Module) open(r *request, c *contents) *problem.Problem {
	raw := func(b []byte) ([]byte, error) {
		if !r.text || len(b) == 0 {
			return b, nil
		}
		out, err := fromBase64(b)
		if err != nil {
			return nil, errNotBase64
		}
		c.hold = append(c.hold, out)
		return out, nil
	}
	var bx *box
	if r.encryption != EncryptNone {
		key, err := raw(r.encryptedKey)
		if err != nil {
			return wrong("encrypted_key", err.Error())
		}
		if bx, err = m.cfg.Opener.open(r.encryption, key); err != nil {
			return sealed("encrypted_key")
		}
	}
	for _, f := range []struct {
		name string
		from []byte
		to   *[]byte
	}{
		{"image", r.image, &c.image},
		{"reference_image", r.reference, &c.reference},
		{"name", r.name, &c.name},
		{"id_number", r.number, &c.number},
	} {
		b, err := f.from, error(nil)
		if identity := f.to == &c.name || f.to == &c.number; !identity || bx != nil {
			b, err = raw(f.from)
		}
		if err != nil {
			return wrong(f.name, err.Error())
		}
		if bx != nil && len(b) > 0 {
			if b, err = bx.field(f.name, b); err != nil {
				return sealed(f.name)
			}
		}
		if len(b) > MaxPhoto {
			return wrong(f.name, "may have at most "+strconv.Itoa(MaxPhoto>>20)+" MiB")
		}
		*f.to = b
	}
	return nil
}

func sealed(field string) *problem.Problem {
	p := wrong(field, "cannot be decrypted: encrypt for the key of GET /v1/verify/keys, with the field's name as associated data")
	p.Code = "DECRYPT"
	return p
}
