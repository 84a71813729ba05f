package consent

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"bystander/internal/event"
	"bystander/policy"
)

// ReceiptSchema names the form of receipts; the schema itself is published in
// schema/consent-receipt-v1.schema.json and at SchemaPath.
const ReceiptSchema = "bystander-consent-receipt-v1"

// Receipt is what a person keeps: which consent, on which notice, in which
// state, by which acts. It follows ISO/IEC TS 27560 (record, PII processing,
// party, event sections) and the Kantara consent receipt 1.1, holds no name, and
// there is one for each version of a consent.
type Receipt struct {
	Schema   string            `json:"schema_version"`
	Record   ReceiptRecord     `json:"record"`
	Subject  ReceiptSubject    `json:"pii_principal"`
	Parties  []ReceiptParty    `json:"parties"`
	Notice   ReceiptNotice     `json:"notice"`
	Purposes []ReceiptPurpose  `json:"purposes"` // exactly one
	Events   []ReceiptEvent    `json:"events"`   // oldest first; the last one gives the state
	Rights   map[string]string `json:"rights"`
}

// ReceiptRecord identifies the record.
type ReceiptRecord struct {
	ID           string    `json:"record_id"` // the consent's
	Version      uint32    `json:"record_version"`
	IssuedAt     time.Time `json:"issued_at"`
	Jurisdiction string    `json:"jurisdiction"`
	Site         string    `json:"site"`
}

// ReceiptSubject is the person, by pseudonym.
type ReceiptSubject struct {
	ID       string `json:"id"`
	Guardian string `json:"guardian,omitempty"`
}

// ReceiptParty is who answers for the processing.
type ReceiptParty struct {
	Role    string `json:"role"`
	Name    string `json:"name"`
	Contact string `json:"contact"`
}

// ReceiptNotice is what was shown.
type ReceiptNotice struct {
	Version  string `json:"version"`
	Hash     string `json:"hash"`
	Language string `json:"language,omitempty"`
	TextHash string `json:"text_hash,omitempty"`
}

// ReceiptPurpose is what was agreed to.
type ReceiptPurpose struct {
	Purpose    policy.Purpose `json:"purpose"`
	Basis      string         `json:"lawful_basis"`
	Method     string         `json:"processing_method"`
	Component  string         `json:"component"`
	Data       []string       `json:"pii_categories"`
	Sensitive  bool           `json:"sensitive"`
	Scenes     []string       `json:"scenes"`
	Zones      []string       `json:"zones"`
	Storage    string         `json:"storage_location"`
	ExpiresAt  time.Time      `json:"expires_at"`
	Disclosure bool           `json:"third_party_disclosure"`
	Withdrawal string         `json:"withdrawal_method"`
}

// ReceiptEvent is one version of the consent.
type ReceiptEvent struct {
	Version  uint32              `json:"version"`
	State    policy.ConsentState `json:"state"`
	At       time.Time           `json:"at"`
	Reason   string              `json:"reason,omitempty"`
	Act      time.Time           `json:"act_at"`
	Channel  policy.Channel      `json:"channel"`
	Widget   string              `json:"widget,omitempty"`
	Written  bool                `json:"written"`
	Recorded string              `json:"recorded_by"`
	Document string              `json:"document_sha256,omitempty"`
}

// uses says, for each purpose, what is done with what (B-07).
var uses = map[policy.Purpose]struct {
	method, component string
	data              []string
}{
	policy.PurposeMatch: {
		"comparison of faces inside the zones named with the template of this person", "face-reidentification-retail-0095 on ONNX Runtime, on the site's own device",
		[]string{"face template", "face picture in memory for the time of a comparison", "time, zone and score of a recognition under a daily pseudonym"},
	},
	policy.PurposeAppearLive: {
		"live pictures show this person without a mask after a recognition", "redaction of live pictures, on the site's own device",
		[]string{"live pictures of this person"},
	},
	policy.PurposeAppearRecorded: {
		"recordings show this person without a mask after a recognition", "recorder, on the site's own device",
		[]string{"recorded pictures of this person"},
	},
	policy.PurposeRawImage: {
		"the photograph of the enrolment is kept, encrypted", "enrolment, on the site's own device",
		[]string{"photograph of the enrolment"},
	},
}

// receipt makes the receipt of the last of a consent's versions.
func (s *Service) receipt(site *policy.Site, history []policy.Consent) Receipt {
	c := history[len(history)-1]
	u := uses[c.Purpose]
	r := Receipt{
		Schema:  ReceiptSchema,
		Record:  ReceiptRecord{c.ID, c.Version, s.now(), site.Profile, site.Site},
		Subject: ReceiptSubject{c.Enrollee, c.Guardian},
		Parties: []ReceiptParty{{"pii_controller", site.Controller.Name, site.Controller.Contact}},
		Notice:  ReceiptNotice{c.NoticeVersion, c.Act.NoticeHash.String(), c.Act.Language, c.Act.TextHash.String()},
		Purposes: []ReceiptPurpose{{
			Purpose: c.Purpose, Basis: c.Act.Basis, Method: u.method, Component: u.component, Data: u.data, Sensitive: true,
			Scenes: c.Scenes, Zones: c.Zones, Storage: "on the site's own device", ExpiresAt: c.ExpiresAt,
			Withdrawal: "at the desk or page where it was given, in one step; POST /v1/consents/" + c.ID + "/withdraw",
		}},
		Rights: map[string]string{
			"withdraw": "/v1/consents/" + c.ID + "/withdraw",
			"contact":  site.Controller.Contact,
		},
	}
	for _, v := range history {
		r.Events = append(r.Events, ReceiptEvent{
			Version: v.Version, State: v.State, At: v.ChangedAt.UTC(), Reason: v.Reason, Act: v.Act.At.UTC(), Channel: v.Act.Channel,
			Widget: v.Act.Widget, Written: v.Act.Written, Recorded: v.Act.RecordedBy, Document: v.Act.Evidence.String(),
		})
	}
	return r
}

