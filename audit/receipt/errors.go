package receipt

import "errors"

// What can be wrong with a receipt, told apart so that a verdict can be plain.
var (
	// ErrFormat reports bytes that are no receipt: not JSON, unknown or doubled
	// members, members missing or out of order.
	ErrFormat = errors.New("receipt: not a receipt")
	// ErrInvalid reports a receipt that contradicts itself or its own rules.
	ErrInvalid = errors.New("receipt: contradicts itself")
	// ErrKey reports a receipt that says another key signed it.
	ErrKey = errors.New("receipt: signed with another key")
	// ErrSignature reports a receipt that was altered after it was signed.
	ErrSignature = errors.New("receipt: the signature does not fit")
)
