package app

import (
	"bystander/api/auditor"
	"bystander/internal/config"
)

// LogVerifier is what verifies a log for the auditors' desk.
func LogVerifier(cfg config.Config) auditor.Verifier { return logVerifier{cfg} }
