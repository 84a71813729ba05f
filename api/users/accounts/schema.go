package accounts

import (
	"time"

	"bystander/internal/outbox"
	"bystander/internal/sqldb"
)

// How long ended things stay.
const (
	keptAccounts = 3 * 365 * 24 * time.Hour // as long as the access log tells who did what
	keptSessions = 90 * 24 * time.Hour
	keptLinks    = 30 * 24 * time.Hour
	keptAttempts = 24 * time.Hour
	never        = int64(1) << 60 // a time in ms that does not come: not ended yet
)

// What identifies a person or lets somebody in is sealed or hashed: names,
// second factors and passkeys with the installation's key, tokens by SHA-256,
// passwords by argon2id.
var schema = sqldb.Schema{
	Migrations: []sqldb.Migration{{Name: "accounts", SQL: `
CREATE TABLE accounts (
	id TEXT PRIMARY KEY, name BLOB NOT NULL, roles TEXT NOT NULL, state TEXT NOT NULL,
	enrollee TEXT NOT NULL DEFAULT '', sample INTEGER NOT NULL DEFAULT 0,
	password TEXT NOT NULL DEFAULT '', password_ms INTEGER NOT NULL DEFAULT 0,
	totp BLOB, totp_step INTEGER NOT NULL DEFAULT 0, totp_new BLOB,
	issuer TEXT NOT NULL DEFAULT '', subject BLOB,
	created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL,
	handle BLOB NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX accounts_subject ON accounts (issuer, subject) WHERE subject IS NOT NULL;
CREATE TABLE recovery (
	account TEXT NOT NULL, hash BLOB NOT NULL, used_ms INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (account, hash)
) STRICT, WITHOUT ROWID;
CREATE TABLE passkeys (
	credential BLOB PRIMARY KEY, account TEXT NOT NULL, data BLOB NOT NULL, label BLOB NOT NULL,
	created_ms INTEGER NOT NULL, used_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX passkeys_account ON passkeys (account);
CREATE TABLE links (
	hash BLOB PRIMARY KEY, kind TEXT NOT NULL, account TEXT NOT NULL,
	created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, used_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (
	id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, previous BLOB, account TEXT NOT NULL, csrf TEXT NOT NULL,
	level TEXT NOT NULL, strong INTEGER NOT NULL, method TEXT NOT NULL, device TEXT NOT NULL,
	created_ms INTEGER NOT NULL, proved_ms INTEGER NOT NULL, rotated_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_account ON sessions (account);
CREATE INDEX sessions_previous ON sessions (previous) WHERE previous IS NOT NULL;
CREATE TABLE attempts (
	key BLOB PRIMARY KEY, failures INTEGER NOT NULL, until_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`}, outbox.Migration()},
	Classes: map[string]map[string]string{
		"accounts": {
			"id": "L2", "name": "L3", "roles": "L2", "state": "L2", "enrollee": "L3", "sample": "L1",
			"password": "L3", "password_ms": "L2", "totp": "L3", "totp_step": "L2", "totp_new": "L3",
			"issuer": "L2", "subject": "L3", "created_ms": "L2", "changed_ms": "L2", "ended_ms": "L2", "handle": "L2",
		},
		"recovery": {"account": "L2", "hash": "L3", "used_ms": "L2"},
		"passkeys": {"credential": "L3", "account": "L2", "data": "L3", "label": "L3", "created_ms": "L2", "used_ms": "L2"},
		"links":    {"hash": "L3", "kind": "L1", "account": "L2", "created_ms": "L2", "expires_ms": "L2", "used_ms": "L2"},
		"sessions": {
			"id": "L2", "hash": "L3", "previous": "L3", "account": "L2", "csrf": "L3", "level": "L2", "strong": "L1", "method": "L2", "device": "L2",
			"created_ms": "L2", "proved_ms": "L2", "rotated_ms": "L2", "seen_ms": "L2", "expires_ms": "L2", "ended_ms": "L2",
		},
		outbox.Table: outbox.Classes(),
		"attempts":   {"key": "L2", "failures": "L2", "until_ms": "L2", "last_ms": "L2"},
	},
	Rules: []sqldb.Rule{
		{Table: "accounts", Class: "accounts", Period: keptAccounts, Column: "ended_ms", Basis: "B-55, B-63: who could do what, as long as the access log tells who did"},
		{Table: "recovery", Class: "accounts", Basis: "they go with the second factor that they stand in for"},
		{Table: "passkeys", Class: "accounts", Basis: "they go when the account ends or its owner removes them"},
		{Table: "links", Class: "accounts", Period: keptLinks, Column: "expires_ms", Basis: "B-63: how an account came to be"},
		{Table: "sessions", Class: "sign-ins", Period: keptSessions, Column: "expires_ms", Basis: "B-55: sign-ins, for its owner to review"},
		{Table: "attempts", Class: "sign-ins", Period: keptAttempts, Column: "last_ms", Basis: "B-63: back-off after failures"},
		outbox.Rule(),
	},
}
