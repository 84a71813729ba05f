package kafka

import (
	"strconv"

	"github.com/segmentio/kafka-go/compress"
	"github.com/segmentio/kafka-go/protocol"

	"bystander/internal/event"
	"bystander/internal/kafkax"
)

// chunk is one request's worth of events of one chain, encoded.
type chunk struct {
	events []*event.Event // those in the batch
	batch  kafkax.Batch
	set    protocol.RawRecordSet
	size   int // bytes as sent, before compression
}

// refusal is an event that cannot go, and why.
type refusal struct {
	e   *event.Event
	err error
}

// encoder turns events into record batches. It keeps two chunks' memory: one
// under way, one being filled.
type encoder struct {
	codec  compress.Codec
	parent func(dst []byte, id string) []byte // nil for none
	free   []*chunk

	value []byte
	heads []byte
	count int    // of heads
	fixed []byte // the headers that all events of chain have
	chain string
	key   []byte                // of chain
	types map[event.Kind][]byte // ce_type, as a header
	text  []byte
}

const (
	fixedHeaders = 5 // specversion, source, dataschema, content-type, chainid
	headers      = fixedHeaders + 4
	maxEvents    = 4096 // in one request
)

func newEncoder(codec compress.Codec, parent func(dst []byte, id string) []byte) *encoder {
	return &encoder{codec: codec, parent: parent, types: map[event.Kind][]byte{}}
}

// fill encodes events into one chunk until it holds limit bytes, and returns
// what is left over and what cannot go. The chunk is nil when it would be empty.
func (n *encoder) fill(events []*event.Event, limit int) (c *chunk, rest []*event.Event, bad []refusal, err error) {
	c = n.take()
	i := 0
	for ; i < len(events) && c.batch.Len() < maxEvents; i++ {
		e := events[i]
		if err := n.encode(e); err != nil {
			bad = append(bad, refusal{e, err})
			continue
		}
		if c.batch.Len() > 0 && c.batch.Size()+len(n.value)+len(n.heads) > limit {
			break
		}
		c.batch.Add(e.TS.UnixMilli(), n.key, n.value, n.heads, n.count)
		c.events = append(c.events, e)
	}
	if c.batch.Len() == 0 {
		n.release(c)
		return nil, events[i:], bad, nil
	}
	c.size = c.batch.Size()
	c.set, err = c.batch.Seal(n.codec)
	return c, events[i:], bad, err
}

// encode leaves the record of e in n.value and n.heads.
func (n *encoder) encode(e *event.Event) error {
	if err := event.TopicEvents.CheckContent(e); err != nil {
		return err
	}
	var err error
	if n.value, err = e.AppendJSON(n.value[:0]); err != nil {
		return err
	}
	if n.chain != e.ChainID || n.fixed == nil {
		n.chain, n.key = e.ChainID, []byte(e.ChainID)
		n.fixed = kafkax.AppendHeader(n.fixed[:0], kafkax.HeaderSpec, []byte(event.SpecVersion))
		n.fixed = kafkax.AppendHeader(n.fixed, kafkax.HeaderSource, []byte(event.CloudSource(e.ChainID)))
		n.fixed = kafkax.AppendHeader(n.fixed, kafkax.HeaderSchema, []byte(event.DataSchema))
		n.fixed = kafkax.AppendHeader(n.fixed, kafkax.HeaderMedia, []byte(event.ContentType))
		n.fixed = kafkax.AppendHeader(n.fixed, kafkax.HeaderChain, []byte(e.ChainID))
	}
	n.heads = append(n.heads[:0], n.fixed...)
	n.text = append(n.text[:0], e.ID...)
	n.heads = kafkax.AppendHeader(n.heads, kafkax.HeaderID, n.text)
	typ, ok := n.types[e.Kind]
	if !ok {
		typ = kafkax.AppendHeader(nil, kafkax.HeaderType, []byte(event.CloudType(e.Kind)))
		if len(n.types) < 256 {
			n.types[e.Kind] = typ
		}
	}
	n.heads = append(n.heads, typ...)
	n.text = event.AppendTime(n.text[:0], e.TS.UTC())
	n.heads = kafkax.AppendHeader(n.heads, kafkax.HeaderTime, n.text)
	n.text = strconv.AppendUint(n.text[:0], e.Seq, 10)
	n.heads = kafkax.AppendHeader(n.heads, kafkax.HeaderSeq, n.text)
	n.count = headers
	if n.parent == nil {
		return nil
	}
	if n.text = n.parent(n.text[:0], e.ID); len(n.text) > 0 {
		n.heads = kafkax.AppendHeader(n.heads, kafkax.HeaderTrace, n.text)
		n.count++
	}
	return nil
}

func (n *encoder) take() *chunk {
	if k := len(n.free); k > 0 {
		c := n.free[k-1]
		n.free = n.free[:k-1]
		c.batch.Reset()
		return c
	}
	return new(chunk)
}

func (n *encoder) release(c *chunk) {
	clear(c.events)
	c.events = c.events[:0]
	if len(n.free) < 2 {
		n.free = append(n.free, c)
	}
}
