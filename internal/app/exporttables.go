package app

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"bystander/internal/sqldb"
)

// exported is a store whose tables are written: its name, and where it lies.
type exported struct{ name, place string }

// stores lists what is to be written, and notes what is not. Where the control's
// stores lie on a server, files of the same names are from before the move.
func (x *exporting) stores(ctx context.Context) (out []exported, err error) {
	files, err := filepath.Glob(filepath.Join(x.cfg.Data, "*.db"))
	if err != nil {
		return nil, err
	}
	if index := filepath.Join(x.cfg.Data, "recordings", "index.db"); exists(index) {
		files = append(files, index)
	}
	shared := x.cfg.Store.Shared()
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".db")
		switch why, not := notExported[name]; {
		case shared && slices.Contains(controlStores(), name):
			x.left = append(x.left, name+".db: a file from before the data moved to the server, which holds it as it is now")
		case not:
			x.left = append(x.left, name+".db: "+why)
		default:
			out = append(out, exported{name, path})
		}
	}
	if !shared {
		return out, nil
	}
	for _, name := range controlStores() {
		if why, not := notExported[name]; not {
			x.left = append(x.left, name+" (on the server): "+why)
			continue
		}
		there, err := sqldb.Exists(ctx, controlPlace(x.cfg, name))
		if err != nil {
			return nil, err
		}
		if there {
			out = append(out, exported{name, controlPlace(x.cfg, name)})
		}
	}
	x.left = append(x.left, "events and recordings of other replicas and edges: each machine exports its own")
	return out, nil
}

// tables writes each table of each store.
func (x *exporting) tables(ctx context.Context) error {
	stores, err := x.stores(ctx)
	if err != nil {
		return err
	}
	x.sums = map[string]TableSum{}
	for i, s := range stores {
		if err := x.store(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Fprintf(x.o.Stdout, "%d of %d stores: %s\n", i+1, len(stores), s.name)
	}
	return nil
}

// column is one column of a table, as schema.json lists it.
type column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// store writes a store's tables as they were in one moment.
func (x *exporting) store(ctx context.Context, s exported) (err error) {
	tx, end, err := sqldb.View(ctx, s.place)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	ddl, err := sqldb.Tables(ctx, tx, s.place)
	if err != nil {
		return err
	}
	return x.storeTables(ctx, tx, s.name, ddl)
}

func (x *exporting) storeTables(ctx context.Context, tx *sql.Tx, store string, ddl map[string]string) error {
	folder := filepath.Join("tables", store)
	about := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(ddl)) {
		cols, sum, err := x.table(ctx, tx, filepath.Join(folder, name), name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		about[name] = map[string]any{"sql": ddl[name], "columns": cols, "rows": sum.Rows}
		x.sums[store+"/"+name] = sum
	}
	b, err := json.MarshalIndent(about, "", " ")
	if err != nil {
		return err
	}
	return x.write(filepath.Join(folder, "schema.json"), append(b, '\n'))
}

// declared is a column's type in one word, the same for either kind of database.
func declared(databaseType string) string {
	switch t := strings.ToUpper(databaseType); t {
	case "INT8", "INT4", "INT2":
		return "INTEGER"
	case "FLOAT8", "FLOAT4":
		return "REAL"
	case "BYTEA":
		return "BLOB"
	default:
		return t
	}
}
