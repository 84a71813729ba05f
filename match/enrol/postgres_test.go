package enrol_test

import (
	"testing"

	"bystander/internal/sqldb/sqldbtest"
)

func TestOnPostgreSQL(t *testing.T) {
	sqldbtest.Again(t, "^Test(ADeskEnrols|APhotographBroughtAlong|EnrollingAgainReplaces|ThePhotographIsKeptOnlyAsAuthorised)$")
}
