package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// TransposeConv2D is y[n,p,o] = clamp(bias[o] + Σ x[n,q,c]·w[o,kh,kw,c]) over all q and taps with
// q·stride − pad + k·dilation = p: a convolution whose strides part outputs instead of inputs.
//
// x: [N,H,W,C], w: constant [O,KH,KW,C/groups], bias: constant [O] or absent. An extent of y is (H−1)·stride +
// (KH−1)·dilation + 1 − pads + outputPadding. Output channel o of group g reads input channels g·C/groups …
//
// Outputs whose places are equal modulo the strides form a phase: they see the same taps of the weights, so each phase
// is an ordinary convolution by those taps, in ascending order. float32: a tap of the phase that lies outside the
// picture takes part as fma(+0, w, acc); a phase without taps adds one zero to the bias.
// int8: TFLite's TRANSPOSE_CONV, int32 accumulators, one multiplier per channel. Zero points of weights, attribute
// unsigned, and int16: as Conv2D.
var TransposeConv2D = register(Def{
	Code: 32, Name: "TransposeConv2D", MinIn: 2, MaxIn: 3, Outs: 1,
	Attrs: append([]AttrSpec{{Name: "strides", Kind: Ints}, {Name: "pads", Kind: Ints}, {Name: "dilations", Kind: Ints},
		{Name: "outputPadding", Kind: Ints}, {Name: "groups", Kind: Int}, {Name: "unsigned", Kind: Int}}, clampAttrs...),
	Infer: func(n *Node) error {
		win, _, err := transposeConvWindow(n)
		if err != nil {
			return err
		}
		if b := optional(n, 2); b != nil && b.Shape.Elements() != n.In[1].Shape.Dim[0] {
			return fmt.Errorf("bias has shape %v, want [%d]", b.Shape, n.In[1].Shape.Dim[0])
		}
		n.Out[0].DType = n.In[0].DType
		n.Out[0].Shape = tensor.MakeShape(n.In[0].Shape.Dim[0], win.out[0], win.out[1], n.In[1].Shape.Dim[0])
		return nil
	},
	Prepare: prepareTransposeConv2D,
	Quant:   Quantization{Kind: OwnRange, Weight: 1, Bias: 2},
	MACs: func(n *Node) int {
		w := &n.In[1].Shape
		return n.In[0].Shape.Elements() / max(1, n.In[0].Shape.Dim[3]) * w.Elements()
	},
})

// maxPhases bounds the products that a step is made of; networks have 4, rarely 64.
const maxPhases = 1 << 12

// transposeConvWindow reads the geometry: in and out as they are, the rest as in the convolution that would lead back.
func transposeConvWindow(n *Node) (window, int, error) {
	x, w := &n.In[0].Shape, &n.In[1].Shape
	win := window{stride: [2]int{1, 1}, dilation: [2]int{1, 1}}
	if x.Rank != 4 || w.Rank != 4 {
		return win, 0, fmt.Errorf("input %v and weights %v, want [N,H,W,C] and [O,KH,KW,I]", *x, *w)
	}
	var extra [2]int
	for _, err := range [...]error{readInts(n.Attrs, "strides", win.stride[:], 1), readInts(n.Attrs, "dilations", win.dilation[:], 1),
		readInts(n.Attrs, "pads", win.pad[:], 0), readInts(n.Attrs, "outputPadding", extra[:], 0)} {
		if err != nil {
			return win, 0, err
		}
	}
	if win.stride[0]*win.stride[1] > maxPhases {
		return win, 0, fmt.Errorf("strides %v, their product over %d: %w", win.stride, maxPhases, ErrUnsupported)
	}
	win.channels = x.Dim[3]
	for i := range 2 {
		win.in[i], win.kernel[i] = x.Dim[1+i], w.Dim[1+i]
		if win.in[i] < 1 || win.kernel[i] < 1 || win.kernel[i] > 1<<16 {
			return win, 0, fmt.Errorf("input %v and kernel %v, want extents of 1 and more", *x, win.kernel)
		}
		win.out[i] = (win.in[i]-1)*win.stride[i] + (win.kernel[i]-1)*win.dilation[i] + 1 - win.pad[i] - win.pad[i+2] + extra[i]
		if win.out[i] < 1 || win.out[i] > tensor.MaxDim {
			return win, 0, fmt.Errorf("pads %v leave %d of input %v", win.pad, win.out[i], *x)
		}
	}
	groups, depth := n.Attrs.Int("groups", 1), w.Dim[3]
	if groups < 1 || w.Dim[0] == 0 || depth == 0 || w.Dim[0]%groups != 0 || depth*groups != win.channels {
		return win, 0, fmt.Errorf("weights %v with %d groups do not fit %d input channels", *w, groups, win.channels)
	}
	return win, groups, nil
}

// transposeConvStep multiplies the rows of one phase and group at a time.
type transposeConvStep struct {
	x        int
	win      window
	channels int // of the output
	parts    []phasePart
	jobs     []phaseJob // of one picture
	tasks    []int      // where each task of a picture begins in jobs, and their number
}

