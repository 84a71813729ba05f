package policy

import "context"

// Store keeps enrollees and consents with their whole history: every change is
// a new version of the record and nothing is overwritten. Package policy/store
// implements it on SQLite. Implementations are safe for concurrent use, also
// by other processes.
type Store interface {
	People
	// PutEnrollee adds an enrollee (Version 1) or the next version of one; it
	// fails with ErrExists when that version is there or one is skipped.
	PutEnrollee(ctx context.Context, e Enrollee) error
	// PutConsents adds consents, each a first version or one that Become made
	// of the version before; all of them or none. It fails with ErrInvalid,
	// ErrTransition and ErrExists.
	PutConsents(ctx context.Context, cs ...Consent) error
	// ConsentHistory returns all versions of one consent, oldest first.
	ConsentHistory(ctx context.Context, id string) ([]Consent, error)
}
