package policy

// Same reports whether an authority would take two snapshots for one.
func Same(a, b *Snapshot) bool { return a.same(b) }
