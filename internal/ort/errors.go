package ort

import "errors"

// The errors of this package, to be told apart with errors.Is.
var (
	// ErrNoLibrary reports that the ONNX Runtime shared library was not found
	// or could not be loaded. Nothing can be inferred without it.
	ErrNoLibrary = errors.New("ort: no usable ONNX Runtime library")
	// ErrProvider reports that no execution provider that was asked for works.
	ErrProvider = errors.New("ort: no usable execution provider")
	// ErrModel reports a model that cannot be loaded or is not of the kind
	// that this package runs: one float32 input, float32 outputs.
	ErrModel = errors.New("ort: unusable model")
	// ErrForm reports a model that is computed otherwise than a rewriting of it
	// knows. The model itself may be fine.
	ErrForm = errors.New("ort: the model has another form")
	// ErrShape reports an input shape that the model does not take.
	ErrShape = errors.New("ort: shape does not fit the model")
	// ErrNotFinite reports NaN or infinite values in an output.
	ErrNotFinite = errors.New("ort: model output is not finite")
	// ErrClosed reports the use of a closed session.
	ErrClosed = errors.New("ort: session closed")
)
