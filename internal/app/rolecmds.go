package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"text/tabwriter"
	"time"

	"bystander/api/peer/book"
	"bystander/internal/config"
	"bystander/internal/pki"
)

// CAOptions name an authority.
type CAOptions struct {
	Dir    string
	Keep   bool // an authority that is there already is well
	Stdout io.Writer
}

func (o CAOptions) open() (*pki.CA, error) { return authority(o.Dir, config.Config{}) }

// asUsage marks what the user can mend by asking otherwise.
func asUsage(err error) error {
	for _, target := range []error{pki.ErrIdentity, pki.ErrRequest, pki.ErrExists, pki.ErrNoCA, pki.ErrNone, book.ErrInvalid, book.ErrEdge} {
		if errors.Is(err, target) {
			return fmt.Errorf("%w: %w", ErrUsage, err)
		}
	}
	return err
}

// CAInit makes the authority.
func CAInit(o CAOptions) error {
	if o.Dir == "" {
		return fmt.Errorf("%w: name the authority's folder with --dir, or peers.ca in the configuration", ErrUsage)
	}
	ca, err := pki.Init(o.Dir, time.Now)
	if o.Keep && errors.Is(err, pki.ErrExists) {
		_, err = fmt.Fprintf(o.Stdout, "%s holds an authority already, and keeps it\n", o.Dir)
		return err
	}
	if err != nil {
		return asUsage(err)
	}
	roots, err := ca.Roots()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(o.Stdout, "made in %s; its fingerprint is\n  %s\n\nBack the folder up, apart from the data. In the control's configuration:\n\npeers:\n  listen: 0.0.0.0:8443\n  ca: %s\n\n"+
		"Then: bystander edge invite --help\n", o.Dir, roots[0].Fingerprint, o.Dir)
	return err
}

// CAIssue makes a key and a certificate in a folder.
func CAIssue(o CAOptions, id, out string, term time.Duration) error {
	who, err := pki.Parse(id)
	if err != nil {
		return asUsage(err)
	}
	if pki.HasIdentity(out) {
		return fmt.Errorf("%w: %s holds an identity already; to replace it: bystander ca renew %s", ErrUsage, out, out)
	}
	return o.issue(who, out, term)
}

// CARenew makes a new key and certificate in place of those in a folder.
func CARenew(o CAOptions, in string, term time.Duration) error {
	m, err := pki.OpenMember(in, "", time.Now)
	if err != nil {
		return asUsage(err)
	}
	if err := m.Own(); errors.Is(err, pki.ErrRevoked) {
		return fmt.Errorf("%w; if it should be let in again, issue one into a new folder", err)
	}
	return o.issue(m.ID(), in, term)
}

