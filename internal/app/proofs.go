package app

import "bystander/api/auditor"

// proofs serves the Merkle log of this edge.
func (e *edge) proofs() *auditor.Proofs {
	m := &auditor.Proofs{Log: e.log.With().Str("component", "proofs").Logger()}
	if e.merkle != nil {
		m.Logs = append(m.Logs, e.merkle.log)
	}
	return m
}
