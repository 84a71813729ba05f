// Package faulttest holds the tests of the whole way of an event (edge, spool,
// Kafka, writers, ClickHouse) under faults, and its benchmark. It has no code
// that the product uses. FAULT_ROUNDS sets how often each fault is repeated.
package faulttest
