package registers

import "golang.org/x/sys/cpu"

func zeroSSE()
func zeroAVX()
func zeroAVX512()

func zero() {
	switch {
	case cpu.X86.HasAVX512F:
		zeroAVX512()
	case cpu.X86.HasAVX:
		zeroAVX()
	default:
		zeroSSE()
	}
}
