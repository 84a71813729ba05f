package encode

import "bystander/internal/frame"

// FitInto is the size of a fitted picture.
func FitInto(s, box frame.Size) frame.Size { return fitInto(s, box) }

// Fitter returns a fitter's one method.
func Fitter() func(frame.Planes, frame.Size) frame.Planes { return new(fitter).do }
