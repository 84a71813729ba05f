package consent

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"bystander/policy"
)

// MaxImport bounds the rows of one import.
const MaxImport = 10_000

// ImportRow is one consent given elsewhere, on paper.
type ImportRow struct {
	// Person groups the rows of one person within this import; it is not kept.
	Person string
	Given  Given
	// Under14 must be no: a child's guardian acts at a desk.
	Under14 policy.Tri
}

// RowResult says what became of a row: 201 with its consent, or 422 or 409 with
// the reasons, and then nothing of it is stored.
type RowResult struct {
	Row      int      `json:"row"` // from 1
	Status   int      `json:"status"`
	Enrollee string   `json:"enrollee,omitempty"`
	Consent  string   `json:"consent,omitempty"`
	Reasons  []Reason `json:"reasons,omitempty"`
}

// Import is the report of one import.
type Import struct {
	ID       string      `json:"id"`
	Actor    string      `json:"actor"`
	At       time.Time   `json:"at"`
	Accepted int         `json:"accepted"`
	Rejected int         `json:"rejected"`
	Rows     []RowResult `json:"rows"`
}

// ImportRows takes consents that were given on paper before. Each row stands
// for itself: one without evidence of the act is refused, with its reasons in
// the report (B-49). No template comes of it: the person still has to enrol.
func (s *Service) ImportRows(ctx context.Context, actor string, rows []ImportRow) (Import, error) {
	if len(rows) == 0 || len(rows) > MaxImport {
		return Import{}, Refuse(Malformed, "IMPORT_SIZE", "rows", fmt.Sprintf("1 to %d rows", MaxImport))
	}
	out := Import{ID: newID(), Actor: actor, At: s.now(), Rows: make([]RowResult, 0, len(rows))}
	people := map[string]string{}
	for i, r := range rows {
		res := s.importRow(ctx, actor, r, people)
		res.Row = i + 1
		if res.Status == 201 {
			out.Accepted++
		} else {
			out.Rejected++
		}
		out.Rows = append(out.Rows, res)
	}
	b, err := json.Marshal(out)
	if err != nil {
		return out, err
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO imports VALUES (?,?,?,?)`, out.ID, actor, ms(out.At), string(b))
		return err
	})
	return out, err
}

func (s *Service) importRow(ctx context.Context, actor string, r ImportRow, people map[string]string) RowResult {
	refused := func(err error) RowResult {
		var no *Refusal
		switch {
		case errors.As(err, &no) && no.Sort == Unmet:
			return RowResult{Status: 409, Reasons: no.Reasons}
		case errors.As(err, &no):
			return RowResult{Status: 422, Reasons: no.Reasons}
		}
		s.cfg.OnError(fmt.Errorf("consent: import: %w", err))
		return RowResult{Status: 503, Reasons: []Reason{{Code: "STORE", Text: "the row could not be stored; send it again"}}}
	}
	r.Given.Evidence.Channel, r.Given.Evidence.Widget, r.Given.Evidence.By = policy.ChannelPaper, "signature", actor
	switch {
	case r.Given.Evidence.Document.IsZero():
		return refused(Refuse(Malformed, "EVIDENCE_MISSING", "evidence", "the SHA-256 of the signed sheet; without proof of the act a row is not taken"))
	case r.Given.Evidence.At.IsZero():
		return refused(Refuse(Malformed, "EVIDENCE_MISSING", "act_at", "say when the sheet was signed"))
	case r.Person == "":
		return refused(Refuse(Malformed, "PERSON_MISSING", "person", "a mark that the rows of one person share"))
	case r.Under14 != policy.No:
		return refused(Refuse(Malformed, "GUARDIAN_REQUIRED", "under_14", "only people of 14 and above are imported; a child's guardian acts at a desk"))
	}
	if err := s.MayEnrol(ctx); err != nil {
		return refused(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id, known := people[r.Person]
	fresh := policy.Enrollee{ID: newID(), Version: 1, Under14: policy.No, Status: policy.EnrolleeActive, ChangedAt: s.now(), Reason: "imported"}
	if !known {
		id = fresh.ID
	}
	r.Given.Enrollee = id
	// Checked before anything of the person is written: a bad row leaves nothing.
	c, err := s.draftFor(ctx, r.Given, fresh, known)
	if err != nil {
		return refused(err)
	}
	active, err := c.Confirm(c.Act, c.ChangedAt, "imported")
	if err != nil {
		return refused(invalid(err))
	}
	if !known {
		if err := s.cfg.Records.PutEnrollee(ctx, fresh); err != nil {
			return refused(err)
		}
		people[r.Person] = id
	}
	if err := s.put(ctx, c, active); err != nil {
		return refused(err)
	}
	return RowResult{Status: 201, Enrollee: id, Consent: c.ID}
}

// Import returns the report of an import.
func (s *Service) Import(ctx context.Context, id string) (Import, error) {
	var body string
	var out Import
	if err := s.cfg.DB.R.QueryRowContext(ctx, `SELECT body FROM imports WHERE id = ?`, id).Scan(&body); err != nil {
		return out, notFound(err, "IMPORT_UNKNOWN", id, "there is no such import")
	}
	return out, json.Unmarshal([]byte(body), &out)
}
