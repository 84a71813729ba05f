package verify

// What tests look at from outside.
var (
	ParseJSON      = parseJSON
	ParseMultipart = parseMultipart
	ErrJSON        = errJSON
)

// Bytes and Number show a value.
func (v value) Bytes() []byte { return v.b }

// Number reports whether it came as a number.
func (v value) Number() bool { return v.number }

// Value is a field as it came.
type Value = value

// OpenKey decrypts a call's key and then one field under it.
func (o *Opener) OpenKey(e Encryption, sealed []byte, name string, field []byte) ([]byte, error) {
	b, err := o.open(e, sealed)
	if err != nil {
		return nil, err
	}
	return b.field(name, field)
}

// OpenSM2 decrypts under SM2 alone.
func (o *Opener) OpenSM2(b []byte) ([]byte, error) { return openSM2(o.SM2, b) }

// Scrubber runs f as calls do that end together.
func Scrubber(f func()) func() { s := &scrubber{run: f}; return s.after }
