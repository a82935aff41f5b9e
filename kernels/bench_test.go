package kernels_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"edgerun/kernels"
	"edgerun/kernels/abi"
)

// BenchmarkOther times every class but the products on 4096 elements, or on pixels of 64 channels and 9 taps.
func BenchmarkOther(b *testing.B) {
	const n, c, taps = 4096, 64, 9
	x8, y8 := make([]int8, n+abi.Slack), make([]int8, n+abi.Slack)
	x32, y32 := make([]float32, n+16), make([]float32, n+16)
	for i := range x8 {
		x8[i] = int8(rand.Uint32())
	}
	for i := range x32 {
		x32[i] = float32(rand.NormFloat64())
	}
	off, count, acc := make([]int32, n/c*taps), make([]int32, n/c), make([]int32, c)
	for i := range off {
		off[i] = int32(rand.IntN(n/c) * c)
	}
	for i := range count {
		count[i] = taps
	}
	exp := make([]int32, 256)
	for i := range exp {
		exp[i] = int32(math.Exp(float64(i-255)/32) * (1<<31 - 1))
	}
	add := abi.AddS8{A: &x8[0], B: &x8[0], Y: &y8[0], N: n, BStep: 1, MA: 1 << 30, MB: 1 << 30, MY: 1 << 30, ShiftY: -18, Lo: -128, Hi: 127}
	mul := abi.MulS8{A: &x8[0], B: &x8[0], Y: &y8[0], N: n, BStep: 1, M: 1 << 30, Shift: -6, Lo: -128, Hi: 127}
	lut := abi.LutS8{X: &x8[0], Y: &y8[0], N: n, Table: new([256]int8)}
	quantize := abi.QuantizeS8{X: &x32[0], Y: &y8[0], N: n, Scale: 0.1}
	dequantize := abi.DequantizeS8{X: &x8[0], Y: &y32[0], N: n, Scale: 0.1}
	pool8 := abi.PoolS8{X: &x8[0], Y: &y8[0], Off: &off[0], Count: &count[0], Acc: &acc[0], YStride: c, Rows: n / c, Taps: taps, C: c, Lo: -128, Hi: 127}
	pool32 := abi.PoolF32{X: &x32[0], Y: &y32[0], Off: &off[0], Count: &count[0], YStride: c, Rows: n / c, Taps: taps, C: c}
	binary := abi.BinaryF32{A: &x32[0], B: &x32[0], Y: &y32[0], N: n, BStep: 1}
	unary := abi.UnaryF32{X: &x32[0], Y: &y32[0], N: n, Alpha: 0.2, Beta: 0.5}
	prelu := abi.PReluS8{A: &x8[0], B: &x8[0], Y: &y8[0], N: n, BStep: 1, M: 1 << 30, MNeg: 1 << 30, ShiftNeg: -6}
	clamp := abi.ClampF32{X: &x32[0], Y: &y32[0], N: n, Hi: 6}
	softmax8 := abi.SoftmaxS8{X: &x8[0], Y: &y8[0], Rows: 4, N: n / 4, Exp: (*[256]int32)(exp), DMin: -200}
	softmax32 := abi.SoftmaxF32{X: &x32[0], Y: &y32[0], Rows: 4, N: n / 4}
	for _, s := range kernels.All() {
		for _, k := range []struct {
			name string
			run  func()
		}{
			{"AddS8", func() { s.AddS8(&add) }}, {"MulS8", func() { s.MulS8(&mul) }}, {"LutS8", func() { s.LutS8(&lut) }},
			{"QuantizeS8", func() { s.QuantizeS8(&quantize) }}, {"DequantizeS8", func() { s.DequantizeS8(&dequantize) }},
			{"MaxPoolS8", func() { s.MaxPoolS8(&pool8) }}, {"AvgPoolS8", func() { s.AvgPoolS8(&pool8) }},
			{"MaxPoolF32", func() { s.MaxPoolF32(&pool32) }}, {"AvgPoolF32", func() { s.AvgPoolF32(&pool32) }},
			{"AddF32", func() { s.AddF32(&binary) }}, {"MulF32", func() { s.MulF32(&binary) }}, {"ClampF32", func() { s.ClampF32(&clamp) }},
			{"SubS8", func() { s.SubS8(&add) }}, {"PReluS8", func() { s.PReluS8(&prelu) }},
			{"SubF32", func() { s.SubF32(&binary) }}, {"DivF32", func() { s.DivF32(&binary) }}, {"PReluF32", func() { s.PReluF32(&binary) }},
			{"LogisticF32", func() { s.LogisticF32(&unary) }}, {"TanhF32", func() { s.TanhF32(&unary) }},
			{"HardSigmoidF32", func() { s.HardSigmoidF32(&unary) }}, {"HardSwishF32", func() { s.HardSwishF32(&unary) }},
			{"LeakyReluF32", func() { s.LeakyReluF32(&unary) }},
			{"SoftmaxS8", func() { s.SoftmaxS8(&softmax8) }}, {"SoftmaxF32", func() { s.SoftmaxF32(&softmax32) }},
		} {
			b.Run(s.Name+"/"+k.name, func(b *testing.B) {
				for b.Loop() {
					k.run()
				}
				b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/n, "ns/element")
			})
		}
	}
}
