package op

import (
	"fmt"
	"math"

	"edgerun/kernels"
	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// Unary is y = f(x), element by element; attribute function names f, alpha is elu's slope, celu's, or
// thresholdedRelu's bound, 1 unless given.
//
//	abs neg sign                      float32, int8, int32, int64 (integers wrap); abs int16 too
//	square                            float32, int8, int32, int64
//	sqrt rsqrt reciprocal exp log     float32, int8
//	floor ceil round                  float32, int8; round takes halves to the even integer
//	elu gelu geluTanh erf             float32, int8
//	softplus softsign mish            float32, int8
//	sin cos tan asin acos atan        float32, int8
//	sinh cosh asinh acosh atanh       float32, int8
//	celu thresholdedRelu              float32, int8
//	not                               bool
//
// float32: each is rounded once, or as its function in package fixed says. Codes: abs and rsqrt are TFLite Micro's ABS
// and RSQRT, where a negative argument counts as 0 and 1/√0 is the largest code; elu is its ELU; all others are tables
// made as ELU's: the code nearest to f of the real, in float32.
var Unary = register(Def{
	Code: 40, Name: "Unary", MinIn: 1, MaxIn: 1, Outs: 1, InPlace: []int{0},
	Attrs: []AttrSpec{{Name: "function", Kind: String, Required: true}, {Name: "alpha", Kind: Float}},
	Infer: func(n *Node) error {
		if unaryByName(n.Attrs.String("function", "")) == nil {
			return fmt.Errorf("function %q: %w", n.Attrs.String("function", ""), ErrUnsupported)
		}
		return inferSame(n)
	},
	Prepare: prepareFunction,
	Quant:   Quantization{Kind: OwnRange},
})

// unaryFunction is one function in the element types that it has.
type unaryFunction struct {
	name   string
	f32    func(x, alpha float32) float32
	kernel func(*kernels.Set) func(*abi.UnaryF32) // of f32; nil: none
	i64    func(int64) int64
	table  func(*Node) (*[256]int8, error)            // int8 where it is not made from f32
	codes  func(*Prepare, tensor.DType) (Step, error) // int8 and int16, for functions that have both
}

func plain(f func(float32) float32) func(x, _ float32) float32 {
	return func(x, _ float32) float32 { return f(x) }
}

var unaryFunctions = []unaryFunction{
	{name: "abs", f32: plain(func(x float32) float32 { return float32(math.Abs(float64(x))) }), i64: func(x int64) int64 { return max(x, -x) }, codes: prepareAbs},
	{name: "neg", f32: plain(func(x float32) float32 { return -x }), i64: func(x int64) int64 { return -x }},
	{name: "sign", f32: plain(signF32), i64: func(x int64) int64 { return min(max(x, -1), 1) }},
	{name: "square", f32: plain(func(x float32) float32 { return x * x }), i64: func(x int64) int64 { return x * x }},
	{name: "sqrt", f32: plain(fixed.SqrtF32)},
	{name: "rsqrt", f32: plain(fixed.RsqrtF32), table: rsqrtTable},
	{name: "reciprocal", f32: plain(func(x float32) float32 { return 1 / x })},
	{name: "exp", f32: plain(fixed.ExpF32)},
	{name: "log", f32: plain(fixed.LogF32)},
	{name: "floor", f32: plain(func(x float32) float32 { return float32(math.Floor(float64(x))) })},
	{name: "ceil", f32: plain(func(x float32) float32 { return float32(math.Ceil(float64(x))) })},
	{name: "round", f32: plain(fixed.RoundEvenF32)},
	{name: "elu", f32: fixed.EluF32, table: eluTable},
	{name: "gelu", f32: plain(fixed.GeluF32), kernel: func(s *kernels.Set) func(*abi.UnaryF32) { return s.GeluF32 }, table: geluTable},
	{name: "geluTanh", f32: plain(fixed.GeluTanhF32)},
	{name: "erf", f32: plain(fixed.ErfF32)},
	{name: "softplus", f32: plain(fixed.SoftplusF32)},
	{name: "softsign", f32: plain(func(x float32) float32 { return x / (1 + float32(math.Abs(float64(x)))) })},
	{name: "mish", f32: plain(fixed.MishF32)},
	{name: "sin", f32: plain(fixed.SinF32)},
	{name: "cos", f32: plain(fixed.CosF32)},
	{name: "tan", f32: plain(fixed.TanF32)},
	{name: "asin", f32: plain(fixed.AsinF32)},
	{name: "acos", f32: plain(fixed.AcosF32)},
	{name: "atan", f32: plain(fixed.AtanF32)},
	{name: "sinh", f32: plain(fixed.SinhF32)},
	{name: "cosh", f32: plain(fixed.CoshF32)},
	{name: "asinh", f32: plain(fixed.AsinhF32)},
	{name: "acosh", f32: plain(fixed.AcoshF32)},
	{name: "atanh", f32: plain(fixed.AtanhF32)},
	{name: "celu", f32: celuF32},
	{name: "thresholdedRelu", f32: thresholdedReluF32},
	{name: "not"},
}

func unaryByName(name string) *unaryFunction {
	for i := range unaryFunctions {
		if unaryFunctions[i].name == name {
			return &unaryFunctions[i]
		}
	}
	return nil
}

func signF32(x float32) float32 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x + 0 // ±0 is +0, NaN stays
}

// celuF32 is x, or alpha·(e^(x/alpha) − 1) where x < 0.
func celuF32(x, alpha float32) float32 {
	if x < 0 {
		return fixed.EluF32(x/alpha, alpha)
	}
	return x
}

