package desk

import (
	"encoding/json"
	"errors"
	"io"
	stdlog "log"
	"net/http"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"bystander/api/peer"
	"bystander/api/peer/book"
	"bystander/api/peer/box"
	"bystander/api/peer/line"
	"bystander/internal/pki"
)

// join trades a one-time token for a certificate.
func (d *Desk) join(w http.ResponseWriter, r *http.Request) {
	if !d.limit.allow(peer.Address(r, false)) {
		d.refuse(w, r, &line.Refusal{Status: http.StatusTooManyRequests, Code: line.CodeMany, Text: "too many attempts from there; wait a minute"})
		return
	}
	var in line.JoinRequest
	if !d.read(w, r, &in) {
		return
	}
	// Before the token is used up: a request that cannot be granted costs none.
	pub, err := pki.ParseRequest([]byte(in.CSR))
	if err != nil {
		d.refuse(w, r, bad(err))
		return
	}
	e, by, err := d.cfg.Book.Redeem(r.Context(), in.Token)
	if errors.Is(err, book.ErrToken) {
		d.cfg.Log.Warn().Str("address", r.RemoteAddr).Msg("somebody tried to join with a token that is unknown, used or over")
		d.refuse(w, r, &line.Refusal{Status: http.StatusForbidden, Code: line.CodeToken, Text: "the token is unknown, used or over; at the control make another with: bystander edge invite"})
		return
	}
	if err != nil {
		d.refuse(w, r, err)
		return
	}
	id := pki.Identity{Role: pki.Edge, Name: e.ID}
	leaf, _, err := d.cfg.CA.Issue(id, pub, 0)
	if err != nil {
		d.refuse(w, r, err)
		return
	}
	d.cfg.Told(Change{Edge: e.ID, Action: "edge_joined", By: by, Way: "one-time token"})
	d.cfg.Log.Info().Str("edge", e.ID).Str("address", r.RemoteAddr).Msg("an edge joined")
	key, site := d.cfg.Policy()
	d.answer(w, r, line.JoinAnswer{
		ID: id.String(), Cert: string(pki.CertPEM(leaf)), Trust: string(d.cfg.Member.Trust().PEM()), PolicyKey: string(key), Site: site,
	})
}

// renew gives an edge a certificate for a new key, for the one that it shows.
func (d *Desk) renew(w http.ResponseWriter, r *http.Request) {
	id, _, err := d.caller(r)
	if err != nil {
		d.refuse(w, r, err)
		return
	}
	var in line.RenewRequest
	if !d.read(w, r, &in) {
		return
	}
	pub, err := pki.ParseRequest([]byte(in.CSR))
	if err != nil {
		d.refuse(w, r, bad(err))
		return
	}
	leaf, _, err := d.cfg.CA.Issue(id, pub, 0)
	if err != nil {
		d.refuse(w, r, err)
		return
	}
	d.cfg.Told(Change{Edge: id.Name, Action: "edge_renewed", By: book.Account(id.Name), Way: "certificate"})
	d.answer(w, r, line.RenewAnswer{Cert: string(pki.CertPEM(leaf))})
}

// sync hears how an edge fares and tells what it may have.
func (d *Desk) sync(w http.ResponseWriter, r *http.Request) {
	id, e, err := d.caller(r)
	if err != nil {
		d.refuse(w, r, err)
		return
	}
	var in line.SyncRequest
	if !d.read(w, r, &in) {
		return
	}
	var others []string
	in.Health = in.Health.Bounded()
	in.Health.Cameras, others = split(e, in.Health.Cameras, func(c line.Camera) string { return c.ID })
	d.notTheirs(e, others)
	d.note(id.Name, in.Health)
	if d.cfg.Calls != nil {
		d.cfg.Calls.Heard(id.Name, in.Health)
	}
	out := line.SyncAnswer{TermMS: d.cfg.Term.Milliseconds(), Scenes: []line.Scene{}}
	if scenes := d.scenesOf(e); in.Model != "" && len(scenes) > 0 {
		if out.Scenes, err = d.cfg.Loans.Offer(r.Context(), scenes, in.Model, in.Form); err != nil {
			d.refuse(w, r, err)
			return
		}
	}
	if trust := d.cfg.Member.Trust(); trust.Digest() != in.Trust {
		out.Trust = string(trust.PEM())
	}
	d.answer(w, r, out)
}

