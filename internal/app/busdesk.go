package app

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/segmentio/kafka-go"

	"bystander/audit/access"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/kafkax"
	"bystander/internal/outbox"
	"bystander/internal/sqldb"
)

// ParkedRecord is a record that a writer could not store, as it lies on the
// parked topic.
type ParkedRecord struct {
	Offset    int64             `json:"offset"` // names it
	At        time.Time         `json:"at"`     // when it was parked
	Reason    string            `json:"reason"`
	Chain     string            `json:"chain"`             // its key
	Seq       uint64            `json:"seq,omitempty"`     // as it claims
	From      string            `json:"from"`              // topic/partition@offset where it lay
	Bytes     int               `json:"bytes"`             // of its value
	Decided   string            `json:"decided,omitempty"` // retried or discarded
	Headers   map[string]string `json:"headers,omitempty"`
	Value     string            `json:"value,omitempty"`
	msg       kafka.Message
	fromTopic string
}

// What was decided about a parked record.
const (
	parkedRetried   = "retried"
	parkedDiscarded = "discarded"
)

const decisionsTable = "parked_decisions"

// busBook keeps what was decided about parked records, and the notes of it for
// the log. Records of a topic cannot be taken out one by one: they go when the
// topic's period is over, and until then the book says which are dealt with.
func busBook(ctx context.Context, cfg config.Config) (*sqldb.DB, error) {
	return sqldb.Open(ctx, filepath.Join(cfg.Data, "bus.db"), sqldb.Schema{
		Migrations: []sqldb.Migration{{Name: "parked decisions", SQL: `
CREATE TABLE parked_decisions (
	topic TEXT NOT NULL, offset INTEGER NOT NULL, at_ms INTEGER NOT NULL, who TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL,
	PRIMARY KEY (topic, offset)
) STRICT, WITHOUT ROWID;`}, outbox.Migration()},
		Rules: []sqldb.Rule{
			{Table: decisionsTable, Class: "events on their way", Period: 90 * 24 * time.Hour, Column: "at_ms", Basis: "thrice as long as the topic keeps what was decided about"},
			outbox.Rule(),
		},
		Classes: map[string]map[string]string{
			decisionsTable: {"topic": "L1", "offset": "L1", "at_ms": "L2", "who": "L2", "state": "L1", "reason": "L2"},
			outbox.Table:   outbox.Classes(),
		},
	})
}

// BusTopics lists the topics that the bus should have beside those that it has;
// with ensure it makes what is missing and puts drifted settings right first.
func BusTopics(ctx context.Context, cfg config.Config, ensure bool, out io.Writer) (err error) {
	c, err := busClient(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if ensure {
		changes, err := c.EnsureTopics(ctx, topicOptions(cfg))
		for _, ch := range changes {
			what := "put right: " + settings(ch.Set)
			if ch.Created {
				what = "made"
			}
			fmt.Fprintf(out, "%s: %s\n", ch.Name, what)
		}
		if err != nil {
			return err
		}
		if len(changes) == 0 {
			fmt.Fprintln(out, "all topics are there, with the settings that they should have")
		}
	}
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "topic\tpartitions\tshould be\tcleanup\tkept")
	for _, s := range c.Specs(topicOptions(cfg), len(c.Brokers())) {
		have := "missing; run: bystander bus topics ensure"
		n, err := c.PartitionsNow(ctx, s.Name)
		switch {
		case err == nil:
			have = strconv.Itoa(n)
		case !errors.Is(err, kafkax.ErrNoTopic):
			return err
		}
		fmt.Fprintf(tw, "%s\t%s\t%d\t%s\t%s\n", s.Name, have, s.Partitions, s.Configs["cleanup.policy"], keptFor(s.Configs["retention.ms"]))
	}
	return tw.Flush()
}

