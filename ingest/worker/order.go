package worker

import (
	"errors"
	"time"

	"bystander/ingest/internal/wire"
	"bystander/internal/frame"
)

// maxSeqStep bounds how many pictures a worker may claim to have skipped.
const maxSeqStep = 1 << 32

var errOrder = errors.New("ingest: the worker's numbers run backwards")

// order turns the numbers of one worker after another into the source's own:
// sequence numbers that never repeat, and epochs within which time only rises.
type order struct {
	started   bool // a picture of the present worker was seen
	any       bool // a picture of any worker was seen
	seqBase   uint64
	workerSeq uint64
	epoch     uint32
	workerEp  uint32
	size      frame.Size
	pts       time.Duration
	seq       uint64
}

// restart tells that a new worker begins.
func (o *order) restart() { o.started = false }

// next returns the source's sequence number and epoch for m. It fails with
// errOrder, changing nothing, when m contradicts what came before it.
func (o *order) next(m *wire.Frame) (seq uint64, epoch uint32, err error) {
	if !o.started {
		if m.Seq > maxSeqStep {
			return 0, 0, errOrder
		}
		base := uint64(0)
		if o.any {
			base = o.seq + 1
		}
		o.started, o.any, o.seqBase = true, true, base
		return o.accept(m, o.epoch+1)
	}
	if m.Seq <= o.workerSeq || m.Seq-o.workerSeq > maxSeqStep || m.Epoch < o.workerEp {
		return 0, 0, errOrder
	}
	switch {
	case m.Epoch != o.workerEp || m.Size != o.size:
		return o.accept(m, o.epoch+1)
	case m.PTS <= o.pts:
		return 0, 0, errOrder
	}
	return o.accept(m, o.epoch)
}

func (o *order) accept(m *wire.Frame, epoch uint32) (uint64, uint32, error) {
	o.workerSeq, o.workerEp, o.epoch = m.Seq, m.Epoch, epoch
	o.size, o.pts = m.Size, m.PTS
	o.seq = o.seqBase + m.Seq
	return o.seq, epoch, nil
}
