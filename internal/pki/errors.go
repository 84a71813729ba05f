package pki

import "errors"

// The ways in which a certificate or an authority is refused.
var (
	// ErrIdentity reports a certificate that does not say whose it is, or a name
	// that nobody can have.
	ErrIdentity = errors.New("pki: no such identity")
	// ErrRevoked reports a certificate that was taken back.
	ErrRevoked = errors.New("pki: certificate was revoked")
	// ErrEnded reports a certificate that holds no more, or not yet.
	ErrEnded = errors.New("pki: certificate is over")
	// ErrRole reports a process of another role than is wanted here.
	ErrRole = errors.New("pki: wrong role")
	// ErrTrust reports roots or revocations that cannot be read or believed.
	ErrTrust = errors.New("pki: roots and revocations")
	// ErrRequest reports a request for a certificate that is not granted.
	ErrRequest = errors.New("pki: certificate request")
	// ErrExists reports an authority where another was to be made.
	ErrExists = errors.New("pki: there is an authority already")
	// ErrNoCA reports a folder without an authority.
	ErrNoCA = errors.New("pki: no authority here")
	// ErrFile reports a key file that others can read, or that is damaged.
	ErrFile = errors.New("pki: file")
	// ErrNone reports that there is no certificate to revoke.
	ErrNone = errors.New("pki: no certificate that holds")
)
