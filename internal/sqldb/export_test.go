package sqldb

import "time"

// HandOver shortens how long a new leader waits.
func (l *Leader) HandOver(d time.Duration) { l.handOver = d }
