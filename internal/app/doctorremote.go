package app

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bystander/internal/config"
	"bystander/internal/doctor"
	"bystander/internal/ort"
	"bystander/internal/pki"
)

var errNoTLS = errors.New("it speaks no TLS")

// checkRemote looks at what other machines show this one: their certificates,
// their versions, and the control's clock.
func checkRemote(ctx context.Context, cfg config.Config) []doctor.Finding {
	ctx, cancel := context.WithTimeout(ctx, 6*doctorPatience)
	defer cancel()
	now := time.Now()
	var out []doctor.Finding
	look := func(where, addr string, conf *tls.Config, before func(net.Conn) error) {
		if conf.ServerName == "" {
			conf.ServerName, _, _ = net.SplitHostPort(addr)
		}
		out = append(out, doctor.Presented(ctx, where, dialing(addr, before), conf, now))
	}
	if conf, err := cfg.Events.Kafka.TLSConfig(); err == nil && conf != nil {
		for _, b := range cfg.Events.Kafka.Brokers {
			look("kafka "+b, b, conf.Clone(), nil)
		}
	}
	if c := cfg.Events.ClickHouse; c.TLS.On() {
		for _, a := range c.Addrs {
			if conf, err := clientTLS(c.TLS); err == nil { // else its own check tells
				look("clickhouse "+a, a, conf, nil)
			}
		}
	}
	for _, o := range cfg.Accounts.OIDC {
		if u, err := url.Parse(o.Issuer); err == nil && u.Scheme == "https" {
			look("identity provider "+o.ID, net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "443")), &tls.Config{MinVersion: tls.VersionTLS12}, nil)
		}
	}
	if addr, conf := postgresTLS(cfg); conf != nil {
		look("postgresql "+addr, addr, conf, askForTLS)
	}
	out = append(out, checkBroker(ctx, cfg)...)
	out = append(out, checkAuthority(cfg, now)...)
	return append(out, checkControl(ctx, cfg)...)
}

func dialing(addr string, before func(net.Conn) error) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		c, err := (&net.Dialer{Timeout: doctorPatience}).DialContext(ctx, "tcp", addr)
		if err == nil && before != nil {
			err = before(c)
			if err != nil {
				_ = c.Close()
			}
		}
		return c, err
	}
}

// postgresTLS is the server's address and how its certificate is checked; nil where
// no TLS is spoken, as on a socket.
func postgresTLS(cfg config.Config) (addr string, conf *tls.Config) {
	u, err := url.Parse(cfg.Store.Postgres)
	if err != nil || u.Hostname() == "" || strings.Contains(u.Host, ",") || u.Query().Get("sslmode") != "" {
		return "", nil
	}
	q := u.Query()
	conf, err = clientTLS(config.TLS{Enabled: true, CA: q.Get("sslrootcert"), Cert: q.Get("sslcert"), Key: q.Get("sslkey")})
	if err != nil {
		return "", nil // the store's own check tells
	}
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "5432")), conf
}

// askForTLS is PostgreSQL's SSLRequest (its documentation, "Message Formats").
func askForTLS(c net.Conn) error {
	if err := c.SetDeadline(time.Now().Add(doctorPatience)); err != nil {
		return err
	}
	if _, err := c.Write([]byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}); err != nil {
		return err
	}
	var answer [1]byte
	if _, err := io.ReadFull(c, answer[:]); err != nil {
		return err
	}
	if answer[0] != 'S' {
		return errNoTLS
	}
	return nil
}

func checkBroker(ctx context.Context, cfg config.Config) []doctor.Finding {
	if len(cfg.Events.Kafka.Brokers) == 0 {
		return nil
	}
	client, err := openClient(cfg, "doctor")
	if err != nil {
		return []doctor.Finding{{Name: "store", Level: doctor.Bad, Text: err.Error(), Why: "events wait on the disk", Fix: "mend the keys named"}}
	}
	defer client.Close() //nolint:errcheck // only asked
	release, recent, err := client.Release(ctx)
	if err != nil {
		return []doctor.Finding{{Name: "store", Level: doctor.Bad, Text: err.Error(), Why: "events wait on the disk", Fix: "start the broker, or mend the keys named below events.kafka"}}
	}
	return []doctor.Finding{doctor.Broker(release, recent)}
}

