package rtsp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
)

// ErrElsewhere reports a camera that wanted to send us to another address.
var ErrElsewhere = errors.New("rtsp: the camera wants to send us to another address")

// redials bounds the connections of one attempt: a camera may send us from one
// of its paths to another, but not round in circles.
const redials = 4

// onlyTo dials the configured host alone. The library follows a camera's
// redirects, and takes user name and password along: a hostile camera could have
// them carried anywhere, or have services inside probed.
func onlyTo(host string) func(context.Context, string, string) (net.Conn, error) {
	name, port := split(host)
	var dials atomic.Int32
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		n, p, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		if n != name || port != "" && p != port {
			return nil, ErrElsewhere
		}
		if dials.Add(1) > redials {
			return nil, fmt.Errorf("%w, again and again", ErrElsewhere)
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
}

// split is net.SplitHostPort for a host that may have no port.
func split(host string) (name, port string) {
	if n, p, err := net.SplitHostPort(host); err == nil {
		return n, p
	}
	if len(host) > 1 && host[0] == '[' && host[len(host)-1] == ']' {
		host = host[1 : len(host)-1]
	}
	return host, ""
}
