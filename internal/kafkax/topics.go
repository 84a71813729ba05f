package kafkax

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"

	"bystander/internal/event"
)

// TopicOptions say how the topics are made. The zero value of a field means its
// default.
type TopicOptions struct {
	// Partitions of the events topic: chains are spread over them, writers share
	// them; 12. The other topics have one: their order matters as a whole.
	Partitions int
	// Replication is the number of copies; 3, or as many as there are brokers.
	Replication int
	// MinInsync is how many copies must have a record before it counts as
	// stored; one fewer than Replication, at least 1.
	MinInsync int
	// EventsFor is how long the bus keeps events, which must not be longer than
	// the retention rule of the match log; 14 days. The store keeps them longer.
	EventsFor time.Duration
	// ParkedFor is how long unreadable records wait for a person; 30 days.
	ParkedFor time.Duration
}

// The periods that follow from nothing but the protocols themselves.
const (
	replayFor     = 24 * time.Hour
	compactAfter  = 10 * time.Minute // a superseded policy or head goes after this at the latest
	tombstonesFor = 24 * time.Hour
)

// MaxRecord is the size in bytes up to which our topics take records: the
// largest legal event with its headers.
const MaxRecord = event.MaxJSON + 1<<16

// TopicSpec is one topic as demanded.
type TopicSpec struct {
	Topic       event.Topic
	Name        string
	Partitions  int
	Replication int
	Configs     map[string]string
}

// Specs returns the topics as demanded, for a cluster of that many brokers.
func (c *Client) Specs(o TopicOptions, brokers int) []TopicSpec {
	if o.Partitions <= 0 {
		o.Partitions = 12
	}
	if o.Replication <= 0 {
		o.Replication = min(3, max(brokers, 1))
	}
	if o.MinInsync <= 0 {
		o.MinInsync = max(1, o.Replication-1)
	}
	if o.EventsFor <= 0 {
		o.EventsFor = 14 * 24 * time.Hour
	}
	if o.ParkedFor <= 0 {
		o.ParkedFor = 30 * 24 * time.Hour
	}
	ms := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
	deleted := func(d time.Duration) map[string]string {
		// A segment is disposed of as a whole, so it must not outlast the period.
		return map[string]string{"cleanup.policy": "delete", "retention.ms": ms(d), "segment.ms": ms(max(d/14, time.Hour))}
	}
	compacted := func() map[string]string {
		return map[string]string{
			"cleanup.policy": "compact", "segment.ms": ms(compactAfter), "max.compaction.lag.ms": ms(compactAfter),
			"min.cleanable.dirty.ratio": "0.1", "delete.retention.ms": ms(tombstonesFor),
		}
	}
	out := []TopicSpec{
		{Topic: event.TopicEvents, Partitions: o.Partitions, Configs: deleted(o.EventsFor)},
		{Topic: event.TopicPolicy, Partitions: 1, Configs: compacted()},
		{Topic: event.TopicReplay, Partitions: 1, Configs: deleted(replayFor)},
		{Topic: event.TopicCheckpoints, Partitions: 1, Configs: compacted()},
		{Topic: event.TopicParked, Partitions: 1, Configs: deleted(o.ParkedFor)},
	}
	for i := range out {
		s := &out[i]
		s.Name, s.Replication = c.Name(s.Topic), o.Replication
		s.Configs["min.insync.replicas"] = strconv.Itoa(o.MinInsync)
		s.Configs["max.message.bytes"] = strconv.Itoa(MaxRecord)
		s.Configs["unclean.leader.election.enable"] = "false"
		s.Configs["message.timestamp.type"] = "CreateTime"
		s.Configs["compression.type"] = "producer"
	}
	return out
}

// TopicChange is what EnsureTopics did to a topic.
type TopicChange struct {
	Name    string
	Created bool
	Set     map[string]string // settings that differed and were changed
}

// EnsureTopics makes the topics that are missing and puts the settings of the
// others right, and returns what it changed. A topic of another number of
// partitions is left alone and reported as ErrDrift: spreading keys anew would
// break their order.
func (c *Client) EnsureTopics(ctx context.Context, o TopicOptions) ([]TopicChange, error) {
	var done []TopicChange
	for until := time.Now().Add(2 * metadataTTL); ; {
		changes, err := c.ensureTopics(ctx, o)
		done = append(done, changes...)
		// A broker may be a moment behind its controller: a topic that somebody has
		// just removed still seems to be there.
		if !errors.Is(err, ErrNoTopic) || time.Now().After(until) || pause(ctx, 200*time.Millisecond) != nil {
			return done, err
		}
	}
}

