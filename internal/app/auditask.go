package app

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"bystander/audit/access"
	"bystander/audit/ask"
	"bystander/internal/config"
)

// errDoesNotHold reports a check that found something.
var errDoesNotHold = errors.New("the check does not hold")

// AskOptions say what is asked of the log, and how the answer is written.
type AskOptions struct {
	Question string
	Set      map[string]string
	Format   string
	Out      string // file; standard output when empty
	Purpose  string // kept in the access log
	Stdout   io.Writer
}

// AuditQuestions lists the questions and their parameters.
func AuditQuestions(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, q := range ask.Questions() {
		fmt.Fprintf(w, "%d\t%s\t%s\n", q.Number, q.Name, q.Title)
		for _, p := range q.Params {
			note := p.About
			switch {
			case p.Required:
				note += "; needed"
			case p.Default != "":
				note += "; " + p.Default + " unless given"
			}
			fmt.Fprintf(w, "\t  --set %s=…\t%s\n", p.Name, note)
		}
	}
	return w.Flush()
}

// AuditAsk puts one question to the log of this installation. The read is
// recorded like any other. A check that does not hold is an error.
func AuditAsk(ctx context.Context, cfg config.Config, o AskOptions) (err error) {
	asker, done, err := openAsker(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	a, err := asker.Ask(ctx, o.Question, o.Set)
	switch {
	case errors.Is(err, ask.ErrUnknown), errors.Is(err, ask.ErrParam):
		return fmt.Errorf("%w: %w", ErrUsage, err)
	case err != nil:
		return err
	}
	if err := recordAsk(ctx, cfg, o, a); err != nil {
		return fmt.Errorf("the access log cannot be written, so nothing is shown: %w", err)
	}
	if err := writeAnswer(a, o); err != nil {
		return err
	}
	if !a.Holds() {
		return errDoesNotHold
	}
	return nil
}

// openAsker opens the log to be asked: ClickHouse when it is configured, else
// the embedded store.
func openAsker(cfg config.Config) (*ask.Asker, func() error, error) {
	if len(cfg.Events.ClickHouse.Addrs) > 0 {
		o, err := clickhouseOptions(cfg)
		if err != nil {
			return nil, nil, err
		}
		db := clickhouse.OpenDB(o)
		return ask.NewClickHouse(db, time.Now), db.Close, nil
	}
	path := filepath.Join(cfg.Data, "events.db")
	if _, err := os.Stat(path); err != nil {
		return nil, nil, fmt.Errorf("%w: there is no event log at %s; name the installation with --config or --data", ErrUsage, path)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, nil, fmt.Errorf("audit: %w", err)
	}
	return ask.NewSQLite(db, time.Now), db.Close, nil
}

// recordAsk writes the access record of a question asked at the command line.
func recordAsk(ctx context.Context, cfg config.Config, o AskOptions, a *ask.Answer) (err error) {
	log, err := access.Open(ctx, controlPlace(cfg, storeAccess), access.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	purpose := o.Purpose
	if purpose == "" {
		purpose = "audit at the command line"
	}
	_, err = log.Record(ctx, access.Entry{
		Actor: fmt.Sprintf("uid:%d", os.Getuid()), Role: "auditor", Purpose: purpose,
		Action: "audit.ask", Query: []byte(fmt.Sprint(a.Question.Name, o.Set)), Subjects: a.Subjects(), Count: len(a.Subjects()),
	})
	return err
}

func writeAnswer(a *ask.Answer, o AskOptions) (err error) {
	out := o.Stdout
	if o.Out != "" {
		f, err := os.OpenFile(o.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return fmt.Errorf("%w: --out: %w", ErrUsage, err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out = f
	} else if o.Format == string(ask.Parquet) {
		return fmt.Errorf("%w: Parquet is no text: name a file with --out", ErrUsage)
	}
	return a.Write(out, ask.Format(o.Format))
}
