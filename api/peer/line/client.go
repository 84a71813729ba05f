package line

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"bystander/api/peer/box"
	"bystander/internal/pki"
)

// callTime bounds one call; loanTime one that brings templates.
const (
	callTime = 3 * time.Second
	loanTime = 60 * time.Second
)

// ErrAnswer reports an answer that is not understood.
var ErrAnswer = errors.New("line: the control's answer is not understood")

// ErrOlder reports a request that the control does not know.
var ErrOlder = errors.New("line: the control runs an older release, which does not know that request")

// Client is an edge's end. Close lets its connections go.
type Client struct {
	base string
	http *http.Client
	tr   *http.Transport
}

// Dial is how connections are made; pki's dialers are such.
type Dial = func(ctx context.Context, network, addr string) (net.Conn, error)

// NewClient returns a client of the control at an address such as
// https://control.example:8443.
func NewClient(control string, dial Dial) *Client {
	tr := &http.Transport{
		DialTLSContext: dial, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute, DisableCompression: true,
		ResponseHeaderTimeout: loanTime, MaxResponseHeaderBytes: 16 << 10,
	}
	return &Client{
		base: strings.TrimSuffix(control, "/"), tr: tr,
		http: &http.Client{Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
}

// Close lets connections go that wait to be used again, as after a new
// certificate.
func (c *Client) Close() { c.tr.CloseIdleConnections() }

// Join trades a token for a certificate. It fails with a *Refusal.
func (c *Client) Join(ctx context.Context, r JoinRequest) (out JoinAnswer, err error) {
	return out, c.call(ctx, PathJoin, r, &out)
}

// Renew asks for a certificate for a new key.
func (c *Client) Renew(ctx context.Context, r RenewRequest) (out RenewAnswer, err error) {
	return out, c.call(ctx, PathRenew, r, &out)
}

// Sync tells how the edge fares and asks what it may have now.
func (c *Client) Sync(ctx context.Context, r SyncRequest) (out SyncAnswer, err error) {
	if err := c.call(ctx, PathSync, r, &out); err != nil {
		return out, err
	}
	if out.TermMS <= 0 || len(out.Scenes) > MaxScenes {
		return out, fmt.Errorf("%w: a term of %d ms and %d scenes", ErrAnswer, out.TermMS, len(out.Scenes))
	}
	return out, nil
}

// Loan calls f with each record of a scene's templates; f must not keep it, and
// it is wiped afterwards. It fails with box.ErrBroken unless all of them came.
func (c *Client) Loan(ctx context.Context, edge string, r LoanRequest, key *box.Key, f func(record []byte) error) error {
	ctx, cancel := context.WithTimeout(ctx, loanTime)
	defer cancel()
	r.Key = key.Public()
	res, err := c.send(ctx, PathLoan, r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if got := res.Header.Get("Content-Type"); got != ContentLoan {
		return fmt.Errorf("%w: %.60q", ErrAnswer, got)
	}
	in, err := box.NewOpener(res.Body, key, r.Info(edge))
	if err != nil {
		return err
	}
	for {
		record, err := in.Next()
		if errors.Is(err, io.EOF) && !errors.Is(err, box.ErrBroken) {
			return nil
		}
		if err != nil {
			return err
		}
		err = f(record)
		clear(record)
		if err != nil {
			return err
		}
	}
}

func (c *Client) call(ctx context.Context, path string, in, out any) error {
	return c.callFor(ctx, callTime, path, in, out)
}

func (c *Client) callFor(ctx context.Context, limit time.Duration, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	res, err := c.send(ctx, path, in)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, MaxAnswer+1))
	switch {
	case err != nil:
		return fmt.Errorf("line: %w", err)
	case len(b) > MaxAnswer:
		return fmt.Errorf("%w: more than %d bytes", ErrAnswer, MaxAnswer)
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	return nil
}

// send posts a request and returns the answer if it is a yes; its body is the
// caller's to close.
func (c *Client) send(ctx context.Context, path string, in any) (*http.Response, error) {
	b, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("line: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("line: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := c.http.Do(req)
	if err != nil {
		return nil, inWords(err)
	}
	if res.StatusCode == http.StatusOK {
		return res, nil
	}
	defer res.Body.Close()
	said, err := io.ReadAll(io.LimitReader(res.Body, MaxBody))
	if err != nil {
		return nil, fmt.Errorf("line: %w", err)
	}
	no := &Refusal{Status: res.StatusCode}
	if json.Unmarshal(said, no) != nil || no.Code == "" {
		if res.StatusCode == http.StatusNotFound {
			return nil, ErrOlder
		}
		return nil, fmt.Errorf("%w: status %d", ErrAnswer, res.StatusCode)
	}
	no.Code, no.Text = cut(no.Code), no.Text[:min(len(no.Text), 5*MaxText)]
	return nil, no
}

// inWords says what a person can do about a connection that failed.
func inWords(err error) error {
	switch {
	case errors.Is(err, pki.ErrEnded), errors.Is(err, pki.ErrRevoked), errors.Is(err, pki.ErrTrust), errors.Is(err, pki.ErrRole):
		return err
	case strings.Contains(err.Error(), "remote error: tls:"):
		return fmt.Errorf("%w: the control does not believe this edge's certificate: it was revoked, has ended, or is of another authority; "+
			"at the control look with: bystander ca list, and if it should be let in again: bystander edge invite", &Refusal{Code: CodeRevoked, Text: err.Error()})
	}
	return fmt.Errorf("line: %w", err)
}
