package auditor

// Conditions is conditions, for the tests.
var Conditions = conditions
