package arm64

import (
	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

// sigmoidPairs are the tables of fixed.Sigmoid16, interleaved.
var sigmoidPairs = sigmoidTable()

func sigmoidTable() (pairs [512]int16) {
	base, slope := fixed.Sigmoid16()
	for i := range base {
		pairs[2*i], pairs[2*i+1] = base[i], slope[i]
	}
	return pairs
}

//go:noescape
func LSTMUnitS8NEON(a *abi.LSTMUnitS8)

//go:noescape
func GRUResetS8NEON(a *abi.GRUUnitS8)

//go:noescape
func GRUUnitS8NEON(a *abi.GRUUnitS8)
