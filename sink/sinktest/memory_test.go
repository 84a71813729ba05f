package sinktest_test

import (
	"testing"

	"bystander/sink"
	"bystander/sink/sinktest"
)

var _ sink.EventSink = (*sinktest.Memory)(nil)

func TestMemory(t *testing.T) {
	sinktest.RunEventStore(t, func(*testing.T) sinktest.Store {
		m := sinktest.NewMemory()
		return sinktest.Store{Sink: m, Read: m.Chain, Missing: m.Missing}
	})
}