// phasePart is the product of one phase and group.
type phasePart struct {
	gemm    groupGemm
	channel int // first output channel
}

// phaseJob is one output row of a phase: a block of the part's indirection.
type phaseJob struct{ part, block int }

func prepareTransposeConv2D(p *Prepare) (Step, error) {
	win, groups, err := transposeConvWindow(p.Node)
	if err != nil {
		return nil, err
	}
	x, w, y := &p.In[0], &p.In[1], &p.Out[0]
	if w.Const == nil {
		return nil, fmt.Errorf("weights are not constant: %w", ErrUnsupported)
	}
	s := &transposeConvStep{x: x.Slot, win: win, channels: w.Shape.Dim[0]}
	per, depth := w.Shape.Dim[0]/groups, w.Shape.Dim[3]
	add := func(group int, g groupGemm) {
		for b := range g.base().ind.blocks {
			s.jobs = append(s.jobs, phaseJob{len(s.parts), b})
		}
		s.parts = append(s.parts, phasePart{g, group * per})
	}
	switch x.DType {
	case tensor.Float32:
		bias, err := biasF32(optional(p.Node, 2), s.channels)
		if err != nil {
			return nil, err
		}
		for _, ph := range phases(&win) {
			weights := phaseWeights(w.Const.Data.F32(), &win, &ph, s.channels, depth)
			n := per * ph.taps() * depth
			for g := range groups {
				add(g, newGemmF32(p.Kernels, weights[g*n:(g+1)*n], bias[g*per:(g+1)*per], ph.taps(), depth, p.Attrs,
					func(mr int) indirection { return ph.indirect(&win, g*depth, mr) }, x.Slot, y.Slot))
			}
		}
	case tensor.Int8:
		c, err := convS8(p)
		if err != nil {
			return nil, err
		}
		parts := weightParts(w)
		for _, ph := range phases(&win) {
			var phased [][]int8
			for _, part := range parts {
				phased = append(phased, phaseWeights(part, &win, &ph, s.channels, depth))
			}
			weights, taps := stack(phased, s.channels), len(parts)*ph.taps()
			n := per * taps * depth
			for g := range groups {
				params := c.channelRange(g*per, (g+1)*per)
				params.w, params.taps, params.k = weights[g*n:(g+1)*n], taps, depth
				params.buildRows = repeatTaps(func(mr int) indirection { return ph.indirect(&win, g*depth, mr) }, ph.taps(), len(parts))
				add(g, newGemmS8(p.Kernels, params))
			}
		}
	case tensor.Int16:
		c, err := convS16(p)
		if err != nil {
			return nil, err
		}
		for _, ph := range phases(&win) {
			weights := phaseWeights(w.Const.Data.I8(), &win, &ph, s.channels, depth)
			n := per * ph.taps() * depth
			for g := range groups {
				params := c.channelRange(g*per, (g+1)*per)
				params.w, params.taps, params.k = weights[g*n:(g+1)*n], ph.taps(), depth
				params.buildRows = func(mr int) indirection { return ph.indirect(&win, g*depth, mr) }
				m, err := newGemmS16(p.Kernels, params)
				if err != nil {
					return nil, err
				}
				add(g, m)
			}
		}
	default:
		return nil, fmt.Errorf("element type %v: %w", x.DType, ErrUnsupported)
	}
	s.split()
	return s, nil
}

// split gathers neighbouring jobs until they are worth a task.
func (s *transposeConvStep) split() {
	macs := taskMACs
	for i, j := range s.jobs {
		if macs >= taskMACs {
			s.tasks, macs = append(s.tasks, i), 0
		}
		g := s.parts[j.part].gemm.base()
		macs += g.ind.blocks[j.block].rows * g.taps * g.k * g.cols
	}
	s.tasks = append(s.tasks, len(s.jobs))
}

func (s *transposeConvStep) Info() Info {
	var in Info
	for _, p := range s.parts {
		i := p.gemm.base().info()
		in.Kernel = i.Kernel
		in.PackedBytes += i.PackedBytes
	}
	return in
}

func (s *transposeConvStep) Tasks(f *Frame) int { return f.Shape[s.x].Dim[0] * (len(s.tasks) - 1) }

func (s *transposeConvStep) Run(f *Frame, w *Worker, task int) {
	picture, task := task/(len(s.tasks)-1), task%(len(s.tasks)-1)
	from := picture * s.win.in[0] * s.win.in[1] * s.win.channels
	for _, j := range s.jobs[s.tasks[task]:s.tasks[task+1]] {
		p := &s.parts[j.part]
		b := &p.gemm.base().ind.blocks[j.block]
		// The row's pixels lie a stride apart, so its place is counted in elements, as a column.
		to := (picture*s.win.pixels()+b.first)*s.channels + p.channel
		p.gemm.run(f, w, b, b.rows, 0, 1, from, -b.first, to, s.win.stride[1]*s.channels)
	}
}
