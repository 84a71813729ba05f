package event

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

// Class is the grade of a datum (requirements A-01 and B-52). It decides who
// may read a column and whether a field may leave the edge at all.
type Class string

// The data classes, mildest first. No L4 datum may be part of an event.
const (
	L1 Class = "L1" // open: identifiers of things, versions, hashes of public texts
	L2 Class = "L2" // internal: says where and under which rules, about no person
	L3 Class = "L3" // personal: pseudonyms, scores and ciphertext tied to one person
	L4 Class = "L4" // biometric or identifying: templates, pictures, names
)

// Type is the kind of value that a field holds.
type Type uint8

// The types of field. The byte is also the type mark in the canonical form.
const (
	TypeString Type = 's' // UTF-8
	TypeTime   Type = 't' // milliseconds since 1970, UTC
	TypeUint   Type = 'u' // unsigned, at most 64 bits
	TypeFloat  Type = 'f' // IEEE 754 binary32
	TypeDigest Type = 'd' // 32 bytes
	TypeBytes  Type = 'b'
	TypeMap    Type = 'm' // string to string
)

// Field describes one field of Event. Stores build their columns from Fields,
// so that a new field reaches all of them.
type Field struct {
	Name  string // as in JSON, and the column's name
	Class Class
	Type  Type
	Bits  int // of a TypeUint: 32 or 64
	// Always tells that the JSON form holds the field even when it is empty.
	Always bool
	once   bool // a text that hardly comes twice, so that keeping it is in vain
	ref    func(*Event) any
	index  int    // in the order of Event
	key    string // as it stands in the JSON form: "name":
}

var table = sync.OnceValue(func() []Field {
	t := reflect.TypeFor[Event]()
	fs := make([]Field, 0, t.NumField())
	refs := accessors()
	for i := range t.NumField() {
		sf := t.Field(i)
		name, opts, _ := strings.Cut(sf.Tag.Get("json"), ",")
		f := Field{Name: name, Class: Class(sf.Tag.Get("class")), Always: opts == "", index: i, key: `"` + name + `":`}
		f.Type, f.Bits = typeOf(sf.Type)
		if i >= len(refs) || refs[i].name != name {
			panic("event: accessors lacks " + name + " or has another order than Event")
		}
		f.ref = refs[i].ref
		f.once = name == "event_id" || name == "ref_event" || name == "receipt_id"
		fs = append(fs, f)
	}
	return fs
})

// canonical is the order of the canonical form: by name, without the two fields
// that are computed from it.
var canonical = sync.OnceValue(func() []Field {
	fs := slices.DeleteFunc(slices.Clone(table()), func(f Field) bool {
		return f.Name == "row_hash" || f.Name == "node_sig"
	})
	slices.SortFunc(fs, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return fs
})

// Fields lists the fields of Event in their order in the struct.
func Fields() []Field { return slices.Clone(table()) }

func typeOf(t reflect.Type) (Type, int) {
	switch t {
	case reflect.TypeFor[time.Time]():
		return TypeTime, 0
	case reflect.TypeFor[Digest]():
		return TypeDigest, 0
	case reflect.TypeFor[[]byte]():
		return TypeBytes, 0
	case reflect.TypeFor[map[string]string]():
		return TypeMap, 0
	}
	switch t.Kind() {
	case reflect.String:
		return TypeString, 0
	case reflect.Uint32, reflect.Uint64:
		return TypeUint, t.Bits()
	case reflect.Float32:
		return TypeFloat, 0
	default:
		panic(fmt.Sprintf("event: field of type %v has no canonical form", t))
	}
}

// IsZero reports whether e's field holds nothing.
func (f Field) IsZero(e *Event) bool { return f.isZero(e) }

func (f *Field) isZero(e *Event) bool {
	switch v := f.ref(e).(type) {
	case *string:
		return *v == ""
	case *time.Time:
		return v.IsZero()
	case *uint32:
		return *v == 0
	case *uint64:
		return *v == 0
	case *float32:
		return math.Float32bits(*v) == 0
	case *Digest:
		return v.IsZero()
	case *[]byte:
		return len(*v) == 0
	case *map[string]string:
		return len(*v) == 0
	default:
		panic(fmt.Sprintf("event: no emptiness for %T", v))
	}
}

// Ref returns a pointer to e's field, for the kinds: string types as *string,
// *time.Time, *uint32, *uint64, *float32, *Digest, *[]byte, *map[string]string.
func (f Field) Ref(e *Event) any { return f.ref(e) }
