package accounts

import "errors"

// The ways in which an account, a secret or a session is refused.
var (
	// ErrCredentials reports a name and secret that do not fit; which of them is
	// not told.
	ErrCredentials = errors.New("accounts: name or secret not known")
	// ErrBackoff reports too many failures; the error says how long to wait.
	ErrBackoff = errors.New("accounts: too many failures")
	// ErrBusy reports that too many passwords are being checked at once.
	ErrBusy = errors.New("accounts: too many sign-ins at once")
	// ErrSession reports a session that is unknown, over or ended.
	ErrSession = errors.New("accounts: session not known or over")
	// ErrRotated reports a session's token that has just been replaced.
	ErrRotated = errors.New("accounts: the session has a newer token")
	// ErrNone reports that there is no such account, session or factor.
	ErrNone = errors.New("accounts: no such thing")
	// ErrInvalid reports an account or a secret that cannot be made as asked.
	ErrInvalid = errors.New("accounts: invalid")
	// ErrWeak reports a password that is too short or too common.
	ErrWeak = errors.New("accounts: password")
	// ErrLink reports a one-time link that is unknown, used or over.
	ErrLink = errors.New("accounts: link not known, used or expired")
	// ErrState reports an account in a state that does not allow this.
	ErrState = errors.New("accounts: state")
	// ErrExists reports an account that is there already.
	ErrExists = errors.New("accounts: exists already")
)
