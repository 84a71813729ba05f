// Package conntest tries a camera's address step by step, and says at which step
// it fails and what to do: name, TCP, TLS, RTSP, sign-in, codec, first picture.
// It repeats nothing that the other side says but status codes and codec names,
// so that it reads no other service out.
package conntest

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"bystander/ingest"
)

// Limit bounds one test as a whole; each step has stepLimit.
const (
	Limit     = 25 * time.Second
	stepLimit = 5 * time.Second
	// lookLimit is for the first picture, which waits for a key picture.
	lookLimit = 12 * time.Second
)

// Step names one step of a test.
type Step string

// The steps in order. TLS is left out for rtsp addresses.
const (
	StepAddress  Step = "address"
	StepName     Step = "name"
	StepTCP      Step = "tcp"
	StepTLS      Step = "tls"
	StepOptions  Step = "options"
	StepSignIn   Step = "sign_in"
	StepDescribe Step = "describe"
	StepCodec    Step = "codec"
	StepPicture  Step = "picture"
)

// Code is the stable name of what a step found.
type Code string

// The codes of what a step may find.
const (
	CodeFine        Code = ""
	CodeForm        Code = "ADDRESS_FORM"    // not an rtsp or rtsps address with a host
	CodeForbidden   Code = "ADDRESS_KIND"    // an address that no camera has
	CodeUnknownName Code = "NAME_UNKNOWN"    // the name service knows none
	CodeRefused     Code = "REFUSED"         // nobody listens
	CodeNoRoute     Code = "NO_ROUTE"        // no way through the network
	CodeSilent      Code = "SILENT"          // no answer in time
	CodeCertificate Code = "CERTIFICATE"     // not trusted
	CodeNotRTSP     Code = "NOT_RTSP"        // something else answers
	CodeNeedsLogin  Code = "LOGIN_NEEDED"    // it asks who we are, and we said nothing
	CodeLogin       Code = "LOGIN_REFUSED"   // user name or password are wrong
	CodeLoginKind   Code = "LOGIN_KIND"      // a way of signing in that we do not know
	CodeNotFound    Code = "STREAM_UNKNOWN"  // no such path
	CodeStatus      Code = "STATUS"          // another refusal; Status says which
	CodeNoVideo     Code = "NO_VIDEO"        // described, without video
	CodeCodec       Code = "CODEC"           // video that is not decoded here
	CodeNoPicture   Code = "NO_PICTURE"      // packets, but no whole picture in time
	CodeLost        Code = "CONNECTION_LOST" // ended by the other side
)

// Result is what one step found.
type Result struct {
	Step   Step
	State  string // ok, failed, or skipped after a failure
	Code   Code
	Text   string // in English, with the way out
	Millis float64
	Status int // of RTSP, with CodeStatus
}

// Report is a test's result, with what was found as far as the test got.
type Report struct {
	OK        bool
	Steps     []Result
	Addresses []string // what the name stands for
	Codec     string
	Audio     bool // there is sound; it is never set up
	// Width and Height are in pixels, FPS over the first two seconds, FirstMS
	// from the attempt to the first picture.
	Width, Height int
	FPS, FirstMS  float64
}

// Picture is what a Look saw.
type Picture struct {
	Width, Height int
	FPS           float64
	First         time.Duration // from the attempt to the first whole picture
}

// Look plays the stream for a moment, in a process of its own, and tells of its
// pictures. No picture outlives it.
type Look func(ctx context.Context, address, transport string) (Picture, error)

// Options join a test to its surroundings.
type Options struct {
	Look     Look // nil: the test ends at the codec
	Resolver interface {
		LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	} // nil is the machine's
}

