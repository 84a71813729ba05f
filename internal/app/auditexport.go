package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"bystander/audit/access"
	"bystander/audit/verify"
	"bystander/internal/config"
	"bystander/internal/event"
)

// ExportOptions say what of the log is exported.
type ExportOptions struct {
	Chain    string // all when empty
	From, To uint64
	Out      string // a new file
	Purpose  string // kept in the access log
	Stdout   io.Writer
}

// AuditExport writes the store's rows as JSON lines, which AuditVerify reads.
// The access record is written before the first row.
func AuditExport(ctx context.Context, cfg config.Config, o ExportOptions) error {
	_, err := exportRows(ctx, cfg, o)
	return err
}

// exportRows is AuditExport; it also tells the number of each chain's last row.
func exportRows(ctx context.Context, cfg config.Config, o ExportOptions) (ends map[string]uint64, err error) {
	src, err := openRows(ctx, cfg, VerifyOptions{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, src.close()) }()
	ids, err := src.Chains(ctx)
	if err != nil {
		return nil, err
	}
	if o.Chain != "" {
		ids = []string{o.Chain}
	}
	f, err := os.OpenFile(o.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w: --out: %w", ErrUsage, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := recordExport(ctx, cfg, o, src, ids); err != nil {
		return nil, fmt.Errorf("the access log cannot be written, so nothing is exported: %w", err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	rows := 0
	ends = map[string]uint64{}
	for _, id := range ids {
		err := src.Walk(ctx, id, max(o.From, 1), o.To, func(r verify.Row) error {
			rows++
			ends[id] = max(ends[id], r.Seq)
			return verify.WriteRow(w, id, r)
		})
		if err != nil {
			return nil, err
		}
	}
	if err := errors.Join(w.Flush(), f.Sync()); err != nil {
		return nil, err
	}
	fmt.Fprintf(o.Stdout, "%d rows written to %s\n", rows, o.Out)
	return ends, nil
}

// recordExport writes who takes which rows away, with the people in them.
func recordExport(ctx context.Context, cfg config.Config, o ExportOptions, src *rowSource, ids []string) error {
	seen := map[event.Digest]bool{}
	for _, id := range ids {
		err := src.Walk(ctx, id, max(o.From, 1), o.To, func(r verify.Row) error {
			if r.Event != nil && !r.Event.SubjectRef.IsZero() {
				seen[r.Event.SubjectRef] = true
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	refs := make([]event.Digest, 0, min(len(seen), access.MaxSubjects))
	for ref := range seen {
		if len(refs) < access.MaxSubjects {
			refs = append(refs, ref)
		}
	}
	return recordHere(ctx, cfg, access.Entry{
		Purpose: o.Purpose, Action: "audit.export",
		Query: fmt.Appendf(nil, "%q %d %d", o.Chain, o.From, o.To), Subjects: refs, Count: len(seen),
	})
}

// recordHere writes down what somebody at the command line is about to see.
func recordHere(ctx context.Context, cfg config.Config, e access.Entry) (err error) {
	log, err := access.Open(ctx, controlPlace(cfg, storeAccess), access.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	e.Actor, e.Role = fmt.Sprintf("uid:%d", os.Getuid()), "auditor"
	_, err = log.Record(ctx, e)
	return err
}
