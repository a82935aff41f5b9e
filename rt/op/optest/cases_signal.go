package optest

import (
	"math"
	"math/bits"
	"math/rand/v2"

	"edgerun/kernels/fixed"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// signalCases are those of the Signal operators, whose inputs are integers. Streams are at their begin.
func signalCases() []*Case {
	var all []*Case
	// Of the inputs the first ones are drawn: reals of [−2, 2), times as much, truncated, of a type.
	type drawn struct {
		shape tensor.Shape
		times float32
		dtype tensor.DType
	}
	const i16, u32, u64 = tensor.Int16, tensor.UInt32, tensor.UInt64
	add := func(def *op.Def, name string, attrs op.Attrs, in []drawn, given []*tensor.Tensor, state []int, want func(in [][]int64) []int64) {
		c := &Case{Name: def.Name + "/" + name, Def: def, Attrs: attrs}
		for _, d := range in {
			c.In, c.As, c.Times, c.Given = append(c.In, d.shape), append(c.As, d.dtype), append(c.Times, d.times), append(c.Given, nil)
		}
		for _, t := range given {
			c.In, c.As, c.Times, c.Given = append(c.In, t.Shape), append(c.As, tensor.Float32), append(c.Times, 0), append(c.Given, t)
		}
		c.State = make([]bool, len(c.In))
		for _, i := range state {
			c.State[i] = true
		}
		c.Want = func(reals [][]float64, c *Case) (out []float64) {
			whole := make([][]int64, len(in))
			for i, d := range in {
				for _, v := range reals[i] {
					k := int64(v * float64(d.times))
					if d.dtype == u64 {
						k = max(k, 0)
					}
					whole[i] = append(whole[i], k)
				}
			}
			for _, v := range want(whole) {
				out = append(out, float64(v))
			}
			return out
		}
		all = append(all, c)
	}
	set := func(kv ...any) (attrs op.Attrs) {
		for i := 0; i < len(kv); i += 2 {
			attrs = append(attrs, op.IntAttr(kv[i].(string), kv[i+1].(int)))
		}
		return attrs
	}
	variable := func(d tensor.DType, dims ...int) *tensor.Tensor {
		return tensor.New(tensor.Type{DType: d, Shape: shape(dims...)})
	}
	int16s := func(v ...int16) *tensor.Tensor {
		t := variable(i16, len(v))
		copy(t.Data.I16(), v)
		return t
	}
	noise := func(n int, limit int) *tensor.Tensor {
		r, v := rand.New(rand.NewPCG(3, uint64(n))), make([]int16, n)
		for i := range v {
			v[i] = int16(r.IntN(2*limit) - limit)
		}
		return int16s(v...)
	}
	narrow := func(v []int64) []int16 {
		out := make([]int16, len(v))
		for i := range v {
			out[i] = int16(v[i])
		}
		return out
	}
	wide := func(v []int16) []int64 {
		out := make([]int64, len(v))
		for i := range v {
			out[i] = int64(v[i])
		}
		return out
	}

	for _, prefill := range []int{0, 1} {
		for _, k := range []struct{ rows, n, size, step int }{{1, 12, 12, 12}, {2, 20, 10, 4}, {1, 6, 7, 3}, {3, 64, 5, 1}} {
			kept := op.FramerState(k.size, k.step, prefill == 1)
			add(op.SignalFramer, []string{"from the first sample", "with zeros before"}[prefill], set("frameSize", k.size, "frameStep", k.step, "prefill", prefill),
				[]drawn{{shape(k.rows, k.n), 16000, i16}}, []*tensor.Tensor{variable(i16, k.rows, kept), variable(tensor.Int32, 1)}, []int{1, 2},
				func(in [][]int64) (out []int64) {
					for row := range k.rows {
						// The frame that ends before the next sample but late ones.
						late := kept + k.step - k.size
						for end := k.step; end <= k.n; end += k.step {
							for i := range k.size {
								at := end - late - k.size + i
								switch {
								case at >= 0 && (prefill == 1 || end-late >= k.size):
									out = append(out, in[0][row*k.n+at])
								default:
									out = append(out, 0)
								}
							}
						}
					}
					return out
				})
		}
	}
	for _, k := range []struct{ channels, left, right, step int }{{5, 2, 0, 1}, {3, 0, 0, 1}, {4, 1, 1, 3}} {
		n := k.left + 1 + k.right
		add(op.SignalStacker, "first frame", set("left", k.left, "right", k.right, "step", k.step), []drawn{{shape(k.channels), 16000, i16}},
			[]*tensor.Tensor{variable(i16, 1, n*k.channels), variable(tensor.Int32, 1)}, []int{1, 2}, func(in [][]int64) []int64 {
				out := make([]int64, n*k.channels)
				for i := range out {
					if k.right == 0 {
						out[i] = in[0][i%k.channels]
					}
				}
				return out
			})
	}
	for _, length := range []int{0, 3, 20} {
		add(op.SignalDelay, "begin", set("length", length), []drawn{{shape(2, 9), 16000, i16}}, []*tensor.Tensor{variable(i16, 2, length)}, []int{1},
			func(in [][]int64) []int64 {
				out := make([]int64, 18)
				for i := range out {
					if i%9 >= length {
						out[i] = in[0][i-length]
					}
				}
				return out
			})
	}
	for _, step := range []int{1, 4, 10} {
		add(op.SignalOverlapAdd, "begin", set("frameStep", step), []drawn{{shape(2, 5, 10), 16000, i16}}, []*tensor.Tensor{variable(i16, 2, 10)}, []int{1},
			func(in [][]int64) []int64 {
				out := make([]int64, 2*5*step)
				for i := range out {
					row, at := i/(5*step), i%(5*step)
					for frame := 0; frame < 5; frame++ {
						if k := at - frame*step; k >= 0 && k < 10 {
							out[i] = min(max(out[i]+in[0][(row*5+frame)*10+k], math.MinInt16), math.MaxInt16)
						}
					}
				}
				return out
			})
	}
	window := noise(30, 1<<15)
	for _, shift := range []int{12, 15} {
		add(op.SignalWindow, "noise", set("shift", shift), []drawn{{shape(4, 60), 16000, i16}}, []*tensor.Tensor{window}, nil, func(in [][]int64) []int64 {
			out := make([]int64, 240)
			for i := range out {
				out[i] = min(max(int64(math.Floor(float64(in[0][i]*int64(window.Data.I16()[i%30]))/float64(int(1)<<shift))), math.MinInt16), math.MaxInt16)
			}
			return out
		})
	}
	for _, times := range []float32{0.25, 3, 400, 16000} {
		add(op.SignalFftAutoScale, "noise", nil, []drawn{{shape(77), times, i16}}, nil, nil, func(in [][]int64) []int64 {
			top := int64(1)
			for _, v := range in[0] {
				top = max(top, v, -v)
			}
			for top < 1<<14 {
				top *= 2
				for i := range in[0] {
					in[0][i] *= 2
				}
			}
			return in[0]
		})
	}
	for _, k := range []struct{ n, size int }{{480, 512}, {64, 64}, {90, 90}, {3, 4}} {
		add(op.SignalRfft, "noise", set("fftLength", k.size), []drawn{{shape(3, k.n), 16000, i16}}, nil, nil, func(in [][]int64) (out []int64) {
			bins, scratch := make([]int16, k.size+2), make([]int16, k.size)
			for row := range 3 {
				fixed.NewRfftS16(k.size).Transform(bins, narrow(in[0][row*k.n:][:k.n]), scratch)
				out = append(out, wide(bins)...)
			}
			return out
		})
	}
	add(op.SignalEnergy, "some bins", set("startIndex", 3, "endIndex", 30), []drawn{{shape(66), 16000, i16}}, nil, nil, func(in [][]int64) []int64 {
		out := make([]int64, 33)
		for i := 3; i < 30; i++ {
			out[i] = in[0][2*i]*in[0][2*i] + in[0][2*i+1]*in[0][2*i+1]
		}
		return out
	})
	weights, unweights := int16s(1, 2, 3, 4000, 5, 6, 7), int16s(4000, 30, 0, 1, 100, 50, 9)
	from, by, widths := int16s(0, 2, 5), int16s(0, 2, 4), int16s(2, 2, 3)
	add(op.SignalFilterBank, "two channels", nil, []drawn{{shape(9), 1 << 28, u32}}, []*tensor.Tensor{weights, unweights, from, by, widths}, nil,
		func(in [][]int64) []int64 {
			e := make([]int64, 9)
			for i, v := range in[0] {
				e[i] = int64(uint32(v))
			}
			return []int64{4000*e[0] + 30*e[1] + 3*e[2] + 4000*e[3], 0*e[2] + 1*e[3] + 5*e[5] + 6*e[6] + 7*e[7]}
		})
	bitsOf := tensor.FromI32(shape(), []int32{3})
	for _, times := range []float32{1000, 1 << 29} {
		add(op.SignalFilterBankSquareRoot, "numbers", nil, []drawn{{shape(50), times, u64}}, []*tensor.Tensor{bitsOf}, nil, func(in [][]int64) []int64 {
			for i, v := range in[0] {
				in[0][i] = int64(min(math.Round(math.Sqrt(float64(v))), math.MaxUint16)) >> 3
			}
			return in[0]
		})
	}
	for _, clamping := range []int{0, 1} {
		add(op.SignalFilterBankSpectralSubtraction, "first step", set("smoothing", 409, "oneMinusSmoothing", 15975, "alternateSmoothing", 983,
			"alternateOneMinusSmoothing", 15401, "minSignalRemaining", 819, "smoothingBits", 10, "bits", 14, "clamping", clamping),
			[]drawn{{shape(41), 1000, u32}}, []*tensor.Tensor{variable(u32, 1, 41)}, []int{1}, nil)
		c := all[len(all)-1]
		// What is negative wraps to large numbers.
		c.Want = func(in [][]float64, _ *Case) (out []float64) {
			for i, v := range in[0] {
				x := uint64(uint32(int32(v * 1000)))
				up := uint64(uint32(x << 10))
				estimate := uint64(uint32(up * []uint64{409, 983}[i%2] >> 14))
				out = append(out, float64(max((up-min(estimate, up))>>10, uint64(uint32(x*819>>14)))))
			}
			return out
		}
	}
	table := noise(fixed.PCANTable, 1<<14)
	add(op.SignalPCAN, "numbers", set("snrShift", 6), []drawn{{shape(60), 1 << 20, u32}, {shape(60), 1 << 16, u32}}, []*tensor.Tensor{table}, nil,
		func(in [][]int64) []int64 {
			for i, v := range in[0] {
				snr := uint32(uint64(uint32(v)) * uint64(uint32(fixed.PCANGain(uint32(in[1][i]), table.Data.I16()))) >> 6)
				in[0][i] = int64(fixed.PCANShrink(snr))
			}
			return in[0]
		})
	for _, times := range []float32{1, 1 << 20} {
		add(op.SignalFilterBankLog, "numbers", set("outputScale", 64, "inputCorrectionBits", 3), []drawn{{shape(60), times, u32}}, nil, nil, func(in [][]int64) []int64 {
			for i, v := range in[0] {
				x := uint32(v) << 3
				if in[0][i] = 0; bits.Len32(x) > 1 {
					in[0][i] = int64(fixed.LogU32(x, 64))
				}
			}
			return in[0]
		})
	}
	return all
}
