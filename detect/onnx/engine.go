package onnx

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"bystander/internal/ort"
	"bystander/internal/ort/batch"
)

// On a GPU cameras share runs; on a processor a run of two costs as much as two
// runs, so that nobody waits for another.
const (
	gpuBatch = 8
	gpuWait  = 2 * time.Millisecond
)

// engine is a model on its devices.
type engine struct {
	m      *batch.Model
	in     ort.Port
	out    []ort.Port
	choice ort.Choice
	size   int // requests in one run at most
}

// openEngine loads a model on the provider that was asked for or, with auto, the
// best that works; on a GPU provider on every GPU wanted, and on the processor as
// a last resort.
func openEngine(rt *ort.Runtime, m Model, o Options) (*engine, error) {
	first, err := rt.NewSession(m.Data, o.session(o.Provider, o.device(0)))
	if err != nil {
		return nil, err
	}
	e := &engine{in: first.Input(), out: first.Outputs(), choice: first.Choice()}
	gpu := e.choice.Provider.OnGPU()
	if e.size = o.Batch; e.size == 0 {
		if e.size = 1; gpu {
			e.size = gpuBatch
		}
	}
	data := m.Data
	if e.size > 1 && e.in.Shape[0] > 0 {
		if data, err = ort.FreeBatch(m.Data); err != nil {
			data, e.size = m.Data, 1 // runs take one picture, one after the other
		}
		if err := first.Close(); err != nil {
			return nil, err
		}
		if first, err = rt.NewSession(data, o.session(e.choice.Provider, o.device(0))); err != nil {
			return nil, err
		}
	}
	e.m, err = batch.NewModel(m.Name, e.devices(rt, data, o, first), batch.ModelOptions{Changed: o.Changed})
	return e, err
}

// devices lists where the model may run; the first is open already.
func (e *engine) devices(rt *ort.Runtime, data []byte, o Options, first *ort.Session) []batch.Device {
	p := e.choice.Provider
	bo := batch.Options{Batch: e.size, Workers: max(o.Parallel, 1), Faulty: batch.FaultyRequest}
	if !p.OnGPU() {
		bo.Wait = o.Wait
		return []batch.Device{{Name: string(p), Options: bo, Open: reopen(rt, data, o.session(p, 0), first)}}
	}
	var list []batch.Device
	wide := bo
	if wide.Wait = o.Wait; wide.Wait == 0 {
		wide.Wait = gpuWait
	}
	for i, n := range o.devicesWanted() {
		head := first
		if i > 0 {
			head = nil
		}
		list = append(list, batch.Device{
			Name: fmt.Sprintf("%s:%d", p, n), Options: wide, Open: reopen(rt, data, o.session(p, n), head),
		})
	}
	bo.Batch = 1
	return append(list, batch.Device{
		Name: string(ort.CPU), LastResort: true, Options: bo, Open: reopen(rt, data, o.session(ort.CPU, 0), nil),
	})
}

// reopen gives the session that is open already once, and new ones afterwards.
func reopen(rt *ort.Runtime, data []byte, so ort.SessionOptions, first *ort.Session) func() (batch.Session, error) {
	var mu sync.Mutex
	return func() (batch.Session, error) {
		mu.Lock()
		defer mu.Unlock()
		s := first
		if first = nil; s == nil {
			var err error
			if s, err = rt.NewSession(data, so); err != nil {
				return nil, err
			}
		}
		return batch.Of(s), nil
	}
}

// outputIndex finds an output by name; -1 when there is none.
func (e *engine) outputIndex(name string) int {
	return slices.IndexFunc(e.out, func(p ort.Port) bool { return p.Name == name })
}

// devicesWanted are the GPUs to use: those of the options, else all.
func (o Options) devicesWanted() []int {
	if len(o.Devices) > 0 {
		return o.Devices
	}
	all := []int{0}
	for i := 1; i < ort.GPUs(); i++ {
		all = append(all, i)
	}
	return all
}

func (o Options) device(i int) int { return o.devicesWanted()[i] }

func (o Options) session(p ort.Provider, device int) ort.SessionOptions {
	return ort.SessionOptions{
		Provider: p, Device: device, Half: o.Half, Parallel: batch.Lent,
		// A mixed set of cameras has a few aspect ratios; each keeps its tensors.
		Keep: 6 * (max(o.Parallel, 1) + 2),
	}
}
