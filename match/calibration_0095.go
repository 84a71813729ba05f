package match

// Calibration0095 is the calibration of face-reidentification-retail-0095.
func Calibration0095() Calibration {
	return Calibration{
		Model:  "fd910a25c24c46adc55bafe2f753d648cdc978cdda4d51bc89605875f01fee74",
		Set:    "LFW, deep-funneled, development part",
		Pair:   0.316,
		Points: []CalibrationPoint{{1e-2, 0.25}, {1e-3, 0.33}, {1e-4, 0.42}, {1e-5, 0.5}, {1e-6, 0.55}},
	}
}
