package encode

import "bystander/internal/frame"

// rateSteps caps the bit rate by the picture's area at 25 pictures a second, in
// bit/s. The quality is held constant beneath the cap; it is there so that a
// busy scene cannot fill a viewer's line or the disk.
var rateSteps = []struct{ pixels, rate int }{
	{352 * 288, 600_000},
	{640 * 360, 1_200_000},
	{854 * 480, 2_000_000},
	{1280 * 720, 3_500_000},
	{1920 * 1088, 6_500_000},
	{2560 * 1440, 10_000_000},
	{frame.MaxPixels, 18_000_000},
}

// MaxRate returns the default cap in bit/s for a size and a rate of pictures;
// an unknown rate counts as 25.
func MaxRate(s frame.Size, fps frame.Rational) int {
	rate := rateSteps[len(rateSteps)-1].rate
	for _, step := range rateSteps {
		if s.W*s.H <= step.pixels {
			rate = step.rate
			break
		}
	}
	f := 1.0
	if fps.Valid() {
		f = min(max(fps.Float()/25, 0.4), 2)
	}
	return int(float64(rate) * f)
}
