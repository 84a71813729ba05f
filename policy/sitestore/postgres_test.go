package sitestore_test

import (
	"testing"

	"bystander/internal/sqldb/sqldbtest"
)

// The walk that has to come upon live zones takes many tries; it has them on
// SQLite.
func TestOnPostgreSQL(t *testing.T) { sqldbtest.Again(t, ".", "TestNoPathToLiveWithAConditionMissing") }
