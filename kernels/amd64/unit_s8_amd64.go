package amd64

import (
	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

type (
	lstmUnitS8 = abi.LSTMUnitS8
	gruUnitS8  = abi.GRUUnitS8
)

// sigmoidPlanes are the tables of fixed.Sigmoid16 one behind the other, sigmoidPairs interleaved.
var sigmoidPlanes, sigmoidPairs = sigmoidTables()

func sigmoidTables() (planes, pairs [512]int16) {
	base, slope := fixed.Sigmoid16()
	for i := range base {
		planes[i], planes[256+i] = base[i], slope[i]
		pairs[2*i], pairs[2*i+1] = base[i], slope[i]
	}
	return planes, pairs
}

//go:noescape
func LSTMUnitS8AVX512(a *abi.LSTMUnitS8)

//go:noescape
func GRUResetS8AVX512(a *abi.GRUUnitS8)

//go:noescape
func GRUUnitS8AVX512(a *abi.GRUUnitS8)

//go:noescape
func LSTMUnitS8AVX2(a *abi.LSTMUnitS8)

//go:noescape
func GRUResetS8AVX2(a *abi.GRUUnitS8)

//go:noescape
func GRUUnitS8AVX2(a *abi.GRUUnitS8)