func settings(m map[string]string) string {
	var all []string
	for k, v := range m {
		all = append(all, k+"="+v)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func keptFor(ms string) string {
	n, err := strconv.ParseInt(ms, 10, 64)
	if err != nil {
		return "newest of each key"
	}
	return fmt.Sprintf("%g days", (time.Duration(n)*time.Millisecond).Hours()/24)
}

func busClient(cfg config.Config) (*kafkax.Client, error) {
	if len(cfg.Events.Kafka.Brokers) == 0 {
		return nil, fmt.Errorf("%w: events.kafka.brokers: none is named; without a bus there are no topics", ErrUsage)
	}
	c, err := openClient(cfg, "cli")
	if err != nil {
		return nil, errors.Join(ErrUsage, err)
	}
	return c, nil
}

// parkingDesk deals with parked records.
type parkingDesk struct {
	c    *kafkax.Client
	book *sqldb.DB
	all  []ParkedRecord // by offset
}

// withParked reads what is parked and hands it to f.
func withParked(ctx context.Context, cfg config.Config, f func(*parkingDesk) error) (err error) {
	c, err := busClient(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	book, err := busBook(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	d := &parkingDesk{c: c, book: book}
	if err := d.read(ctx); err != nil {
		return err
	}
	return f(d)
}

func (d *parkingDesk) read(ctx context.Context) error {
	err := d.c.ReadToEnd(ctx, event.TopicParked, func(m kafka.Message) error {
		d.all = append(d.all, parkedOf(m))
		return nil
	})
	if err != nil {
		return fmt.Errorf("bus: parked: %w", err)
	}
	rows, err := d.book.R.QueryContext(ctx, `SELECT offset, state FROM parked_decisions WHERE topic=?`, d.c.Name(event.TopicParked))
	if err != nil {
		return fmt.Errorf("bus: parked: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	decided := map[int64]string{}
	for rows.Next() {
		var offset int64
		var state string
		if err := rows.Scan(&offset, &state); err != nil {
			return fmt.Errorf("bus: parked: %w", err)
		}
		decided[offset] = state
	}
	for i := range d.all {
		d.all[i].Decided = decided[d.all[i].Offset]
	}
	return rows.Err()
}

func parkedOf(m kafka.Message) ParkedRecord {
	p := ParkedRecord{Offset: m.Offset, At: m.Time.UTC(), Chain: printable(m.Key), Bytes: len(m.Value), Headers: map[string]string{}, msg: m}
	header := func(key string) string { return printable(kafkax.Header(m.Headers, key)) }
	p.Reason, p.fromTopic = header(kafkax.HeaderParkedReason), string(kafkax.Header(m.Headers, kafkax.HeaderParkedTopic))
	p.From = fmt.Sprintf("%s/%s@%s", header(kafkax.HeaderParkedTopic), header(kafkax.HeaderParkedPartition), header(kafkax.HeaderParkedOffset))
	for _, h := range m.Headers {
		p.Headers[printable([]byte(h.Key))] = printable(h.Value)
	}
	p.Seq, _ = strconv.ParseUint(string(kafkax.Header(m.Headers, kafkax.HeaderSeq)), 10, 64)
	return p
}

// printable is text from outside as it may stand on a terminal.
func printable(b []byte) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0xfffd || r >= 0x80 && r < 0xa0 {
			return '.'
		}
		return r
	}, string(b[:min(len(b), 4096)]))
}

func (d *parkingDesk) find(offset int64) (*ParkedRecord, error) {
	for i := range d.all {
		if d.all[i].Offset == offset {
			return &d.all[i], nil
		}
	}
	return nil, fmt.Errorf("%w: there is no parked record %d; see: bystander bus parked list --all", ErrUsage, offset)
}

// ParkedList lists parked records, those that were dealt with only when all are
// asked for.
func ParkedList(ctx context.Context, cfg config.Config, all, asJSON bool, out io.Writer) error {
	return withParked(ctx, cfg, func(d *parkingDesk) error {
		tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		if !asJSON {
			fmt.Fprintln(tw, "record\tparked\tchain\tnumber\tfrom\tstate\treason")
		}
		for i := range d.all {
			p := d.all[i]
			if p.Decided != "" && !all {
				continue
			}
			if asJSON {
				p.Headers = nil
				if err := json.NewEncoder(out).Encode(p); err != nil {
					return err
				}
				continue
			}
			state := p.Decided
			if state == "" {
				state = "waits"
			}
			fmt.Fprintf(tw, "%d\t%s\t%s\t%d\t%s\t%s\t%s\n", p.Offset, p.At.Format(time.RFC3339), p.Chain, p.Seq, p.From, state, p.Reason)
		}
		return tw.Flush()
	})
}

// ParkedShow prints one parked record as JSON, its headers and value included. A
// value may hold a pseudonym, so who looks and why is written down first.
func ParkedShow(ctx context.Context, cfg config.Config, offset int64, purpose string, out io.Writer) error {
	return withParked(ctx, cfg, func(d *parkingDesk) error {
		p, err := d.find(offset)
		if err != nil {
			return err
		}
		if err := recordHere(ctx, cfg, p.look(purpose)); err != nil {
			return fmt.Errorf("the access log cannot be written, so nothing is shown: %w", err)
		}
		p.Value = printable(p.msg.Value)
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(p)
	})
}

// look is the record of access to p.
func (p *ParkedRecord) look(purpose string) access.Entry {
	e := access.Entry{
		Purpose: purpose, Action: "bus.parked.show", Query: fmt.Appendf(nil, "%d", p.Offset), Count: 1,
	}
	var ev event.Event
	if json.Unmarshal(p.msg.Value, &ev) == nil && !ev.SubjectRef.IsZero() { // what cannot be read names nobody
		e.Subjects = []event.Digest{ev.SubjectRef}
	}
	return e
}

// ParkedRetry sends parked records to the events topic again, as they were, and
// ParkedDiscard gives them up. Either is noted, with who did it and why, and the
// note comes on the log as soon as the program runs with this data.
func ParkedRetry(ctx context.Context, cfg config.Config, offsets []int64, reason string, out io.Writer) error {
	return decideParked(ctx, cfg, offsets, parkedRetried, reason, out)
}

// ParkedDiscard is described with ParkedRetry.
func ParkedDiscard(ctx context.Context, cfg config.Config, offsets []int64, reason string, out io.Writer) error {
	return decideParked(ctx, cfg, offsets, parkedDiscarded, reason, out)
}

// maxWhy bounds the words of a decision.
const maxWhy = 200

func decideParked(ctx context.Context, cfg config.Config, offsets []int64, state, reason string, out io.Writer) error {
	if reason = strings.TrimSpace(reason); reason == "" || len(reason) > maxWhy {
		return fmt.Errorf("%w: --reason: say why, in up to %d characters", ErrUsage, maxWhy)
	}
	return withParked(ctx, cfg, func(d *parkingDesk) error {
		var chosen []*ParkedRecord
		for _, o := range offsets {
			p, err := d.find(o)
			if err != nil {
				return err
			}
			switch {
			case p.Decided != "":
				return fmt.Errorf("%w: record %d was %s already", ErrUsage, o, p.Decided)
			case state == parkedRetried && p.fromTopic != d.c.Name(event.TopicEvents):
				return fmt.Errorf("%w: record %d lay on %q, not on %s: it is not sent anywhere", ErrUsage, o, printable([]byte(p.fromTopic)), d.c.Name(event.TopicEvents))
			case state == parkedRetried && len(p.msg.Value) == 0:
				return fmt.Errorf("%w: record %d was too large to be put aside with its content; have its edge send it again", ErrUsage, o)
			}
			chosen = append(chosen, p)
		}
		for _, p := range chosen {
			if err := d.decide(ctx, p, state, reason); err != nil {
				return err
			}
			fmt.Fprintf(out, "record %d: %s\n", p.Offset, state)
		}
		return nil
	})
}

// decide notes the decision before it acts: a record that was sent twice does no
// harm, one that nobody knows of might.
func (d *parkingDesk) decide(ctx context.Context, p *ParkedRecord, state, reason string) error {
	err := d.book.Tx(ctx, func(tx *sql.Tx) error {
		now := time.Now()
		_, err := tx.ExecContext(ctx, `INSERT INTO parked_decisions (topic, offset, at_ms, who, state, reason) VALUES (?,?,?,?,?,?)`,
			d.c.Name(event.TopicParked), p.Offset, now.UnixMilli(), osUser(), state, reason)
		if err != nil {
			return err
		}
		return outbox.Put(ctx, tx, outbox.Note{At: now, By: osUser(), Detail: map[string]string{
			"incident": "parked-" + strconv.FormatInt(p.Offset, 10), "class": "parked_record", "from": "parked", "state": state,
			"why": reason, "chain": p.Chain[:min(len(p.Chain), 64)],
		}})
	})
	if err != nil {
		return fmt.Errorf("bus: note the decision: %w", err)
	}
	if state != parkedRetried {
		return nil
	}
	m := kafka.Message{Key: p.msg.Key, Value: p.msg.Value, Time: p.msg.Time}
	for _, h := range p.msg.Headers {
		if !strings.HasPrefix(h.Key, "parked_") {
			m.Headers = append(m.Headers, h)
		}
	}
	if t, err := time.Parse(time.RFC3339Nano, string(kafkax.Header(p.msg.Headers, kafkax.HeaderParkedTime))); err == nil {
		m.Time = t
	}
	err = d.c.Publish(ctx, event.TopicEvents, m)
	if err == nil {
		return nil
	}
	// It was not sent: it waits as before, and the note goes with the decision.
	end := context.WithoutCancel(ctx)
	undo := d.book.Tx(end, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(end, `DELETE FROM parked_decisions WHERE topic=? AND offset=?`, d.c.Name(event.TopicParked), p.Offset)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(end, `DELETE FROM untold WHERE tried=0 AND json_extract(detail, '$.incident')=?`, "parked-"+strconv.FormatInt(p.Offset, 10))
		return err
	})
	return errors.Join(fmt.Errorf("bus: send record %d again: %w", p.Offset, err), undo)
}

// busNotes puts decisions about parked records on the log.
type busNotes struct{ noteLog }

// Tell implements outbox.Log.
func (l busNotes) Tell(ctx context.Context, n outbox.Note) error {
	detail := map[string]string{"way": "command line", "done": n.At.Format(time.RFC3339)}
	for k, v := range n.Detail {
		detail[k] = v
	}
	_, err := l.e.ledger.journal.Record(ctx, event.Event{
		ID: n.ID, Kind: event.KindIncident, SiteID: l.e.law.siteID(), ReviewerRef: event.ActorRef(n.By), Detail: detail,
	})
	return err
}

// takeUpBus puts what was decided at the command line on the log, until ctx ends.
func (e *edge) takeUpBus(ctx context.Context, book *sqldb.DB) {
	t := time.NewTicker(takeUpEvery)
	defer t.Stop()
	for {
		_, err := outbox.Deliver(ctx, book, busNotes{noteLog{e}})
		if ctx.Err() != nil {
			return
		}
		e.alarms.set("notes of the bus", err, err == nil)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}
