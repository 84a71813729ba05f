package policy

import "errors"

// Sentinels that callers tell apart with errors.Is.
var (
	// ErrInvalid reports a site file or record that breaks a rule; the text
	// names each key path.
	ErrInvalid = errors.New("policy: invalid")
	// ErrForged reports a lease or snapshot whose signature or hash is wrong.
	ErrForged = errors.New("policy: signature or hash does not fit")
	// ErrExpired reports a lease that is over.
	ErrExpired = errors.New("policy: lease expired")
	// ErrStale reports a lease older than one already seen.
	ErrStale = errors.New("policy: lease is older than one already seen")
	// ErrOvertaken reports content that another replica overtook with a newer version.
	ErrOvertaken = errors.New("policy: another replica numbered a newer version meanwhile")
	// ErrNarrowed reports a snapshot that allows what does not stand any more.
	ErrNarrowed = errors.New("policy: the snapshot allows what does not stand any more")
	// ErrLeaseTerm reports a lease that would hold for longer than MaxLease.
	ErrLeaseTerm = errors.New("policy: lease term out of bounds")
	// ErrClock reports a wall clock that jumped or disagrees with the issuer's.
	ErrClock = errors.New("policy: clock cannot be trusted")
	// ErrNoLease reports that no lease has been taken yet.
	ErrNoLease = errors.New("policy: no lease")
	// ErrTransition reports a change of state that the state machine forbids.
	ErrTransition = errors.New("policy: change of state not allowed")
	// ErrNotFound reports a record that does not exist.
	ErrNotFound = errors.New("policy: not found")
	// ErrExists reports a record that exists already.
	ErrExists = errors.New("policy: exists already")
	// ErrBundled reports one act that would carry more than one purpose.
	ErrBundled = errors.New("policy: one consent carries exactly one purpose")
	// ErrGuardian reports a consent for a child under 14 without a verified
	// guardian.
	ErrGuardian = errors.New("policy: GUARDIAN_REQUIRED: a child under 14 needs a verified guardian")
)
