package consent

import (
	"context"
	"database/sql"
	"time"
)

// The kinds of message to an enrollee.
const (
	MessageNotice    = "notice_published"  // Object: the notice's version
	MessageReconfirm = "turned_14"         // Object: the day
	MessageStale     = "enrol_again_model" // Object: the model's digest
	MessageExpiring  = "consent_expiring"  // Object: the consent
)

// Message is something that an enrollee must be told; how it reaches them
// (page, kiosk, letter) is the site's affair. There is one for each kind and
// object, however often its cause is looked at.
type Message struct {
	ID        string    `json:"id"`
	Enrollee  string    `json:"enrollee"`
	Kind      string    `json:"kind"`
	Object    string    `json:"object"`
	CreatedAt time.Time `json:"created_at"`
	ReadAt    time.Time `json:"read_at,omitzero"`
}

func (s *Service) message(ctx context.Context, tx *sql.Tx, enrollee, kind, object string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO outbox VALUES (?,?,?,?,?,NULL) ON CONFLICT DO NOTHING`,
		newID(), enrollee, kind, object, ms(s.now()))
	return err
}

// Messages lists one person's messages, newest first, or everybody's unread
// ones when enrollee is empty.
func (s *Service) Messages(ctx context.Context, enrollee string) ([]Message, error) {
	return list(ctx, s.cfg.DB.R, func(r *sql.Rows) (m Message, err error) {
		var at, read int64
		err = r.Scan(&m.ID, &m.Enrollee, &m.Kind, &m.Object, &at, &read)
		m.CreatedAt, m.ReadAt = fromMS(at), fromMS(read)
		return m, err
	}, `SELECT id, enrollee, kind, object, created_ms, coalesce(read_ms, 0) FROM outbox
		WHERE enrollee = ? OR ? = '' AND read_ms IS NULL ORDER BY created_ms DESC, id DESC LIMIT 1000`, enrollee, enrollee)
}

// MarkRead notes that the person has seen a message of theirs.
func (s *Service) MarkRead(ctx context.Context, enrollee, id string) error {
	r, err := s.cfg.DB.W.ExecContext(ctx, `UPDATE outbox SET read_ms = coalesce(read_ms, ?) WHERE id = ? AND enrollee = ?`, ms(s.now()), id, enrollee)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return notFound(sql.ErrNoRows, "MESSAGE_UNKNOWN", id, "there is no such message")
	}
	return nil
}
