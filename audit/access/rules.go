package access

import "bystander/internal/sqldb"

// Rules lists for how long each table's rows are kept, and why.
func (l *Log) Rules() []sqldb.Rule { return l.db.Rules() }
