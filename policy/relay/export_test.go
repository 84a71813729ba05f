package relay

// Kept is how many bytes of snapshots f holds.
func Kept(f *Follower) int { return f.bytes }