func (o CAOptions) issue(who pki.Identity, dir string, term time.Duration) error {
	ca, err := o.open()
	if err != nil {
		return err
	}
	key, _, err := pki.NewRequest(who)
	if err != nil {
		return err
	}
	leaf, _, err := ca.Issue(who, key.Public(), term)
	if err != nil {
		return asUsage(err)
	}
	trust, err := ca.Trust()
	if err != nil {
		return err
	}
	if err := errors.Join(pki.WriteTrust(dir, trust.PEM()), pki.WriteIdentity(dir, key, leaf)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(o.Stdout, "%s: %s/%s holds until %s\n", who, dir, pki.IdentityFile, leaf.NotAfter.UTC().Format(time.RFC3339))
	return err
}

// CARevoke takes certificates back.
func CARevoke(o CAOptions, what, reason string) error {
	ca, err := o.open()
	if err != nil {
		return err
	}
	list, err := ca.Revoke(what, reason)
	if err != nil {
		return asUsage(err)
	}
	for _, i := range list {
		if _, err := fmt.Fprintf(o.Stdout, "revoked: %s, number %s\n", i.ID, i.Serial); err != nil {
			return err
		}
	}
	return nil
}

// CAList lists roots and certificates.
func CAList(o CAOptions, all, asJSON bool) error {
	ca, err := o.open()
	if err != nil {
		return err
	}
	roots, err := ca.Roots()
	if err != nil {
		return err
	}
	list, err := ca.List()
	if err != nil {
		return err
	}
	now := time.Now()
	kept := []pki.Issued{}
	for _, i := range list {
		if all || i.Holds(now) {
			kept = append(kept, i)
		}
	}
	if asJSON {
		return json.NewEncoder(o.Stdout).Encode(map[string]any{"roots": roots, "certificates": kept})
	}
	w := tabwriter.NewWriter(o.Stdout, 0, 0, 2, ' ', 0)
	for _, r := range roots {
		fmt.Fprintf(w, "root %d\tuntil %s\tused from %s\t%s\n", r.N, day(r.Until), r.UseFrom.UTC().Format(time.RFC3339), r.Fingerprint)
	}
	for _, i := range kept {
		state := "until " + i.Until.UTC().Format(time.RFC3339)
		if !i.Revoked.IsZero() {
			state = "revoked " + i.Revoked.UTC().Format(time.RFC3339) + ": " + i.Reason
		} else if !i.Holds(now) {
			state = "ended " + i.Until.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(w, "%s\t%s\tunder root %d\t%s\n", i.ID, state, i.Root, i.Serial)
	}
	return w.Flush()
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// CARotate makes the next root.
func CARotate(o CAOptions, overlap time.Duration) error {
	ca, err := o.open()
	if err != nil {
		return err
	}
	from, err := ca.Rotate(overlap)
	if err != nil {
		return asUsage(err)
	}
	_, err = fmt.Fprintf(o.Stdout, "the next root is believed from now on, and used from %s; edges hear of it with their next request\n", from.Format(time.RFC3339))
	return err
}

// InviteOptions say which edge may join.
type InviteOptions struct {
	ID      string
	Scenes  []string
	Cameras []string // that it may serve, with * for any part of an id; none named: any, or as before
	Term    time.Duration
	URL     string
	JSON    bool // an Invitation, for bystander edge join --invitation
	Stdout  io.Writer
}

// withBook runs f on the control's edges. A running control takes up what changed
// with the next request, and puts it on the log.
func withBook(ctx context.Context, cfg config.Config, f func(*book.Store) error) error {
	if cfg.Peers.Listen == "" {
		return fmt.Errorf("%w: peers.listen: no edges come to this installation; set it, and peers.ca", ErrUsage)
	}
	s, err := book.Open(ctx, bookPath(cfg), time.Now)
	if err != nil {
		return err
	}
	return asUsage(errors.Join(f(s.Noting(osUser())), s.Close()))
}

// EdgeInvite makes a token and prints the command that uses it.
func EdgeInvite(ctx context.Context, cfg config.Config, o InviteOptions) error {
	ca, err := authority("", cfg)
	if err != nil {
		return err
	}
	m, err := controlMember(cfg, ca)
	if err != nil {
		return err
	}
	root := m.Issuer()
	if root == nil {
		return fmt.Errorf("%w: the control's certificate in %s is of another authority than %s; remove the file and start the control again", pki.ErrTrust, m.Dir(), cfg.Peers.CA)
	}
	url := o.URL
	if url == "" {
		url = "https://" + reachable(cfg.Peers.Listen)
	}
	if !config.IsControl(url) {
		return fmt.Errorf("%w: --url: %q should be the address of peers.listen as edges reach it, such as https://control.example:8443", ErrUsage, url)
	}
	return withBook(ctx, cfg, func(s *book.Store) error {
		token, until, err := s.Invite(ctx, o.ID, book.May{Scenes: o.Scenes, Cameras: o.Cameras}, o.Term)
		if err != nil {
			return err
		}
		e, err := s.Edge(ctx, o.ID)
		if err != nil {
			return err
		}
		if o.JSON {
			return tellInvitation(o.Stdout, Invitation{Edge: o.ID, Control: url, Fingerprint: pki.Fingerprint(root), Token: token, Until: until.UTC()})
		}
		if len(o.Scenes) == 0 {
			fmt.Fprintln(o.Stdout, "beware: without --scene this edge is lent no templates and recognises nobody")
		}
		switch {
		case !e.Cameras.Limited():
			fmt.Fprintln(o.Stdout, "beware: without --cameras this edge is believed whatever cameras it says it has")
		case len(o.Cameras) == 0:
			fmt.Fprintf(o.Stdout, "it may serve, as before: %s\n", e.Cameras)
		}
		_, err = fmt.Fprintf(o.Stdout, "On the edge, once, until %s:\n\n  bystander edge join --control %s \\\n    --ca-fingerprint %s \\\n    --token %s\n",
			until.Format(time.DateTime), url, pki.Fingerprint(root), token)
		return err
	})
}

// reachable is an address that others can use, as far as it can be told.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("CONTROL", port)
	}
	return listen
}

// EdgeList prints the edges.
func EdgeList(ctx context.Context, cfg config.Config, out io.Writer) error {
	ca, err := authority("", cfg)
	if err != nil {
		return err
	}
	issued, err := ca.List()
	if err != nil {
		return err
	}
	return withBook(ctx, cfg, func(s *book.Store) error {
		list, err := s.List(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, e := range list {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", e.ID, edgeState(e, issued, time.Now()), strings.Join(e.Scenes, ", "), e.Cameras)
		}
		return w.Flush()
	})
}

func edgeState(e book.Edge, issued []pki.Issued, now time.Time) string {
	switch {
	case !e.Ended.IsZero():
		return "revoked " + e.Ended.UTC().Format(time.RFC3339)
	case e.Joined.IsZero():
		return "invited " + e.Added.UTC().Format(time.RFC3339)
	}
	var until time.Time
	for _, i := range issued {
		if i.ID == book.Account(e.ID) && i.Holds(now) && i.Until.After(until) {
			until = i.Until
		}
	}
	if until.IsZero() {
		return "its certificate has ended; run: bystander edge invite --id " + e.ID
	}
	return "certificate until " + until.UTC().Format(time.RFC3339)
}

// EdgeScenes says which scenes an edge has.
func EdgeScenes(ctx context.Context, cfg config.Config, id string, scenes []string, out io.Writer) error {
	return withBook(ctx, cfg, func(s *book.Store) error {
		if err := s.Grant(ctx, id, scenes); err != nil {
			return err
		}
		_, err := fmt.Fprintf(out, "%s has: %s\n", id, strings.Join(scenes, ", "))
		return err
	})
}

// EdgeCameras says which cameras an edge may serve.
func EdgeCameras(ctx context.Context, cfg config.Config, id string, cameras []string, out io.Writer) error {
	return withBook(ctx, cfg, func(s *book.Store) error {
		if err := s.Limit(ctx, id, cameras); err != nil {
			return err
		}
		_, err := fmt.Fprintf(out, "%s may serve: %s\n", id, book.Cameras(cameras))
		return err
	})
}

// EdgeRevoke lets an edge go.
func EdgeRevoke(ctx context.Context, cfg config.Config, id, reason string, out io.Writer) error {
	ca, err := authority("", cfg)
	if err != nil {
		return err
	}
	return withBook(ctx, cfg, func(s *book.Store) error {
		if err := s.End(ctx, id); err != nil {
			return err
		}
		list, err := ca.Revoke(book.Account(id), reason)
		if err != nil && !errors.Is(err, pki.ErrNone) { // one that never joined has none
			return err
		}
		_, err = fmt.Fprintf(out, "revoked: %s, with %d certificates; what it was lent is gone there within seconds, or within %v if it is out of reach\n", id, len(list), loanTerm)
		return err
	})
}
