package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Presented looks at the certificate that another machine shows: whether it is
// believed, and when it ends. Where is how to call the machine in findings; dial
// connects to it, as far as TLS begins.
func Presented(ctx context.Context, where string, dial func(context.Context) (net.Conn, error), cfg *tls.Config, now time.Time) Finding {
	const name, why = "certificate", "once it is over no connection is made, and events, sign-ins or edges wait"
	raw, err := dial(ctx)
	if err != nil {
		return warn(name, fmt.Sprintf("of %s cannot be looked at: %v", where, err), why, "see that it runs and can be reached")
	}
	defer raw.Close() //nolint:errcheck // only looked at
	conn := tls.Client(raw, cfg)
	if err := conn.HandshakeContext(ctx); err != nil {
		var bad509 *tls.CertificateVerificationError
		if errors.As(err, &bad509) {
			return bad(name, fmt.Sprintf("of %s is not believed: %v", where, err), why, "renew it at that machine, or name its authority (the key ca of this connection)")
		}
		// The other side may ask for a certificate of this one, which is its own check.
		if len(conn.ConnectionState().PeerCertificates) == 0 {
			return warn(name, fmt.Sprintf("of %s cannot be looked at: %v", where, err), why, "see that it speaks TLS 1.2 or later there")
		}
	}
	return certificate(where, conn.ConnectionState().PeerCertificates[0], now)
}

// Held is a certificate of the house's own authority that somebody holds.
type Held struct {
	ID          string
	From, Until time.Time
}

// Authority looks at the house's own authority: when its roots end, and whether
// somebody's certificate is about to. Edges and controls renew their own with a
// third of the term left, so that one with less is out of reach or cannot.
func Authority(now time.Time, roots, held []Held) []Finding {
	const name = "authority"
	var out []Finding
	for i, r := range roots {
		left := r.Until.Sub(now)
		text := fmt.Sprintf("%s ends on %s", r.ID, r.Until.UTC().Format(time.DateOnly))
		switch newest := i == len(roots)-1; {
		case left < 90*24*time.Hour && newest:
			f := warn(name, text, "no certificate holds longer than the root that it is under: no edge could renew its own", "run: bystander ca rotate")
			if left < soon {
				f.Level = Bad
			}
			out = append(out, f)
		default:
			out = append(out, fine(name, text))
		}
	}
	late := 0
	for _, h := range held {
		left, term := h.Until.Sub(now), h.Until.Sub(h.From)
		if left > term/3-term/15 { // a little later than renewal begins
			continue
		}
		late++
		fix := "see that it runs and reaches the control; after its end let it in again: bystander edge invite --id " + strings.TrimPrefix(h.ID, "edge/")
		if !strings.HasPrefix(h.ID, "edge/") {
			fix = "renew it: bystander ca renew FOLDER (a control renews its own as it runs)"
		}
		out = append(out, warn(name, fmt.Sprintf("the certificate of %s ends on %s and was not renewed", h.ID, h.Until.UTC().Format(time.RFC3339)),
			"from then on it is refused: an edge covers everybody", fix))
	}
	if late == 0 {
		out = append(out, fine(name, fmt.Sprintf("%d certificates hold, each renewed in time", len(held))))
	}
	return out
}

// Runtime says which ONNX Runtime runs the models. want is the version that the
// program is built and tested with.
func Runtime(version, library, want string) Finding {
	const name = "onnxruntime"
	if version == want {
		return fine(name, version+" ("+library+")")
	}
	return warn(name, fmt.Sprintf("%s (%s); this program is tested with %s", version, library, want),
		"another version may compute other scores, and the thresholds were validated with this one's",
		"install "+want+" (docs/install.md), or name it: detect.onnxruntime; else validate the thresholds again")
}

// Broker says which release of Kafka is at the other end.
func Broker(release string, recent bool) Finding {
	const name = "versions"
	if recent {
		return fine(name, "kafka "+release+" or newer")
	}
	return warn(name, "kafka "+release, "nothing here is tested with it, and its holes are mended no more", "upgrade the brokers; 3.9 is what this program is tested with")
}