// thresholdedReluF32 is x where it is above alpha, else 0.
func thresholdedReluF32(x, alpha float32) float32 {
	if x > alpha {
		return x
	}
	return 0
}

func prepareFunction(p *Prepare) (Step, error) {
	f := unaryByName(p.Attrs.String("function", ""))
	x, y := &p.In[0], &p.Out[0]
	alpha := p.Attrs.Float("alpha", 1)
	switch d := x.DType; {
	case d == tensor.Float32 && f.kernel != nil:
		return &unaryStep{x.Slot, y.Slot, alpha, 0, f.kernel(p.Kernels), p.Kernels.Name}, nil
	case d == tensor.Float32 && f.f32 != nil:
		return &eachStep{x.Slot, y.Slot, eachOf(func(v float32) float32 { return f.f32(v, alpha) })}, nil
	case (d == tensor.Int8 || d == tensor.Int16) && f.codes != nil:
		return f.codes(p, d)
	case d == tensor.Int8 && f.f32 != nil:
		table := f.table
		if table == nil {
			table = func(n *Node) (*[256]int8, error) {
				return realTable(n, func(v float32) float32 { return f.f32(v, alpha) })
			}
		}
		t, err := table(p.Node)
		if err != nil {
			return nil, err
		}
		return newLut(p, t), nil
	case d == tensor.Int32 && f.i64 != nil:
		return &eachStep{x.Slot, y.Slot, eachOf(func(v int32) int32 { return int32(f.i64(int64(v))) })}, nil
	case d == tensor.Int64 && f.i64 != nil:
		return &eachStep{x.Slot, y.Slot, eachOf(f.i64)}, nil
	case d == tensor.Bool && f.name == "not":
		return &eachStep{x.Slot, y.Slot, eachOf(func(v uint8) uint8 { return v ^ 1 })}, nil
	}
	return nil, fmt.Errorf("%s of %v: %w", f.name, x.DType, ErrUnsupported)
}

// eachStep applies a function to every element.
type eachStep struct {
	x, y int
	run  func(x, y tensor.Buffer, first, n int)
}

func eachOf[T uint8 | int32 | int64 | float32](f func(T) T) func(x, y tensor.Buffer, first, n int) {
	return func(x, y tensor.Buffer, first, n int) {
		from, to := tensor.View[T](x)[first:first+n], tensor.View[T](y)[first:first+n]
		for i, v := range from {
			to[i] = f(v)
		}
	}
}

func (s *eachStep) Info() Info         { return Info{Kernel: "portable"} }
func (s *eachStep) Tasks(f *Frame) int { return chunks(f.Shape[s.x].Elements()) }
func (s *eachStep) Run(f *Frame, _ *Worker, task int) {
	first, n := chunk(task, f.Shape[s.x].Elements())
	s.run(f.Buf[s.x], f.Buf[s.y], first, n)
}

// realTable gives for each code of x the code nearest to f of its real. Reals past every code saturate, NaN is the zero
// point. Source: TFLite ELU, PopulateLookupTable.
func realTable(n *Node, f func(float32) float32) (*[256]int8, error) {
	sx, sy, zx, zy, err := unaryS8(n)
	if err != nil {
		return nil, err
	}
	inverse := 1 / sy
	return codeTable(zx, func(v int32) int32 {
		r := fixed.Round32(float32(f(float32(sx*float32(v))) * inverse))
		if r != r {
			r = 0
		}
		return int32(fixed.ClampF32(r, -512, 512)) + zy
	}), nil
}

// eluTable is TFLite Micro's: e^x is rounded to float32 before 1 is taken off.
func eluTable(n *Node) (*[256]int8, error) {
	alpha := n.Attrs.Float("alpha", 1)
	return realTable(n, func(x float32) float32 {
		if x < 0 {
			return float32(alpha * (float32(fixed.ExpF64(float64(x))) - 1))
		}
		return x
	})
}

// geluTable is made from float64, as codes were before the float32 function had kernels.
func geluTable(n *Node) (*[256]int8, error) {
	return realTable(n, func(x float32) float32 { return float32(fixed.GeluF64(float64(x))) })
}

// prepareAbs makes the step of codes of type d: y = clamp(MBQM(|x − zx|) + zy), which equal scales do not change.
func prepareAbs(p *Prepare, d tensor.DType) (Step, error) {
	sx, sy, zx, zy, err := unaryCodes(p.Node, d)
	if err != nil {
		return nil, err
	}
	m, e := fixed.Quantize(float64(sx / sy))
	if e > 31 {
		return nil, scaleError(sx, sy)
	}
	return newCodes(p, zx, func(v int32) int32 { return addSat(fixed.MBQM(max(v, -v), m, e), zy) }), nil
}

func rsqrtTable(n *Node) (*[256]int8, error) {
	sx, sy, zx, zy, err := unaryS8(n)
	if err != nil {
		return nil, err
	}
	m, e := fixed.Quantize(1 / float64(float32(fixed.SqrtF32(sx)*sy)))
	const bits = 20 // of 1/√v behind the point
	if e-bits > 31 || e-bits < -31 {
		return nil, fmt.Errorf("input scale %g and output scale %g are too small or too large: %w", sx, sy, ErrUnsupported)
	}
	return codeTable(zx, func(v int32) int32 {
		if v <= 0 {
			return 127
		}
		root, exp := fixed.InvSqrt(v)
		return fixed.MBQM(fixed.MBQM(1, root, exp+bits), m, e-bits) + zy
	}), nil
}
