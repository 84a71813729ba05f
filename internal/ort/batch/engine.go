package batch

import (
	"fmt"
	"sync"
	"time"

	"bystander/internal/ort"
)

// On a GPU cameras share runs; on a processor a run of two costs as much as two
// runs, so that nobody waits for another.
const (
	gpuBatch = 8
	gpuWait  = 2 * time.Millisecond
)

// EngineOptions say where a model runs and how it is shared.
type EngineOptions struct {
	// Provider says where it runs; empty means auto. On a GPU provider it runs on
	// every one of Devices (counted from 0; empty means all), and on the processor
	// as a last resort.
	Provider ort.Provider
	Devices  []int
	// Batch is how many requests one run takes at most; 0 means 1 on a processor
	// and 8 on a GPU. A graph that cannot be freed of its batch of 1 takes them
	// one after the other.
	Batch int
	// Wait is how long a request waits for others to share a run; 0 means not at
	// all on a processor and 2 ms on a GPU.
	Wait time.Duration
	// Parallel is how many runs a device does at once; 0 means 1.
	Parallel int
	// Half lets a provider compute in 16 bits; see ort.SessionOptions.
	Half bool
	// Lean gives the model in a form that a processor computes with less; see
	// ort.SessionOptions.
	Lean func(model []byte) ([]byte, error)
	// Shapes is how many input shapes there are as a rule; 0 means 6.
	Shapes int
	// Wrap makes a loaded model a Session; nil means Of.
	Wrap func(*ort.Session) Session
	// Guard surrounds each run; see Options.
	Guard func(run func())
	// Changed is told when a device is lost (why) or serves again (nil).
	Changed func(device string, err error)
}

func (o EngineOptions) filled() EngineOptions {
	o.Parallel = max(o.Parallel, 1)
	if o.Shapes <= 0 {
		o.Shapes = 6
	}
	if o.Wrap == nil {
		o.Wrap = Of
	}
	if len(o.Devices) == 0 {
		o.Devices = []int{0}
		for i := 1; i < ort.GPUs(); i++ {
			o.Devices = append(o.Devices, i)
		}
	}
	return o
}

func (o EngineOptions) session(p ort.Provider, device int) ort.SessionOptions {
	return ort.SessionOptions{
		Provider: p, Device: device, Half: o.Half, Lean: o.Lean, Parallel: Lent,
		// Each request that waits and each run holds tensors.
		Keep: o.Shapes * (o.Parallel + 2),
	}
}

// Engine is a model on its devices, and what was learnt when it was loaded.
type Engine struct {
	*Model
	In     ort.Port
	Out    []ort.Port
	Choice ort.Choice
	Batch  int // requests in one run at most
}

// OpenEngine loads a model on the provider that was asked for or, with auto, the
// best that works. It fails with the errors of ort.Runtime.NewSession.
func OpenEngine(rt *ort.Runtime, name string, data []byte, o EngineOptions) (*Engine, error) {
	o = o.filled()
	first, err := rt.NewSession(data, o.session(o.Provider, o.Devices[0]))
	if err != nil {
		return nil, err
	}
	e := &Engine{In: first.Input(), Out: first.Outputs(), Choice: first.Choice(), Batch: o.Batch}
	if e.Batch <= 0 {
		if e.Batch = 1; e.Choice.Provider.OnGPU() {
			e.Batch = gpuBatch
		}
	}
	if e.Batch > 1 && e.In.Shape[0] > 0 {
		free, err := ort.FreeBatch(data)
		if err != nil {
			e.Batch = 1 // runs take one request, one after the other
		} else {
			data = free
			if err := first.Close(); err != nil {
				return nil, err
			}
			if first, err = rt.NewSession(data, o.session(e.Choice.Provider, o.Devices[0])); err != nil {
				return nil, err
			}
		}
	}
	e.Model, err = NewModel(name, e.places(rt, data, o, first), ModelOptions{Changed: o.Changed})
	return e, err
}

// places lists where the model may run; the first is open already.
func (e *Engine) places(rt *ort.Runtime, data []byte, o EngineOptions, first *ort.Session) []Device {
	p := e.Choice.Provider
	one := Options{Batch: e.Batch, Wait: o.Wait, Workers: o.Parallel, Guard: o.Guard, Faulty: FaultyRequest}
	open := func(p ort.Provider, device int, first *ort.Session) func() (Session, error) {
		return reopen(rt, data, o.session(p, device), first, o.Wrap)
	}
	if !p.OnGPU() {
		return []Device{{Name: string(p), Options: one, Open: open(p, 0, first)}}
	}
	wide := one
	if wide.Wait == 0 {
		wide.Wait = gpuWait
	}
	var list []Device
	for i, n := range o.Devices {
		head := first
		if i > 0 {
			head = nil
		}
		list = append(list, Device{Name: fmt.Sprintf("%s:%d", p, n), Options: wide, Open: open(p, n, head)})
	}
	one.Batch, one.Wait = 1, 0
	return append(list, Device{Name: string(ort.CPU), LastResort: true, Options: one, Open: open(ort.CPU, 0, nil)})
}

// reopen gives the session that is open already once, and new ones afterwards.
func reopen(rt *ort.Runtime, data []byte, so ort.SessionOptions, first *ort.Session, wrap func(*ort.Session) Session) func() (Session, error) {
	var mu sync.Mutex
	return func() (Session, error) {
		mu.Lock()
		defer mu.Unlock()
		s := first
		if first = nil; s == nil {
			var err error
			if s, err = rt.NewSession(data, so); err != nil {
				return nil, err
			}
		}
		return wrap(s), nil
	}
}