// checkAuthority looks into the house's own authority, at the control.
func checkAuthority(cfg config.Config, now time.Time) []doctor.Finding {
	if cfg.Peers.CA == "" {
		return nil
	}
	fail := func(err error) []doctor.Finding {
		return []doctor.Finding{{
			Name: "authority", Level: doctor.Bad, Text: err.Error(), Why: "no edge joins, and none renews its certificate",
			Fix: "put " + cfg.Peers.CA + " back from its backup, readable by the program's user alone",
		}}
	}
	ca, err := pki.Open(cfg.Peers.CA, time.Now)
	if err != nil {
		return fail(err)
	}
	roots, err := ca.Roots()
	if err != nil {
		return fail(err)
	}
	issued, err := ca.List()
	if err != nil {
		return fail(err)
	}
	var ours []doctor.Held
	for _, r := range roots {
		ours = append(ours, doctor.Held{ID: fmt.Sprintf("root %d", r.N), From: r.UseFrom, Until: r.Until})
	}
	newest := map[string]doctor.Held{}
	for _, i := range issued {
		if i.Holds(now) && i.Until.After(newest[i.ID].Until) {
			newest[i.ID] = doctor.Held{ID: i.ID, From: i.From, Until: i.Until}
		}
	}
	held := make([]doctor.Held, 0, len(newest))
	for _, h := range newest {
		held = append(held, h)
	}
	slices.SortFunc(held, func(a, b doctor.Held) int { return strings.Compare(a.ID, b.ID) })
	return doctor.Authority(now, ours, held)
}

// checkControl asks an edge's control, over the line between them, whether it is
// let in and what the time is there.
func checkControl(ctx context.Context, cfg config.Config) []doctor.Finding {
	if !cfg.IsEdge() {
		return nil
	}
	fail := func(err error, fix string) []doctor.Finding {
		return []doctor.Finding{{Name: "control", Level: doctor.Bad, Text: err.Error(), Why: "without the control no templates are lent, and everybody is masked", Fix: fix}}
	}
	if !pki.HasIdentity(cfg.Peers.Dir) {
		return fail(fmt.Errorf("%s holds no certificate", filepath.Join(cfg.Peers.Dir, pki.IdentityFile)), "at the control run bystander edge invite, and here what that prints")
	}
	m, err := pki.OpenMember(cfg.Peers.Dir, "", time.Now)
	if err != nil {
		return fail(err, "at the control run bystander edge invite, and here what that prints")
	}
	tr := &http.Transport{DialTLSContext: m.Dialer(pki.Control), DisableKeepAlives: true}
	client := &http.Client{Transport: tr, Timeout: doctorPatience}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(cfg.Peers.Control, "/")+"/", http.NoBody)
	if err != nil {
		return fail(err, "set peers.control to the control's address")
	}
	asked := time.Now()
	res, err := client.Do(req)
	if err != nil {
		return fail(err, "see that the control runs, and that peers.control is its peers.listen")
	}
	answered := time.Now()
	if err := res.Body.Close(); err != nil {
		return fail(err, "see that the control runs")
	}
	out := []doctor.Finding{{Name: "control", Level: doctor.Fine, Text: cfg.Peers.Control + " answers, each side with its certificate"}}
	there, err := http.ParseTime(res.Header.Get("Date")) // in whole seconds
	if err != nil {
		return out
	}
	return append(out, doctor.Skew("clock of the control", there, asked.Add(-time.Second), answered))
}

// checkRuntime says which library runs the models.
func checkRuntime(cfg config.Config) []doctor.Finding {
	rt, err := ort.Open(ort.Options{Library: cfg.Detect.Library})
	if err != nil {
		return nil // told by the models' own check
	}
	want := ort.LibraryVersion
	if strings.Contains(rt.Library(), "openvino") {
		want = ort.OpenVINOVersion
	}
	return []doctor.Finding{doctor.Runtime(rt.Version(), rt.Library(), want)}
}