// settle issues the receipts, and makes the events, of the versions of a
// consent that have none yet. It may be called at any time.
func (s *Service) settle(ctx context.Context, id string) error {
	history, err := s.cfg.Records.ConsentHistory(ctx, id)
	if err != nil {
		return err
	}
	site, err := s.cfg.Site(ctx)
	if err != nil {
		return err
	}
	e, err := s.cfg.Records.Enrollee(ctx, history[0].Enrollee)
	if err != nil && !errors.Is(err, policy.ErrNotFound) {
		return err
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		var done uint32
		err := tx.QueryRowContext(ctx, `SELECT version FROM settled WHERE consent = ?`, id).Scan(&done)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		for i, c := range history {
			if c.Version <= done {
				continue
			}
			if err := s.issue(ctx, tx, site, history[:i+1]); err != nil {
				return err
			}
			from := policy.ConsentState("")
			if i > 0 {
				from = history[i-1].State
			}
			if err := s.emit(ctx, tx, consentEvent(c, from, e)); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO settled VALUES (?,?,?) ON CONFLICT (consent) DO UPDATE SET version = excluded.version`,
			id, history[len(history)-1].Version, history[0].Enrollee)
		return err
	})
}

func (s *Service) issue(ctx context.Context, tx *sql.Tx, site *policy.Site, history []policy.Consent) error {
	r := s.receipt(site, history)
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("consent: receipt: %w", err)
	}
	jws, err := s.cfg.Signer.Sign(b)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO receipts VALUES (?,?,?,?,?,NULL)`, r.Record.ID, r.Record.Version, string(b), jws, ms(r.Record.IssuedAt))
	return err
}

// consentEvent is the event of one version of a consent; see event.KindConsentChange.
func consentEvent(c policy.Consent, from policy.ConsentState, e policy.Enrollee) event.Event {
	ev := event.Event{
		Kind: event.KindConsentChange, ConsentRef: c.Ref(), ConsentVersion: c.Version, NoticeVersion: c.NoticeVersion,
		Detail: map[string]string{
			"purpose": string(c.Purpose), "state": string(c.State), "from": string(from),
			"under14": triWord(e.Under14), "guardian": yesNo(c.Guardian != ""), "expires": c.ExpiresAt.UTC().Format(time.RFC3339),
			"scenes": strings.Join(c.Scenes, ","), "zones": strings.Join(c.Zones, ","), "channel": string(c.Act.Channel),
		},
	}
	if len(c.Scenes) == 1 {
		ev.SceneID = c.Scenes[0]
	}
	return ev
}

func triWord(t policy.Tri) string {
	switch t {
	case policy.Yes:
		return "yes"
	case policy.No:
		return "no"
	}
	return "unknown"
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// Issued is a receipt as it is handed out.
type Issued struct {
	Receipt json.RawMessage `json:"receipt"`
	// JWS is the receipt as a compact JSON Web Signature: header, payload (the
	// very bytes of the receipt) and Ed25519 signature. It is what to verify.
	JWS     string `json:"jws"`
	Version uint32 `json:"version"`
}

// Receipt returns a consent's receipt: of one version, or the newest when that
// is 0. The first reading is noted as its delivery.
func (s *Service) Receipt(ctx context.Context, id string, version uint32) (Issued, error) {
	var out Issued
	var body string
	q := `SELECT version, receipt, jws FROM receipts WHERE consent = ? AND (? = 0 OR version = ?) ORDER BY version DESC LIMIT 1`
	err := s.cfg.DB.R.QueryRowContext(ctx, q, id, version, version).Scan(&out.Version, &body, &out.JWS)
	if err != nil {
		return out, notFound(err, "RECEIPT_UNKNOWN", id+"/"+strconv.FormatUint(uint64(version), 10), "there is no such receipt")
	}
	out.Receipt = json.RawMessage(body)
	_, err = s.cfg.DB.W.ExecContext(ctx, `UPDATE receipts SET delivered_ms = ? WHERE consent = ? AND version = ? AND delivered_ms IS NULL`, ms(s.now()), id, out.Version)
	return out, err
}

// Settle issues what is missing: receipts and events of consents that other
// parts of the program, or another process, changed.
func (s *Service) Settle(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settleAll(ctx)
}

func (s *Service) settleAll(ctx context.Context) error {
	type mark struct {
		id      string
		version uint32
	}
	done, err := list(ctx, s.cfg.DB.R, func(r *sql.Rows) (m mark, err error) { err = r.Scan(&m.id, &m.version); return m, err },
		`SELECT consent, version FROM settled`)
	if err != nil {
		return err
	}
	have := make(map[string]uint32, len(done))
	for _, m := range done {
		have[m.id] = m.version
	}
	all, err := s.cfg.Records.Consents(ctx)
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b policy.Consent) int { return a.ChangedAt.Compare(b.ChangedAt) })
	var errs []error
	for _, c := range all {
		if have[c.ID] < c.Version {
			errs = append(errs, s.settle(ctx, c.ID))
		}
	}
	return errors.Join(append(errs, s.flush(ctx))...)
}
