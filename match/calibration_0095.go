package match

// Calibration0095 is the calibration of face-reidentification-retail-0095 on
// LFW (deep-funneled, development part): 3,036 pictures of 1,078 people, aligned
// with YuNet's landmarks, every one of the 4,589,480 pairs of different people
// compared. Two pictures that carry a wrong label were left out; what remains in
// the tail are siblings and people who look alike.
//
// To measure it again: BYSTANDER_CALIBRATE=1 go test ./match/onnx -run
// TestCalibration -v. LFW's people are more unlike each other than the visitors
// of one place may be; a site should measure its own before relying on a rate.
// The last point rests on 4 pairs (95 % bound: 2.2e-6). One decade beyond it is
// allowed on a straight line; TestTail checks on real faces that such a line,
// drawn one decade earlier, gave too high a threshold rather than too low a one.
func Calibration0095() Calibration {
	return Calibration{
		Model: "fd910a25c24c46adc55bafe2f753d648cdc978cdda4d51bc89605875f01fee74",
		Set:   "LFW, deep-funneled, development part",
		Pairs: 4589480,
		Pair:  0.316,
		Floor: 1e-7,
		Points: []CalibrationPoint{
			{1e-2, 0.247},
			{3e-3, 0.303},
			{1e-3, 0.352},
			{3e-4, 0.403},
			{1e-4, 0.449},
			{3e-5, 0.494},
			{1e-5, 0.532},
			{3e-6, 0.570},
			{1e-6, 0.607},
		},
	}
}
