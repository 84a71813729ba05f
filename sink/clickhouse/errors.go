package clickhouse

import "errors"

// What can be wrong with a store or its schema; test with errors.Is.
var (
	// ErrConflict reports an event whose number is stored with another content:
	// two edges share a chain id, an edge's log was forked, or somebody altered
	// the store.
	ErrConflict = errors.New("clickhouse: number is stored with another content")
	// ErrAltered reports a migration that is not the one applied earlier.
	ErrAltered = errors.New("clickhouse: migration differs from the one applied")
	// ErrNewer reports a database that a later version of the program set up.
	ErrNewer = errors.New("clickhouse: database is of a later version")
	// ErrOlder reports a database that still needs migrations.
	ErrOlder = errors.New("clickhouse: database is of an earlier version")
	// ErrVariant reports names that cannot be part of a schema.
	ErrVariant = errors.New("clickhouse: schema cannot be made")
	// ErrClosed reports a store that has been closed.
	ErrClosed = errors.New("clickhouse: closed")
	// ErrServer reports a server that is too old.
	ErrServer = errors.New("clickhouse: server is too old")
)
