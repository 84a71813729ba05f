package onnx

import (
	"slices"

	"bystander/internal/ort"
	"bystander/internal/ort/batch"
)

// openEngine loads a model on the provider that was asked for, on a processor in
// the form that lean makes of it.
func openEngine(rt *ort.Runtime, m Model, o Options, lean func([]byte) ([]byte, error)) (*batch.Engine, error) {
	if o.Whole {
		lean = nil
	}
	return batch.OpenEngine(rt, m.Name, m.Data, batch.EngineOptions{
		Provider: o.Provider, Devices: o.Devices, Batch: o.Batch, Wait: o.Wait,
		Parallel: o.Parallel, Half: o.Half, Lean: lean, Changed: o.Changed,
	})
}

// outputIndex finds an output by name; -1 when there is none.
func (n *net) outputIndex(name string) int {
	return slices.IndexFunc(n.e.Out, func(p ort.Port) bool { return p.Name == name })
}