// loan hands over one scene's templates, sealed to the key that the edge names.
func (d *Desk) loan(w http.ResponseWriter, r *http.Request) {
	id, e, err := d.caller(r)
	if err != nil {
		d.refuse(w, r, err)
		return
	}
	var in line.LoanRequest
	if !d.read(w, r, &in) {
		return
	}
	if !slices.Contains(d.scenesOf(e), in.Scene) {
		d.cfg.Log.Warn().Str("edge", id.Name).Str("scene", in.Scene[:min(len(in.Scene), line.MaxText)]).Msg("an edge asked for a scene that is not its own")
		d.refuse(w, r, &line.Refusal{Status: http.StatusForbidden, Code: line.CodeScene, Text: "that scene is not this edge's"})
		return
	}
	var s *box.Sealer
	begin := func() (err error) {
		w.Header().Set("Content-Type", line.ContentLoan)
		s, err = box.NewSealer(w, in.Key, in.Info(id.Name))
		if errors.Is(err, box.ErrKey) {
			w.Header().Del("Content-Type")
			return bad(err)
		}
		return err
	}
	err = d.cfg.Loans.Lend(r.Context(), id.Name, in, begin, func(record []byte) error { return s.Put(record) })
	switch {
	case err == nil:
		err = s.Close()
	case s == nil: // nothing was sent yet
		d.refuse(w, r, err)
		return
	}
	if err != nil { // the edge sees a stream that was cut
		d.cfg.Log.Error().Err(err).Str("edge", id.Name).Msg("templates did not reach the edge as a whole")
		panic(http.ErrAbortHandler)
	}
}

func bad(err error) *line.Refusal {
	return &line.Refusal{Status: http.StatusUnprocessableEntity, Code: line.CodeRequest, Text: err.Error()}
}

// read takes a request's body; false when it was refused.
func (d *Desk) read(w http.ResponseWriter, r *http.Request, into any) bool {
	return d.readUpTo(w, r, line.MaxBody, into)
}

func (d *Desk) readUpTo(w http.ResponseWriter, r *http.Request, limit int64, into any) bool {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		d.refuse(w, r, &line.Refusal{Status: http.StatusRequestEntityTooLarge, Code: line.CodeRequest, Text: "the request is too large"})
		return false
	case err != nil:
		d.refuse(w, r, bad(errors.New("the request did not arrive")))
		return false
	}
	if err := json.Unmarshal(b, into); err != nil {
		d.refuse(w, r, bad(errors.New("the request is no JSON that is understood here")))
		return false
	}
	return true
}

func (d *Desk) answer(w http.ResponseWriter, r *http.Request, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		d.cfg.Log.Debug().Err(err).Str("address", r.RemoteAddr).Msg("answer not written")
	}
}

// refuse says no. What is wrong here, and not with the request, is told to the
// log alone.
func (d *Desk) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var no *line.Refusal
	if !errors.As(err, &no) {
		if r.Context().Err() == nil {
			d.cfg.Log.Error().Err(err).Str("path", r.URL.Path).Msg("an edge was not answered")
		}
		no = &line.Refusal{Status: http.StatusServiceUnavailable, Code: line.CodeAway, Text: "the control cannot answer now; its log says why"}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(no.Status)
	if err := json.NewEncoder(w).Encode(no); err != nil {
		d.cfg.Log.Debug().Err(err).Msg("answer not written")
	}
}

// quiet lets the server's own complaints, above all handshakes that fail, go to
// the log: bounded, since strangers cause them.
func quiet(log zerolog.Logger) *stdlog.Logger {
	burst := &zerolog.BurstSampler{Burst: 5, Period: time.Second}
	return stdlog.New(log.Sample(burst).With().Str("level", "warn").Logger(), "", 0)
}
