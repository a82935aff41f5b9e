// Package kernels chooses the code that operators run: a Set is a table of kernel functions, one for each class of
// package abi, and a value that callers pass around. There is no global switch.
//
// All sets return the same bytes. A set starts as a copy of the portable one and overwrites the entries that its
// instruction set has a faster kernel for, so a missing entry is slow, never wrong.
package kernels

import (
	"fmt"
	"strings"

	"edgerun/kernels/abi"
	"edgerun/kernels/generic"
)

// Set is one kernel for every class. Sets are immutable after All has made them.
type Set struct {
	Name    string // "generic", "avx2", "vnni", "neon", "dotprod"
	Feature string // what the CPU needs, in words
	Foreign bool   // of another machine: programs can be planned for it, not run

	GemmS8  abi.GemmS8Class
	GemmF32 abi.GemmF32Class

	GemvS8     abi.GemvS8Class
	LSTMUnitS8 func(*abi.LSTMUnitS8)
	GRUResetS8 func(*abi.GRUUnitS8)
	GRUUnitS8  func(*abi.GRUUnitS8)
	GemmS16    abi.GemmS16Class
	DWConvS16  func(*abi.DWConvS16)

	DWConvS8  abi.DWConvS8Class
	DWConvF32 abi.DWConvF32Class

	AddS8        func(*abi.AddS8)
	MulS8        func(*abi.MulS8)
	LutS8        func(*abi.LutS8)
	MaxPoolS8    func(*abi.PoolS8)
	AvgPoolS8    func(*abi.PoolS8)
	SoftmaxS8    func(*abi.SoftmaxS8)
	QuantizeS8   func(*abi.QuantizeS8)
	DequantizeS8 func(*abi.DequantizeS8)
	SubS8        func(*abi.AddS8)
	PReluS8      func(*abi.PReluS8)

	// Training.
	MatMulF32     func(*abi.MatMulF32)
	MulAddF32     func(*abi.MulAddF32)
	ClampMaskF32  func(*abi.ClampMaskF32)
	MaskF32       func(*abi.MaskF32)
	SGDF32        func(*abi.SGDF32)
	AdamF32       func(*abi.AdamF32)
	SumSquaresF32 func(*abi.SumSquaresF32)

	Transpose8  func(*abi.Transpose) // bytes
	Transpose32 func(*abi.Transpose) // elements of four bytes

	AddF32     func(*abi.BinaryF32)
	MulF32     func(*abi.BinaryF32)
	ClampF32   func(*abi.ClampF32)
	MaxPoolF32 func(*abi.PoolF32)
	AvgPoolF32 func(*abi.PoolF32)
	SoftmaxF32 func(*abi.SoftmaxF32)

	SubF32         func(*abi.BinaryF32)
	DivF32         func(*abi.BinaryF32)
	PReluF32       func(*abi.BinaryF32)
	LogisticF32    func(*abi.UnaryF32)
	TanhF32        func(*abi.UnaryF32)
	HardSigmoidF32 func(*abi.UnaryF32)
	HardSwishF32   func(*abi.UnaryF32)
	LeakyReluF32   func(*abi.UnaryF32)
	GeluF32        func(*abi.UnaryF32)

	NormF32 func(*abi.NormF32)
	SumsS8  func(*abi.SumsS8)
	NormS8  func(*abi.NormS8)

	AttentionS8 func(*abi.AttentionS8)
	DotF32      func(*abi.RowF32)
	MixF32      func(*abi.RowF32)
	DotS8       func(*abi.DotS8)
	MixS8       func(*abi.MixS8)
}

// Generic is the portable set; it runs everywhere.
func Generic() *Set {
	return &Set{
		Name:         "generic",
		Feature:      "none",
		GemmS8:       generic.GemmS8,
		GemmF32:      generic.GemmF32,
		GemvS8:       generic.GemvS8,
		LSTMUnitS8:   generic.LSTMUnitS8,
		GRUResetS8:   generic.GRUResetS8,
		GRUUnitS8:    generic.GRUUnitS8,
		GemmS16:      generic.GemmS16,
		DWConvS16:    generic.DWConvS16,
		DWConvS8:     generic.DWConvS8,
		DWConvF32:    generic.DWConvF32,
		AddS8:        generic.AddS8,
		MulS8:        generic.MulS8,
		LutS8:        generic.LutS8,
		MaxPoolS8:    generic.MaxPoolS8,
		AvgPoolS8:    generic.AvgPoolS8,
		SoftmaxS8:    generic.SoftmaxS8,
		QuantizeS8:   generic.QuantizeS8,
		DequantizeS8: generic.DequantizeS8,
		Transpose8:   generic.Transpose8,
		Transpose32:  generic.Transpose32,
		AddF32:       generic.AddF32,
		MulF32:       generic.MulF32,
		ClampF32:     generic.ClampF32,
		MaxPoolF32:   generic.MaxPoolF32,
		AvgPoolF32:   generic.AvgPoolF32,
		SoftmaxF32:   generic.SoftmaxF32,

		MatMulF32:     generic.MatMulF32,
		MulAddF32:     generic.MulAddF32,
		ClampMaskF32:  generic.ClampMaskF32,
		MaskF32:       generic.MaskF32,
		SGDF32:        generic.SGDF32,
		AdamF32:       generic.AdamF32,
		SumSquaresF32: generic.SumSquaresF32,

		SubS8:          generic.SubS8,
		PReluS8:        generic.PReluS8,
		SubF32:         generic.SubF32,
		DivF32:         generic.DivF32,
		PReluF32:       generic.PReluF32,
		LogisticF32:    generic.LogisticF32,
		TanhF32:        generic.TanhF32,
		HardSigmoidF32: generic.HardSigmoidF32,
		HardSwishF32:   generic.HardSwishF32,
		LeakyReluF32:   generic.LeakyReluF32,
		GeluF32:        generic.GeluF32,

		NormF32: generic.NormF32,
		SumsS8:  generic.SumsS8,
		NormS8:  generic.NormS8,

		AttentionS8: generic.AttentionS8,
		DotF32:      generic.DotF32,
		MixF32:      generic.MixF32,
		DotS8:       generic.DotS8,
		MixS8:       generic.MixS8,
	}
}

// All returns the sets that this CPU can run, slowest first; the first is the portable one.
func All() []*Set { return append([]*Set{Generic()}, machineSets()...) }

// Best returns the fastest set that this CPU can run.
func Best() *Set {
	all := All()
	return all[len(all)-1]
}

// Lookup returns the set with the given name; "" and "auto" mean Best. The error lists what this CPU has.
func Lookup(name string) (*Set, error) {
	if name == "" || name == "auto" {
		return Best(), nil
	}
	var have []string
	for _, s := range All() {
		if s.Name == name {
			return s, nil
		}
		have = append(have, s.Name)
	}
	return nil, fmt.Errorf("kernels: no set %q on this CPU; it has %s", name, strings.Join(have, ", "))
}

// transposes takes kernels for few columns, the channels of pictures and sensors, by their number, and the truth for others.
func transposes(few [5]func(*abi.Transpose), others func(*abi.Transpose)) func(*abi.Transpose) {
	return func(a *abi.Transpose) {
		if a.Cols < len(few) && few[a.Cols] != nil {
			few[a.Cols](a)
			return
		}
		others(a)
	}
}
