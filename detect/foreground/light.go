package foreground

import "math"

// bands of background luma in which the change of light is told apart: gain
// moves bright cells more than dark ones, and clips at the ends.
const bands = 8

// light is the change of light between the model and this picture: the median
// change of the cells in each band, which moving people do not move as long as
// they cover less than half of it.
type light struct {
	hist [bands][511]int32
	n    int // bands that hold enough cells
	at   [bands]float32
	by   [bands]float32
	// table is shift by the background's whole luma step.
	table [256]float32
}

func (l *light) reset() { l.n, l.table = 0, [256]float32{} }

func (l *light) estimate(now []byte, cells []cell) {
	clear(l.hist[:])
	var count [bands]int32
	var sum [bands]float32
	for i := range cells {
		m := cells[i].mean
		k := int(m + 0.5)
		b := min(k*bands/256, bands-1)
		l.hist[b][int(now[i])-k+255]++
		count[b]++
		sum[b] += m
	}
	l.n = 0
	for b := range l.hist {
		// A band of a few cells may be covered by one person.
		if int(count[b]) < max(len(cells)/24, 1) {
			continue
		}
		l.at[l.n] = sum[b] / float32(count[b])
		l.by[l.n] = median(&l.hist[b], count[b])
		// One step is rounding; the model follows it by itself.
		if abs(l.by[l.n]) <= 1 {
			l.by[l.n] = 0
		}
		l.n++
	}
	for i := range l.table {
		l.table[i] = l.between(float32(i) + 0.5)
	}
}

// shift is the change of light for a cell of the given background luma.
func (l *light) shift(mean float32) float32 { return l.table[uint8(mean)] }

// between interpolates between the bands and goes on beyond them.
func (l *light) between(mean float32) float32 {
	switch l.n {
	case 0:
		return 0
	case 1:
		return l.by[0]
	}
	i := 0
	for i < l.n-2 && mean > l.at[i+1] {
		i++
	}
	f := (mean - l.at[i]) / max(l.at[i+1]-l.at[i], 1)
	return l.by[i] + min(max(f, -1), 2)*(l.by[i+1]-l.by[i])
}

// median of n differences counted by value+255, with the fraction that the
// value's own count gives.
func median(hist *[511]int32, n int32) float32 {
	var sum int32
	for i, c := range hist {
		if 2*(sum+c) >= n {
			return float32(i-255) - 0.5 + (float32(n)/2-float32(sum))/float32(max(c, 1))
		}
		sum += c
	}
	return 0
}

func abs(v float32) float32 { return max(v, -v) }

func sqrt(v float32) float32 { return float32(math.Sqrt(float64(v))) }
