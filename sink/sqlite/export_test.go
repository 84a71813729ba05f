package sqlite

// SetRowsAtOnce sets how many events one statement inserts, for the benchmark
// that compares.
func (s *Store) SetRowsAtOnce(n int) { s.rows = n }
