package consent

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// Why a JSON Web Signature rather than Ed25519 over canonical JSON, which
// recorded segments use (package audit/receipt): a consent receipt goes to
// people, their lawyers and regulators, who verify with what they have. A
// compact JWS (RFC 7515, EdDSA of RFC 8037) is read by every JOSE library, its
// payload is the very bytes that were signed, so nothing has to be brought into
// a canonical form first, and the key travels as a JWK set. Kantara's receipt
// names the same form.

const receiptType = "consent-receipt+json"

// Signer signs receipts. It is safe for concurrent use.
type Signer struct {
	sig jose.Signer
	jwk jose.JSONWebKey
}

// NewSigner returns a signer with an Ed25519 key. The key's id is its RFC 7638
// thumbprint.
func NewSigner(key ed25519.PrivateKey) (*Signer, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("%w: %d bytes, want %d", ErrKey, len(key), ed25519.PrivateKeySize)
	}
	pub, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: no public half", ErrKey)
	}
	jwk, err := publicJWK(pub)
	if err != nil {
		return nil, err
	}
	sig, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: key, KeyID: jwk.KeyID}},
		(&jose.SignerOptions{}).WithType(receiptType))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return &Signer{sig, jwk}, nil
}

func publicJWK(pub ed25519.PublicKey) (jose.JSONWebKey, error) {
	k := jose.JSONWebKey{Key: pub, Algorithm: string(jose.EdDSA), Use: "sig"}
	sum, err := k.Thumbprint(crypto.SHA256)
	if err != nil {
		return k, fmt.Errorf("%w: %w", ErrKey, err)
	}
	k.KeyID = base64.RawURLEncoding.EncodeToString(sum)
	return k, nil
}

// Sign returns the compact JWS of a receipt's bytes.
func (s *Signer) Sign(receipt []byte) (string, error) {
	o, err := s.sig.Sign(receipt)
	if err != nil {
		return "", fmt.Errorf("%w: sign: %w", ErrReceipt, err)
	}
	return o.CompactSerialize()
}

// JWKS is the key set to verify with.
func (s *Signer) JWKS() ([]byte, error) {
	return json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{s.jwk}})
}

// MaxReceipt bounds what Verify reads.
const MaxReceipt = 256 << 10

// ParseKeys reads public keys: a JWK set, one JWK, or a PEM file with Ed25519
// keys.
func ParseKeys(b []byte) ([]ed25519.PublicKey, error) {
	b = bytes.TrimSpace(b)
	if len(b) > 0 && b[0] == '{' {
		return jwkKeys(b)
	}
	var out []ed25519.PublicKey
	for rest := b; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		k, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrKey, err)
		}
		pub, ok := k.(ed25519.PublicKey)
		if !ok {
			return nil, fmt.Errorf("%w: receipts are signed with Ed25519; this is another kind of key", ErrKey)
		}
		out = append(out, pub)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: no public key in it; give a PEM file or a JWK set", ErrKey)
	}
	return out, nil
}

func jwkKeys(b []byte) ([]ed25519.PublicKey, error) {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(b, &set); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	if len(set.Keys) == 0 {
		var one jose.JSONWebKey
		if err := json.Unmarshal(b, &one); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrKey, err)
		}
		set.Keys = append(set.Keys, one)
	}
	var out []ed25519.PublicKey
	for _, k := range set.Keys {
		if pub, ok := k.Key.(ed25519.PublicKey); ok {
			out = append(out, pub)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: no public Ed25519 key in the set", ErrKey)
	}
	return out, nil
}

// Verify checks a receipt: the compact JWS, or the JSON in which the interface
// hands it out (then the readable copy must say the same). It fails with
// ErrReceipt unless one of the keys signed it. It needs nothing of the site
// that issued it.
func Verify(b []byte, keys []ed25519.PublicKey) (*Receipt, error) {
	if len(b) > MaxReceipt {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrReceipt, len(b), MaxReceipt)
	}
	b = bytes.TrimSpace(b)
	var readable []byte
	if len(b) > 0 && b[0] == '{' {
		var i struct {
			Issued
			Schema string `json:"$schema"` // the interface adds it
		}
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		if err := d.Decode(&i); err != nil {
			return nil, fmt.Errorf("%w: not a receipt: %w", ErrReceipt, err)
		}
		b, readable = []byte(i.JWS), i.Receipt
	}
	o, err := jose.ParseSignedCompact(string(b), []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return nil, fmt.Errorf("%w: not a signed receipt: %w", ErrReceipt, err)
	}
	payload, err := verifyAny(o, keys)
	if err != nil {
		return nil, err
	}
	if readable != nil && !sameJSON(readable, payload) {
		return nil, fmt.Errorf("%w: the readable copy is not what was signed", ErrReceipt)
	}
	var r Receipt
	d := json.NewDecoder(bytes.NewReader(payload))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return nil, fmt.Errorf("%w: signed, but no receipt of this form: %w", ErrReceipt, err)
	}
	if r.Schema != ReceiptSchema || len(r.Purposes) != 1 || len(r.Events) == 0 {
		return nil, fmt.Errorf("%w: signed, but no receipt of form %s", ErrReceipt, ReceiptSchema)
	}
	return &r, nil
}

func verifyAny(o *jose.JSONWebSignature, keys []ed25519.PublicKey) ([]byte, error) {
	if len(o.Signatures) != 1 {
		return nil, fmt.Errorf("%w: %d signatures, want one", ErrReceipt, len(o.Signatures))
	}
	if typ, _ := o.Signatures[0].Protected.ExtraHeaders[jose.HeaderType].(string); typ != receiptType {
		return nil, fmt.Errorf("%w: signed as %q, not as a consent receipt", ErrReceipt, typ)
	}
	named := false
	for _, k := range keys {
		if payload, err := o.Verify(k); err == nil {
			return payload, nil
		}
		jwk, err := publicJWK(k)
		named = named || err == nil && jwk.KeyID == o.Signatures[0].Protected.KeyID
	}
	if named {
		return nil, fmt.Errorf("%w: altered: it names this key, and the signature does not fit", ErrReceipt)
	}
	return nil, fmt.Errorf("%w: signed by another key than the one given, or forged", ErrReceipt)
}

func sameJSON(a, b []byte) bool {
	var x, y bytes.Buffer
	if json.Compact(&x, a) != nil || json.Compact(&y, b) != nil {
		return false
	}
	return bytes.Equal(unescape(x.Bytes()), unescape(y.Bytes()))
}

// unescape brings the two ways in which encoders write &, < and > together.
func unescape(b []byte) []byte {
	r := strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">")
	return []byte(r.Replace(string(b)))
}
