package search

// What the tests look at from outside.
const (
	KernelPlain  = kernelPlain
	KernelAVX2   = kernelAVX2
	KernelAVX512 = kernelAVX512
	Few          = few
	Batch        = batch
)

// Plain is the plain loop.
func (x *Index) Plain(q *Query, groups []int32, spans []Span) Result {
	return x.plain(&q.V, groups, spans)
}

// CoarseAs gives the first pass's scores of every row under one kernel.
func (x *Index) CoarseAs(kernel byte, qs []*Query) []int32 {
	for _, q := range qs {
		q.prepare()
	}
	out := make([]int32, len(qs)*x.Len())
	coarseAs(kernel, x.coarse, x.Len(), qs, out)
	return out
}
