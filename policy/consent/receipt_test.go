package consent_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/testkit"
	"bystander/policy"
	"bystander/policy/consent"
)

var testKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))

// receipts of one consent through its life.
func (d *desk) receipts() (policy.Consent, []consent.Issued) {
	d.t.Helper()
	s := d.person()
	d.keeper.templates[s.Enrollee] = true
	g := d.given(s.Enrollee, policy.PurposeMatch)
	g.Evidence.Basis = "separate consent <art. 29> & “explicit”"
	g.Evidence.Document = digest("signed sheet")
	c := d.give(g)
	_, err := d.Withdraw(d.t.Context(), c.ID, "kiosk-1")
	require.NoError(d.t, err)
	var out []consent.Issued
	for v := range uint32(3) {
		r, err := d.Receipt(d.t.Context(), c.ID, v+1)
		require.NoError(d.t, err)
		out = append(out, r)
	}
	return c, out
}

// proves: C-32
func TestEveryChangeGivesAReceipt(t *testing.T) {
	d := newDesk(t)
	c, rs := d.receipts()
	for i, want := range []policy.ConsentState{policy.ConsentPending, policy.ConsentGiven, policy.ConsentWithdrawn} {
		handed, err := json.Marshal(rs[i])
		require.NoError(t, err)
		for _, form := range [][]byte{[]byte(rs[i].JWS), handed} {
			r, err := consent.Verify(form, keys(d))
			require.NoError(t, err)
			require.Equal(t, c.ID, r.Record.ID)
			require.Equal(t, uint32(i+1), r.Record.Version)
			require.Len(t, r.Events, i+1)
			require.Equal(t, want, r.Events[i].State)
			require.Equal(t, []consent.ReceiptParty{{Role: "pii_controller", Name: "Sample Venue Ltd", Contact: "privacy@sample.invalid"}}, r.Parties)
			require.Equal(t, policy.PurposeMatch, r.Purposes[0].Purpose)
			require.Equal(t, digest("signed sheet").String(), r.Events[0].Document)
		}
	}
	newest, err := d.Receipt(t.Context(), c.ID, 0)
	require.NoError(t, err)
	require.Equal(t, rs[2], newest)
	_, err = d.Receipt(t.Context(), c.ID, 9)
	refused(t, err, consent.Unknown, "RECEIPT_UNKNOWN")
}

func TestForgedReceipts(t *testing.T) {
	d := newDesk(t)
	_, rs := d.receipts()
	parts := strings.Split(rs[1].JWS, ".")
	other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, ed25519.SeedSize))
	enc := base64.RawURLEncoding
	body, err := enc.DecodeString(parts[1])
	require.NoError(t, err)
	altered := bytes.Replace(body, []byte(`"appear`), []byte(`"disapp`), 1)
	altered = bytes.Replace(altered, []byte(`"state":"pending"`), []byte(`"state":"expired"`), 1)
	require.NotEqual(t, body, altered)
	handed, err := json.Marshal(rs[1])
	require.NoError(t, err)
	signOther := func(typ string) string {
		h := enc.EncodeToString([]byte(`{"alg":"EdDSA","typ":"` + typ + `"}`))
		return h + "." + parts[1] + "." + enc.EncodeToString(ed25519.Sign(testKey, []byte(h+"."+parts[1])))
	}
	for name, c := range map[string]struct {
		receipt string
		keys    []ed25519.PublicKey
		want    string
	}{
		"payload altered": {parts[0] + "." + enc.EncodeToString(altered) + "." + parts[2], keys(d), "altered"},
		"signature cut":   {parts[0] + "." + parts[1] + ".", keys(d), "altered"},
		"no algorithm":    {enc.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".", keys(d), "not a signed receipt"},
		"HMAC with the public key": {
			enc.EncodeToString([]byte(`{"alg":"HS256"}`)) + "." + parts[1] + "." + parts[2], keys(d), "not a signed receipt",
		},
		"another's key":      {rs[1].JWS, []ed25519.PublicKey{other.Public().(ed25519.PublicKey)}, "another key"},
		"no key":             {rs[1].JWS, nil, "another key"},
		"signed as a token":  {signOther("JWT"), keys(d), "not as a consent receipt"},
		"text":               {"hello", keys(d), "not a signed receipt"},
		"readable copy lies": {strings.Replace(string(handed), `"state":"active"`, `"state":"expired"`, 1), keys(d), "readable copy"},
		"unknown member":     {strings.Replace(string(handed), `{"receipt"`, `{"x":1,"receipt"`, 1), keys(d), "not a receipt"},
		"empty":              {"", keys(d), "not a signed receipt"},
		"too large":          {strings.Repeat("x", consent.MaxReceipt+1), keys(d), "at most"},
	} {
		_, err := consent.Verify([]byte(c.receipt), c.keys)
		require.ErrorIs(t, err, consent.ErrReceipt, name)
		require.ErrorContains(t, err, c.want, name)
	}
	_, err = consent.Verify([]byte(signOther("consent-receipt+json")), keys(d))
	require.NoError(t, err, "the fixture itself is sound")
}

