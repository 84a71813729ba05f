package trace

import (
	"math"
	"regexp"
	"slices"

	"go.opentelemetry.io/otel/attribute"
)

// Name is what a span is of. Others are sent as "other".
type Name string

// The spans: a picture with its stages, then an event with its own.
const (
	Picture Name = "picture"

	Event      Name = "event"       // from when something happened until that is durable; of all that follows
	EventWait  Name = "event.wait"  // for its turn to be written
	EventLog   Name = "event.log"   // numbered, signed and made durable
	EventSpool Name = "event.spool" // on the disk, until it is taken to a store or the bus
	EventKeep  Name = "event.keep"  // written into this machine's own store
	EventSend  Name = "event.send"  // taken by the bus
	EventCheck Name = "event.check" // read and verified, and waiting for its batch
	EventStore Name = "event.store" // written into the store
)

// names are those that may leave; a picture's stages join them by their own names.
var names = []Name{
	Picture, Event, EventWait, EventLog, EventSpool, EventKeep, EventSend, EventCheck, EventStore,
	"decode", "handover", "wait_look", "look", "wait_cover", "hold", "cover", "wait_encode", "encode", "deliver",
}

// Names lists the names that spans may have.
func Names() []Name { return slices.Clone(names) }

// The attributes that may leave, all of class L1 or L2: about things, not people.
const (
	keyCamera    = "bystander.camera"
	keySeq       = "bystander.picture"
	keyEpoch     = "bystander.epoch"
	keyChain     = "bystander.chain"
	keyBatch     = "bystander.batch"
	keyPartition = "bystander.partition"
	keyService   = "service.name"
	keyInstance  = "service.instance.id"
	keyVersion   = "service.version"
)

var keys = []attribute.Key{keyCamera, keySeq, keyEpoch, keyChain, keyBatch, keyPartition, keyService, keyInstance, keyVersion}

// Keys lists the attributes that spans may have.
func Keys() []attribute.Key { return slices.Clone(keys) }

// Attr is an attribute of a span. Only the functions below make one, so that a
// span cannot say anything about a person.
type Attr struct{ kv attribute.KeyValue }

// Camera names the camera.
func Camera(id string) Attr { return Attr{attribute.String(keyCamera, id)} }

// Number is a picture's number and the epoch that it belongs to.
func Number(seq uint64, epoch uint32) []Attr {
	return []Attr{
		{attribute.Int64(keySeq, int64(min(seq, math.MaxInt64)))}, //nolint:gosec // bounded
		{attribute.Int64(keyEpoch, int64(epoch))},
	}
}

// Chain names the chain that an event stands on, never which event of it.
func Chain(id string) Attr { return Attr{attribute.String(keyChain, id)} }

// Batch is how many events were written at once.
func Batch(n int) Attr { return Attr{attribute.Int(keyBatch, n)} }

// Partition is the bus's partition.
func Partition(n int) Attr { return Attr{attribute.Int(keyPartition, n)} }

// harmless is the form of ids that people and machines give to things. Texts of
// another form do not leave.
var harmless = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$`)

// allowed reports whether an attribute may leave.
func allowed(kv attribute.KeyValue) bool {
	if !slices.Contains(keys, kv.Key) {
		return false
	}
	switch kv.Value.Type() {
	case attribute.INT64:
		return true
	case attribute.STRING:
		return harmless.MatchString(kv.Value.AsString())
	default:
		return false
	}
}
