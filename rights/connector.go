package rights

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Connector carries a task to another system.
type Connector interface {
	Name() string
	// Deliver hands the task over. done tells that the other system has done it
	// already; else it acknowledges later, by the task's id.
	Deliver(ctx context.Context, t Task, subject string) (done bool, err error)
}

// Manual is a connector for a system without an interface: the task waits for a
// person, with a deadline.
type Manual struct{ ID string }

// Name implements Connector.
func (m Manual) Name() string { return m.ID }

// Deliver implements Connector.
func (Manual) Deliver(context.Context, Task, string) (bool, error) { return false, nil }

// Webhook posts the task to another system, signed. An answer of 200 with
// {"acknowledged": true} settles it; 202 says that the acknowledgement follows.
//
// The signature stands in X-Bystander-Signature as t=SECONDS,v1=HEX, where HEX is
// HMAC-SHA-256 under Secret over the seconds, a dot, and the body.
type Webhook struct {
	ID     string
	URL    string
	Secret []byte
	Client *http.Client // its timeout holds; http.DefaultClient has none
	Now    func() time.Time
}

// Name implements Connector.
func (w Webhook) Name() string { return w.ID }

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 10

// Deliver implements Connector.
func (w Webhook) Deliver(ctx context.Context, t Task, subject string) (bool, error) {
	body, err := json.Marshal(map[string]string{
		"task": t.ID, "request_id": t.Request, "action": string(t.Action), "subject": subject, "due": t.Due.Format(time.RFC3339),
	})
	if err != nil {
		return false, fmt.Errorf("rights: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return false, fmt.Errorf("rights: webhook %s: %w", w.ID, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Bystander-Signature", w.sign(body))
	resp, err := w.Client.Do(req)
	if err != nil {
		return false, fmt.Errorf("rights: webhook %s: %w", w.ID, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return false, fmt.Errorf("rights: webhook %s: %w", w.ID, err)
	}
	switch resp.StatusCode {
	case http.StatusAccepted:
		return false, nil
	case http.StatusOK:
		var a struct {
			Acknowledged bool `json:"acknowledged"`
		}
		if err := json.Unmarshal(answer, &a); err != nil {
			return false, fmt.Errorf("rights: webhook %s: the answer is no JSON: %w", w.ID, err)
		}
		return a.Acknowledged, nil
	}
	return false, fmt.Errorf("rights: webhook %s answered %s", w.ID, resp.Status)
}

func (w Webhook) sign(body []byte) string {
	now := time.Now
	if w.Now != nil {
		now = w.Now
	}
	seconds := strconv.FormatInt(now().Unix(), 10)
	m := hmac.New(sha256.New, w.Secret)
	m.Write([]byte(seconds + "."))
	m.Write(body)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(m.Sum(nil))
}

// Check reports settings with which a webhook cannot be trusted.
func (w Webhook) Check() error {
	switch {
	case w.Client == nil || w.Client.Timeout <= 0:
		return errors.New("rights: webhook: a client with a timeout is needed")
	case len(w.Secret) < 32:
		return fmt.Errorf("rights: webhook %s: the secret has %d bytes; use at least 32 random ones", w.ID, len(w.Secret))
	}
	return nil
}
