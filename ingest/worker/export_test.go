package worker

// What the tests of turning need.
var (
	CopyTurned   = copyTurned
	TurnedSize   = turnedSize
	TurnedAspect = turnedAspect
)
