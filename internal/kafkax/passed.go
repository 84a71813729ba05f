package kafkax

import (
	"context"

	"github.com/segmentio/kafka-go"

	"bystander/internal/event"
)

// Point is a moment of a topic: the offset behind its last record, by partition.
type Point map[int]int64

// PointOf returns where a topic ends now. It fails with ErrNoTopic and like Ping.
func (c *Client) PointOf(ctx context.Context, t event.Topic) (Point, error) {
	topic := c.Name(t)
	n, err := c.PartitionsNow(ctx, topic)
	if err != nil {
		return nil, err
	}
	return c.edges(ctx, topic, n, kafka.LastOffsetOf)
}

func (c *Client) edges(ctx context.Context, topic string, n int, of func(int) kafka.OffsetRequest) (Point, error) {
	var ask []kafka.OffsetRequest
	for p := range n {
		ask = append(ask, of(p))
	}
	res, err := c.kc.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: ask}})
	if err != nil {
		return nil, c.explain("where "+topic+" ends", err)
	}
	out := Point{}
	for _, p := range res.Topics[topic] {
		if p.Error != nil {
			return nil, c.explain("where "+topic+" ends", p.Error)
		}
		out[p.Partition] = max(p.FirstOffset, p.LastOffset)
	}
	return out, nil
}

// Behind returns how many records before a point a group of readers has not
// committed to have read. What the topic has disposed of meanwhile counts as
// read. It fails like PointOf.
func (c *Client) Behind(ctx context.Context, group string, t event.Topic, to Point) (int64, error) {
	topic := c.Name(t)
	first, err := c.edges(ctx, topic, len(to), kafka.FirstOffsetOf)
	if err != nil {
		return 0, err
	}
	ask := &kafka.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{topic: nil}}
	for p := range len(to) {
		ask.Topics[topic] = append(ask.Topics[topic], p)
	}
	res, err := c.kc.OffsetFetch(ctx, ask)
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return 0, c.explain("how far "+group+" has read", err)
	}
	var n int64
	for _, p := range res.Topics[topic] {
		if p.Error != nil {
			return 0, c.explain("how far "+group+" has read", p.Error)
		}
		n += max(0, to[p.Partition]-max(p.CommittedOffset, first[p.Partition]))
	}
	return n, nil
}
