package live

import "time"

// Stats are counters for metrics; all but Viewers only grow while the stream
// lives.
type Stats struct {
	Cameras map[string]CameraStats // by camera
	Viewers int                    // of all cameras
}

// CameraStats are one camera's.
type CameraStats struct {
	Viewers     int    // sessions now, connecting ones included
	Sessions    uint64 // let in so far
	Refused     uint64 // turned away because the camera or the hub was full
	Frames      uint64 // pictures sent, counted per viewer
	Packets     uint64 // RTP packets sent
	Bytes       uint64 // RTP payload sent
	Dropped     uint64 // pictures not sent to a viewer who was slow or waited for a key picture
	KeyRequests uint64 // key pictures asked of the encoder

	Queued int           // pictures that wait for the network, of all viewers
	Room   int           // how many may wait
	Oldest time.Duration // since when the slowest viewer's picture is being written; 0 where none is
}

// Stats returns a snapshot.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	streams := make([]*Stream, 0, len(h.streams))
	for _, s := range h.streams {
		streams = append(streams, s)
	}
	h.mu.Unlock()
	out := Stats{Cameras: make(map[string]CameraStats, len(streams))}
	for _, s := range streams {
		c := s.Stats()
		out.Cameras[s.camera] = c
		out.Viewers += c.Viewers
	}
	return out
}

// Stats returns a snapshot of this camera.
func (s *Stream) Stats() CameraStats {
	s.mu.Lock()
	n := len(s.viewers)
	now := time.Now().UnixNano()
	queued, oldest := 0, time.Duration(0)
	for _, v := range s.viewers {
		queued += len(v.queue)
		if since := v.busySince.Load(); since != 0 {
			oldest = max(oldest, time.Duration(now-since))
		}
	}
	s.mu.Unlock()
	return CameraStats{
		Queued: queued, Room: n * s.hub.cfg.Queue, Oldest: oldest,
		Viewers: n, Sessions: s.count.sessions.Load(), Refused: s.count.refused.Load(),
		Frames: s.count.frames.Load(), Packets: s.count.packets.Load(), Bytes: s.count.bytes.Load(),
		Dropped: s.count.dropped.Load(), KeyRequests: s.count.keyRequests.Load(),
	}
}
