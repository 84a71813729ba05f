package app

import (
	"crypto/ed25519"

	"bystander/api"
	"bystander/api/auditor"
)

// auditDesk are the auditors' parts of the interface besides the proofs.
func (e *edge) auditDesk() []api.Module {
	log := e.log.With().Str("component", "auditor").Logger()
	reads, events := readRecorder{e}, reviewLog{e}
	return []api.Module{
		&auditor.Questions{Asker: e.desks.asker, Access: reads, Log: log},
		&auditor.Reviews{Events: events, Access: reads, Record: events.record, Log: log},
		&auditor.Events{Events: events, Asker: e.desks.asker, Access: reads, Key: e.chainKey, Log: log},
	}
}

// chainKey is the public key under which a chain's edge signs, as the command
// line finds it.
func (e *edge) chainKey(chain string) (ed25519.PublicKey, bool) {
	key, err := verifyKey(e.cfg, VerifyOptions{}, chain)
	return key, err == nil
}
