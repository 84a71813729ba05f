package erase_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/audit/erase"
	"bystander/internal/event"
)

func TestUntold(t *testing.T) {
	say := func(detail map[string]string) event.Event {
		return event.Event{Kind: event.KindDisposal, Detail: detail}
	}
	gone := map[string][]erase.Span{"a": {{From: 3, To: 9}, {From: 20, To: 20}}, "b": {{From: 1, To: 1}}}
	require.Equal(t, map[string][]erase.Span{"a": {{From: 3, To: 3}, {From: 6, To: 9}}, "b": {{From: 1, To: 1}}},
		erase.Untold(gone, []event.Event{
			say(map[string]string{"chain": "a", "seqs": "4-5,20"}), say(map[string]string{"chain": "c", "seqs": "1-99"}),
			say(map[string]string{"chain": "b", "seqs": "x,9-1,0"}),
			{Kind: event.KindMatch, Detail: map[string]string{"chain": "b", "seqs": "1"}},
		}))
	require.Equal(t, map[string][]erase.Span{"b": {{From: 1, To: 1}}}, erase.Untold(gone, []event.Event{say(map[string]string{"chain": "a", "from": "1", "to": "30"})}))
}
