package sqldb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// errSilent reports a server that took a statement and said nothing.
var errSilent = errors.New("sqldb: the server did not answer")

// How a line is told from one that carries nothing any more, as when a firewall
// drops what passes: nobody closes such a connection.
const (
	connectWithin = 5 * time.Second // TLS and sign-in included
	silenceParam  = "tcp_user_timeout"
	silence       = 10 * time.Second // as long may what was sent stay without a receipt
	probes        = 3                // before a line that carries nothing is given up
)

// readSilence reads an address's tcp_user_timeout, in ms as libpq has it. 0 leaves it
// to the system, which takes a quarter of an hour.
func readSilence(text string) (time.Duration, error) {
	if text == "" {
		return silence, nil
	}
	ms, err := strconv.ParseUint(text, 10, 31)
	if err != nil || ms > 0 && ms < 1000 {
		return 0, fmt.Errorf("%s: %q should be milliseconds, 1000 at least, or 0 for the system's own", silenceParam, text)
	}
	return time.Duration(ms) * time.Millisecond, nil
}

// probing is when an idle line is asked for a sign of life, and how often, so that
// three in vain take about as long as said.
func probing(silent time.Duration) (idle, interval time.Duration) {
	return max(silent/2, time.Second), max((silent / 6).Round(time.Second), time.Second)
}

// lineParams are the settings by which the server gives up a line that carries
// nothing, and with it the locks of who was there.
func lineParams(silent time.Duration) map[string]string {
	if silent == 0 {
		return nil
	}
	idle, interval := probing(silent)
	return map[string]string{
		silenceParam:              strconv.FormatInt(silent.Milliseconds(), 10),
		"tcp_keepalives_idle":     strconv.Itoa(int(idle.Seconds())),
		"tcp_keepalives_interval": strconv.Itoa(int(interval.Seconds())),
		"tcp_keepalives_count":    strconv.Itoa(probes),
	}
}

// dialer opens lines that the system gives up by itself once they carry nothing.
func dialer(connect, silent time.Duration) pgconn.DialFunc {
	d := &net.Dialer{Timeout: connect}
	if silent > 0 {
		idle, interval := probing(silent)
		d.KeepAliveConfig = net.KeepAliveConfig{Enable: true, Idle: idle, Interval: interval, Count: probes}
		d.Control = func(network, _ string, c syscall.RawConn) (err error) {
			if network != "tcp" && network != "tcp4" && network != "tcp6" {
				return nil // a socket of this machine
			}
			cerr := c.Control(func(fd uintptr) { err = userTimeout(int(fd), silent) })
			return errors.Join(cerr, err)
		}
	}
	return d.DialContext
}

// waiting bounds how long an answer may take: longer than the server lets a
// statement run, so that where there is a server, its own word comes first.
type waiting struct {
	cancel context.CancelCauseFunc
	timer  *time.Timer
}

func (c *conn) wait(ctx context.Context) (context.Context, *waiting) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &waiting{cancel: cancel}
	if c.answer > 0 && !c.unlimited {
		w.timer = time.AfterFunc(c.answer, func() { cancel(errSilent) })
	}
	return ctx, w
}

// came ends the wait; what was asked with its context may go on.
func (w *waiting) came() {
	if w.timer != nil {
		w.timer.Stop()
	}
}

// over ends the wait and its context.
func (w *waiting) over() {
	w.came()
	w.cancel(nil)
}

// said adds why a context ended to an error that came of it.
func said(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errSilent) {
		return fmt.Errorf("%w: %w", errSilent, err)
	}
	return err
}
