package rights

import "bystander/internal/sqldb"

// Rules lists for how long each table's rows are kept, and why.
func (d *DB) Rules() []sqldb.Rule { return d.db.Rules() }
