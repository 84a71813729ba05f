package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"bystander/internal/config"
	"bystander/internal/models"
)

// ModelsList tells which models there are and which are here.
func ModelsList(_ context.Context, cfg config.Config, out io.Writer) error {
	store, err := openModels(cfg)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tPURPOSE\tLICENCE\tSIZE\tSHA-256\tHERE")
	for _, i := range store.List() {
		here := "no"
		if _, ok := store.Cached(i.Name); ok {
			here = "yes"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%.1f MB\t%.12s…\t%s\n", i.Name, i.Purpose, i.Licence, float64(i.Bytes)/1e6, i.SHA256, here)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\ncache: %s\n", store.CacheDir())
	for _, m := range store.Mirrors() {
		fmt.Fprintf(out, "mirror: %s\n", m)
	}
	return nil
}

// ModelsPull fetches models into the cache. One that cannot be had does not
// keep the others from coming.
func ModelsPull(ctx context.Context, cfg config.Config, names []string, out, stderr io.Writer) error {
	store, err := openModels(cfg)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		for _, i := range store.List() {
			names = append(names, i.Name)
		}
	}
	var errs []error
	for _, name := range names {
		bar := newProgress(stderr, name)
		err := store.Pull(ctx, []string{name}, func(p models.Progress) { bar.update(p.Done, p.Total) })
		bar.close()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		path, _ := store.Cached(name)
		fmt.Fprintf(out, "%s: %s\n", name, path)
	}
	return errors.Join(errs...)
}
