package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	kgo "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"bystander/audit/access"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/kafkax"
	"bystander/internal/outbox"
	"bystander/internal/testkit/kafka"
	"bystander/sink/sqlite"
)

// What a writer put aside is listed with its reason, sent again as it was or given
// up, once; the decision and who made it come on the log.
func TestParkedRecordsAreDealtWith(t *testing.T) {
	broker := kafka.Start(t, kafka.Options{Shared: true})
	cfg := config.Default()
	cfg.Data = t.TempDir()
	cfg.Keys = filepath.Join(cfg.Data, "keys")
	cfg.Events.Edge = "desk"
	cfg.Events.Kafka = kafkax.Config{Brokers: []string{broker.Addr()}, TopicPrefix: "busdesk"}
	cfg.Events.Topics.Replication, cfg.Events.Topics.Partitions = 1, 2
	ctx := t.Context()
	var out bytes.Buffer
	require.NoError(t, BusTopics(ctx, cfg, false, &out))
	require.Equal(t, 5, strings.Count(out.String(), "missing; run: bystander bus topics ensure"), out.String())
	out.Reset()
	require.NoError(t, BusTopics(ctx, cfg, true, &out))
	require.Contains(t, out.String(), "busdesk.events: made")
	require.NotContains(t, out.String(), "missing")
	out.Reset()
	require.NoError(t, BusTopics(ctx, cfg, true, &out))
	require.Contains(t, out.String(), "all topics are there")

	c, err := kafkax.Open(cfg.Events.Kafka)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	parked := func(value, from string) kgo.Message {
		return kgo.Message{Key: []byte("edge-9"), Value: []byte(value), Time: time.Now(), Headers: []kgo.Header{
			{Key: kafkax.HeaderType, Value: []byte("bystander.match.v1")},
			{Key: kafkax.HeaderSeq, Value: []byte("17")},
			{Key: kafkax.HeaderParkedReason, Value: []byte("unknown_key: no key of edge-9\x1b[2J")},
			{Key: kafkax.HeaderParkedTopic, Value: []byte(from)},
			{Key: kafkax.HeaderParkedPartition, Value: []byte("1")},
			{Key: kafkax.HeaderParkedOffset, Value: []byte("5")},
		}}
	}
	require.NoError(t, c.Publish(ctx, event.TopicParked,
		parked(`{"a":1}`, "busdesk.events"), parked(`{"b":2}`, "busdesk.events"), parked(`{"c":3}`, "elsewhere"), parked("", "busdesk.events")))
	list := func(all bool) string {
		out.Reset()
		require.NoError(t, ParkedList(ctx, cfg, all, false, &out))
		return out.String()
	}
	require.Contains(t, list(false), "unknown_key: no key of edge-9.[2J", "and nothing that a terminal obeys")
	require.Equal(t, 4, strings.Count(list(false), "waits"))
	out.Reset()
	require.NoError(t, ParkedShow(ctx, cfg, 0, "a test", &out))
	var p ParkedRecord
	require.NoError(t, json.Unmarshal(out.Bytes(), &p))
	require.Equal(t, []any{`{"a":1}`, "edge-9", uint64(17), "busdesk.events/1@5"}, []any{p.Value, p.Chain, p.Seq, p.From})

	looks, err := access.Open(ctx, filepath.Join(cfg.Data, "access.db"), access.Options{})
	require.NoError(t, err)
	rowsRead, err := looks.Rows(ctx, access.Query{Limit: 10})
	require.NoError(t, errors.Join(err, looks.Close()))
	require.Len(t, rowsRead, 1, "who looked at a record stands in the access log")
	require.Equal(t, []string{"bus.parked.show", "a test"}, []string{rowsRead[0].Action, rowsRead[0].Purpose})
	ofSomebody := ParkedRecord{msg: kgo.Message{Value: []byte(`{"subject_ref":"` + strings.Repeat("ab", 32) + `"}`)}}
	require.Len(t, ofSomebody.look("a test").Subjects, 1)

	require.ErrorIs(t, ParkedRetry(ctx, cfg, []int64{0}, " ", &out), ErrUsage, "a reason is needed")
	require.ErrorIs(t, ParkedShow(ctx, cfg, 99, "a test", &out), ErrUsage)
	require.ErrorIs(t, ParkedRetry(ctx, cfg, []int64{0, 2}, "key added", &out), ErrUsage, "what came from elsewhere is sent nowhere")
	require.ErrorIs(t, ParkedRetry(ctx, cfg, []int64{3}, "key added", &out), ErrUsage, "there is nothing to send")
	require.NoError(t, ParkedRetry(ctx, cfg, []int64{0}, "key added", &out))
	require.NoError(t, ParkedDiscard(ctx, cfg, []int64{1}, "made by a test", &out))
	require.ErrorContains(t, ParkedDiscard(ctx, cfg, []int64{0}, "again", &out), "retried already")
	require.Equal(t, 2, strings.Count(list(false), "waits"))
	require.Contains(t, list(true), "discarded")

	again := broker.KcatRead("busdesk.events", "%k %s %h")
	require.Len(t, again, 1)
	require.True(t, strings.HasPrefix(again[0], `edge-9 {"a":1} `), again[0])
	require.NotContains(t, again[0], "parked_")

	// The program that runs with this data puts both on its log.
	e, err := openEdge(ctx, cfg, zerolog.Nop())
	require.NoError(t, err)
	defer func() { require.NoError(t, e.close()) }()
	book, err := busBook(ctx, cfg)
	require.NoError(t, err)
	defer func() { require.NoError(t, book.Close()) }()
	n, err := outbox.Deliver(ctx, book, busNotes{noteLog{e}})
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.NoError(t, e.pump.Drain(ctx))
	rows, err := e.store.Events(ctx, sqlite.Query{Kinds: []event.Kind{event.KindIncident}, Limit: 10})
	require.NoError(t, err)
	states := map[string]string{}
	for _, r := range rows {
		require.Equal(t, "parked_record", r.Event.Detail["class"])
		require.False(t, r.Event.ReviewerRef.IsZero())
		states[r.Event.Detail["incident"]] = r.Event.Detail["state"] + ", " + r.Event.Detail["why"]
	}
	require.Equal(t, map[string]string{"parked-0": "retried, key added", "parked-1": "discarded, made by a test"}, states)
}
