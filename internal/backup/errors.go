package backup

import "errors"

// The ways in which a backup can be refused.
var (
	// ErrTorn reports a backup that was not finished, or of which something is
	// missing or cut off.
	ErrTorn = errors.New("backup: not whole")
	// ErrAltered reports a backup that is not what was written: a part, the list
	// of parts or its signature differs.
	ErrAltered = errors.New("backup: altered")
	// ErrWrongKey reports an identity that the backup was not encrypted to.
	ErrWrongKey = errors.New("backup: the identity does not open it")
	// ErrSigner reports a backup that somebody else signed.
	ErrSigner = errors.New("backup: signed by another key")
	// ErrExists reports a place that holds something already.
	ErrExists = errors.New("backup: there is something there already")
	// ErrRoom reports a disk with too little room.
	ErrRoom = errors.New("backup: not enough room")
	// ErrRecipient reports a key that nothing may be encrypted to.
	ErrRecipient = errors.New("backup: recipient")
	// ErrVersion reports a backup that a later program wrote.
	ErrVersion = errors.New("backup: format of a later version")
)