func (c *Client) ensureTopics(ctx context.Context, o TopicOptions) ([]TopicChange, error) {
	kc, forget := c.fresh() // what the client remembers may have been removed since
	defer forget()
	m, err := kc.Metadata(ctx, &kafka.MetadataRequest{})
	if err != nil {
		return nil, c.explain("look up topics", err)
	}
	have := map[string]int{}
	for _, t := range m.Topics {
		if t.Error == nil {
			have[t.Name] = len(t.Partitions)
		}
	}
	var missing, present []TopicSpec
	var drift []error
	for _, s := range c.Specs(o, len(m.Brokers)) {
		n, ok := have[s.Name]
		if !ok {
			missing = append(missing, s)
			continue
		}
		present = append(present, s)
		if n != s.Partitions {
			drift = append(drift, fmt.Errorf("%w: %s has %d partitions, want %d; say so, or move to a new prefix", ErrDrift, s.Name, n, s.Partitions))
		}
	}
	changes, err := c.create(ctx, missing)
	if err != nil {
		return changes, err
	}
	set, err := c.repair(ctx, present)
	return append(changes, set...), errors.Join(append(drift, err)...)
}

func (c *Client) create(ctx context.Context, specs []TopicSpec) ([]TopicChange, error) {
	if len(specs) == 0 {
		return nil, nil
	}
	req := &kafka.CreateTopicsRequest{}
	for _, s := range specs {
		tc := kafka.TopicConfig{Topic: s.Name, NumPartitions: s.Partitions, ReplicationFactor: s.Replication}
		for _, k := range sortedKeys(s.Configs) {
			tc.ConfigEntries = append(tc.ConfigEntries, kafka.ConfigEntry{ConfigName: k, ConfigValue: s.Configs[k]})
		}
		req.Topics = append(req.Topics, tc)
	}
	res, err := c.kc.CreateTopics(ctx, req)
	if err != nil {
		return nil, c.explain("make topics", err)
	}
	var out []TopicChange
	var errs []error
	for _, s := range specs {
		switch err := res.Errors[s.Name]; {
		case err == nil:
			out = append(out, TopicChange{Name: s.Name, Created: true})
		case errors.Is(err, kafka.TopicAlreadyExists): // another process was faster
		default:
			errs = append(errs, c.explain("make topic "+s.Name, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return out, err
	}
	for _, s := range specs {
		if err := c.settled(ctx, s); err != nil {
			return out, err
		}
	}
	return out, nil
}

// settled waits until each partition of a new topic has a leader that answers.
func (c *Client) settled(ctx context.Context, s TopicSpec) error {
	var ask []kafka.OffsetRequest
	for p := range s.Partitions {
		ask = append(ask, kafka.LastOffsetOf(p))
	}
	for {
		res, err := c.kc.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{s.Name: ask}})
		if err == nil {
			for _, p := range res.Topics[s.Name] {
				err = errors.Join(err, p.Error)
			}
		}
		if err == nil {
			return nil
		}
		if pause(ctx, 50*time.Millisecond) != nil {
			return c.explain("wait for topic "+s.Name, err)
		}
	}
}

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// repair sets what differs from the demand.
func (c *Client) repair(ctx context.Context, specs []TopicSpec) ([]TopicChange, error) {
	if len(specs) == 0 {
		return nil, nil
	}
	ask := &kafka.DescribeConfigsRequest{}
	for _, s := range specs {
		ask.Resources = append(ask.Resources, kafka.DescribeConfigRequestResource{
			ResourceType: kafka.ResourceTypeTopic, ResourceName: s.Name, ConfigNames: sortedKeys(s.Configs),
		})
	}
	res, err := c.kc.DescribeConfigs(ctx, ask)
	if err != nil {
		return nil, c.explain("read the topics' settings", err)
	}
	alter := &kafka.IncrementalAlterConfigsRequest{}
	var out []TopicChange
	for _, r := range res.Resources {
		if r.Error != nil {
			return nil, c.explain("read the settings of "+r.ResourceName, r.Error)
		}
		i := slices.IndexFunc(specs, func(s TopicSpec) bool { return s.Name == r.ResourceName })
		if i < 0 {
			continue
		}
		now := map[string]string{}
		for _, e := range r.ConfigEntries {
			now[e.ConfigName] = e.ConfigValue
		}
		ch := TopicChange{Name: r.ResourceName, Set: map[string]string{}}
		ar := kafka.IncrementalAlterConfigsRequestResource{ResourceType: kafka.ResourceTypeTopic, ResourceName: r.ResourceName}
		for _, k := range sortedKeys(specs[i].Configs) {
			if want := specs[i].Configs[k]; now[k] != want {
				ch.Set[k] = want
				ar.Configs = append(ar.Configs, kafka.IncrementalAlterConfigsRequestConfig{Name: k, Value: want, ConfigOperation: kafka.ConfigOperationSet})
			}
		}
		if len(ar.Configs) > 0 {
			alter.Resources = append(alter.Resources, ar)
			out = append(out, ch)
		}
	}
	if len(alter.Resources) == 0 {
		return nil, nil
	}
	done, err := c.kc.IncrementalAlterConfigs(ctx, alter)
	if err != nil {
		return nil, c.explain("change the topics' settings", err)
	}
	var errs []error
	for _, r := range done.Resources {
		errs = append(errs, c.explain("change the settings of "+r.ResourceName, r.Error))
	}
	return out, errors.Join(errs...)
}

func sortedKeys(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