// Run tries an address. It always returns a report; its texts hold no
// credentials.
func Run(ctx context.Context, address, transport string, o Options) Report {
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	t := &test{o: o, transport: transport}
	steps := []Step{StepAddress, StepName, StepTCP, StepTLS, StepOptions, StepSignIn, StepDescribe, StepCodec, StepPicture}
	todo := map[Step]func(context.Context) error{
		StepAddress: func(context.Context) error { return t.parse(address) },
		StepName:    t.resolve, StepTCP: t.connect, StepTLS: t.handshake, StepOptions: t.options,
		StepSignIn: t.signIn, StepDescribe: t.describe, StepCodec: t.codec, StepPicture: t.look,
	}
	defer t.close()
	failed := false
	for _, s := range steps {
		if s == StepTLS && t.parsed() && t.url.Scheme != "rtsps" || s == StepPicture && o.Look == nil {
			continue
		}
		r := Result{Step: s, State: "skipped"}
		if !failed {
			r = t.run(ctx, s, todo[s])
			failed = r.State == "failed"
		}
		t.report.Steps = append(t.report.Steps, r)
	}
	t.report.OK = !failed
	return t.report
}

// trouble is why a step failed.
type trouble struct {
	code   Code
	text   string
	status int
}

func (t *trouble) Error() string { return t.text }

func fail(code Code, text string) error { return &trouble{code: code, text: text} }

func (t *test) run(ctx context.Context, s Step, f func(context.Context) error) Result {
	limit := stepLimit
	if s == StepPicture {
		limit = lookLimit
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	begun := time.Now()
	err := f(ctx)
	r := Result{Step: s, State: "ok", Millis: float64(time.Since(begun).Microseconds()) / 1000}
	if err == nil {
		return r
	}
	r.State = "failed"
	var why *trouble
	if !errors.As(err, &why) {
		why = explain(err)
	}
	r.Code, r.Status, r.Text = why.code, why.status, ingest.PlainText(why.text, 300)
	return r
}

// test is one run.
type test struct {
	o         Options
	transport string
	url       *url.URL
	addrs     []netip.Addr
	addr      string // host and port that answered, as numbers
	client    *session
	report    Report
}

func (t *test) parsed() bool { return t.url != nil }

// Parse checks a camera's address: rtsp or rtsps with a host, and nothing that
// names another machine than the one it seems to.
func Parse(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, fail(CodeForm, "this is no address; write rtsp://host:554/path")
	case u.Scheme != "rtsp" && u.Scheme != "rtsps":
		return nil, fail(CodeForm, "only rtsp:// and rtsps:// addresses are cameras here")
	case u.Hostname() == "" || u.Opaque != "" || u.Fragment != "":
		return nil, fail(CodeForm, "the address names no host; write rtsp://host:554/path")
	case len(address) > 2048:
		return nil, fail(CodeForm, "the address is too long")
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.Atoi(p); err != nil || n < 1 || n > 65535 {
			return nil, fail(CodeForm, "the port must be between 1 and 65535")
		}
	}
	return u, nil
}

func (t *test) parse(address string) (err error) {
	t.url, err = Parse(address)
	return err
}

// port is the address's port, or its scheme's.
func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if u.Scheme == "rtsps" {
		return "322"
	}
	return "554"
}

// resolve finds what the name stands for. Everything after it goes to what was
// found here, so that a name cannot change its meaning in between.
func (t *test) resolve(ctx context.Context) error {
	found, err := t.o.Resolver.LookupNetIP(ctx, "ip", t.url.Hostname())
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsTimeout, errors.Is(err, context.DeadlineExceeded):
		return fail(CodeSilent, "the name service does not answer; check this machine's network")
	case err != nil || len(found) == 0:
		return fail(CodeUnknownName, "the name is not known; check its spelling, or use the camera's number (IP address)")
	}
	for _, a := range found {
		a = a.Unmap()
		if a.IsUnspecified() || a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
			return fail(CodeForbidden, "this is an address that no camera has")
		}
		t.addrs = append(t.addrs, a)
		t.report.Addresses = append(t.report.Addresses, a.String())
	}
	return nil
}

// connect finds the first of the addresses that answers.
func (t *test) connect(ctx context.Context) (err error) {
	d := net.Dialer{}
	for _, a := range t.addrs {
		var c net.Conn
		at := net.JoinHostPort(a.String(), port(t.url))
		if c, err = d.DialContext(ctx, "tcp", at); err == nil {
			t.addr = at
			return c.Close()
		}
	}
	return err
}
