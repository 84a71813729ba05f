package kafka

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"bystander/internal/event"
)

// Parked is an event that the bus refused for good.
type Parked struct {
	Chain  string    `json:"chain"`
	Seq    uint64    `json:"seq"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// parkedFile is a parked event on the disk. The event is in its binary form,
// since what cannot be written as JSON may be why it lies here.
type parkedFile struct {
	Parked
	Event []byte `json:"event"`
}

// Lot is a folder of parked events: one file an event, for a person to look at
// and for the Replayer, which explains the gap to the store. It holds what the
// spool holds and is kept like it. It is safe for concurrent use.
type Lot struct {
	dir string
	mu  sync.Mutex
	all map[string]map[uint64]Parked // by chain and number
}

// OpenLot opens or makes the folder.
func OpenLot(dir string) (*Lot, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("sink/kafka: parking: %w", err)
	}
	l := &Lot{dir: dir, all: map[string]map[uint64]Parked{}}
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("sink/kafka: parking: %w", err)
	}
	for _, d := range list {
		path := filepath.Join(dir, d.Name())
		switch filepath.Ext(d.Name()) {
		case ".tmp": // torn off by a crash; the event is still in the spool
			if err := os.Remove(path); err != nil {
				return nil, fmt.Errorf("sink/kafka: parking: %w", err)
			}
		case ".json":
			f, err := readParked(path)
			if err != nil {
				return nil, fmt.Errorf("sink/kafka: parking: %s: %w", path, err)
			}
			l.note(f.Parked)
		}
	}
	return l, nil
}

func readParked(path string) (parkedFile, error) {
	var f parkedFile
	b, err := os.ReadFile(path)
	if err != nil {
		return f, err
	}
	return f, json.Unmarshal(b, &f)
}

func (l *Lot) note(p Parked) {
	if l.all[p.Chain] == nil {
		l.all[p.Chain] = map[uint64]Parked{}
	}
	l.all[p.Chain][p.Seq] = p
}

func (l *Lot) path(chain string, seq uint64) string {
	return filepath.Join(l.dir, fmt.Sprintf("%s-%020d.json", strings.ReplaceAll(url.PathEscape(chain), ".", "%2E"), seq))
}

// Park keeps the event; it returns once it is on the disk. Parking it again is
// harmless.
func (l *Lot) Park(e *event.Event, at time.Time, reason error) error {
	b, err := e.AppendBinary(nil)
	if err != nil {
		return err
	}
	f := parkedFile{Parked{e.ChainID, e.Seq, at.UTC(), reason.Error()}, b}
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	path := l.path(e.ChainID, e.Seq)
	if err := writeDurably(path, append(text, '\n')); err != nil {
		return err
	}
	l.note(f.Parked)
	return nil
}

func writeDurably(path string, b []byte) error {
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// List returns what is parked, by chain and number.
func (l *Lot) List() []Parked {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Parked
	for _, m := range l.all {
		for _, p := range m {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b Parked) int {
		if c := strings.Compare(a.Chain, b.Chain); c != 0 {
			return c
		}
		if a.Seq < b.Seq {
			return -1
		}
		return 1
	})
	return out
}

// Find returns why a number is parked, if it is.
func (l *Lot) Find(chain string, seq uint64) (Parked, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, ok := l.all[chain][seq]
	return p, ok
}

// Event returns a parked event.
func (l *Lot) Event(chain string, seq uint64) (event.Event, error) {
	var e event.Event
	f, err := readParked(l.path(chain, seq))
	if err == nil {
		err = e.UnmarshalBinary(f.Event)
	}
	if err != nil {
		return e, fmt.Errorf("sink/kafka: parking: %w", err)
	}
	return e, nil
}

// Dispose removes a parked event, once its period is over or it has been sent.
func (l *Lot) Dispose(chain string, seq uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := os.Remove(l.path(chain, seq)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("sink/kafka: parking: %w", err)
	}
	delete(l.all[chain], seq)
	return nil
}

var _ Parking = (*Lot)(nil)