func TestKeyFiles(t *testing.T) {
	s, err := consent.NewSigner(testKey)
	require.NoError(t, err)
	set, err := s.JWKS()
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(testKey.Public())
	require.NoError(t, err)
	block := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	var one struct{ Keys []json.RawMessage }
	require.NoError(t, json.Unmarshal(set, &one))
	require.NotContains(t, string(set), `"d":`, "the private half is not published")
	for _, b := range [][]byte{set, one.Keys[0], block, append(block, block...)} {
		k, err := consent.ParseKeys(b)
		require.NoError(t, err)
		require.Equal(t, testKey.Public(), k[0])
	}
	for _, b := range []string{"", "{}", `{"keys":[]}`, "hello", `{"kty":"oct","k":"AAAA"}`} {
		_, err := consent.ParseKeys([]byte(b))
		require.ErrorIs(t, err, consent.ErrKey, b)
	}
	_, err = consent.NewSigner(testKey[:10])
	require.ErrorIs(t, err, consent.ErrKey)
}

func FuzzVerify(f *testing.F) {
	s, err := consent.NewSigner(testKey)
	require.NoError(f, err)
	jws, err := s.Sign([]byte(`{"schema_version":"bystander-consent-receipt-v1"}`))
	require.NoError(f, err)
	f.Add([]byte(jws))
	f.Add([]byte(`{"receipt":{},"jws":"` + jws + `","version":1}`))
	other := []ed25519.PublicKey{ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey)}
	f.Fuzz(func(t *testing.T, b []byte) {
		_, err := consent.Verify(b, other)
		require.ErrorIs(t, err, consent.ErrReceipt, "nobody but the key's owner makes a receipt")
	})
}

func FuzzParseKeys(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n"))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = consent.ParseKeys(b) })
}

// Somebody with other tools than ours checks a receipt: openssl the signature
// with the key from the key set; and where Python has jsonschema, its schema.
//
// proves: C-32
func TestReceiptByOtherTools(t *testing.T) {
	d := newDesk(t)
	_, rs := d.receipts()
	set, err := d.Keys()
	require.NoError(t, err)
	dir := t.TempDir()
	for i, r := range rs {
		parts := strings.Split(r.JWS, ".")
		payload, err := base64.RawURLEncoding.DecodeString(parts[1])
		require.NoError(t, err)
		require.JSONEq(t, string(r.Receipt), string(payload))
		openssl(t, dir, set, parts)
		validate(t, payload)
		if i > 0 {
			continue
		}
		bad := bytes.Replace(payload, []byte(`"purpose":"match"`), []byte(`"purpose":"resale"`), 1)
		require.Error(t, schemaError(t, bad), "the schema can fail")
	}
}

// openssl verifies Ed25519 over header.payload, the key taken from the JWK set
// by hand.
func openssl(t *testing.T, dir string, set []byte, parts []string) {
	t.Helper()
	var keys struct {
		Keys []struct{ Kty, Crv, X string }
	}
	require.NoError(t, json.Unmarshal(set, &keys))
	require.Equal(t, "OKP", keys.Keys[0].Kty)
	require.Equal(t, "Ed25519", keys.Keys[0].Crv)
	raw, err := base64.RawURLEncoding.DecodeString(keys.Keys[0].X)
	require.NoError(t, err)
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	require.NoError(t, err)
	write := func(name string, b []byte) string {
		p := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(p, b, 0o600))
		return p
	}
	// RFC 8410: the fixed head of an Ed25519 SubjectPublicKeyInfo, then the key.
	der := append([]byte{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00}, raw...)
	args := []string{
		"pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", write("key.der", der), "-rawin",
		"-in", write("input", []byte(parts[0]+"."+parts[1])), "-sigfile", write("sig", sig),
	}
	out, err := exec.CommandContext(t.Context(), "openssl", args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	write("input", []byte(parts[0]+"."+parts[1]+"x"))
	require.Error(t, exec.CommandContext(t.Context(), "openssl", args...).Run(), "openssl can say no")
}

func validate(t *testing.T, receipt []byte) {
	t.Helper()
	require.NoError(t, schemaError(t, receipt))
}

// schemaError checks a receipt against the published schema.
func schemaError(t *testing.T, receipt []byte) error {
	t.Helper()
	return checkSchema(t, filepath.Join(testkit.Root(t), "schema", "consent-receipt-v1.schema.json"), receipt)
}
