package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// Conv2D is y[n,p,o] = clamp(bias[o] + Σ_kh,kw,c x[n, p·stride − pad + k·dilation, c]·w[o,kh,kw,c]).
//
// x: [N,H,W,C], w: constant [O,KH,KW,C/groups], bias: constant [O] or absent. Output channel o of group g reads input
// channels g·C/groups … A padded tap counts as zero: in int8 it reads the zero point, in float32 it takes part in the
// defined order as fma(+0, w, acc).
// int8: TFLite's CONV_2D, int32 accumulators, one multiplier per channel; weights may have zero points. With attribute
// unsigned codes are those of TFLite's uint8 CONV_2D less 128: a product of two scales is rounded to float32. int16 with int8 weights: the same with int64
// accumulators, or int32 ones where the bias is int32.
var Conv2D = register(Def{
	Code: 1, Name: "Conv2D", MinIn: 2, MaxIn: 3, Outs: 1,
	Attrs: append([]AttrSpec{{Name: "strides", Kind: Ints}, {Name: "pads", Kind: Ints}, {Name: "dilations", Kind: Ints},
		{Name: "groups", Kind: Int}, {Name: "unsigned", Kind: Int}}, clampAttrs...),
	Infer:   inferConv2D,
	Prepare: prepareConv2D,
	Quant:   Quantization{Kind: OwnRange, Weight: 1, Bias: 2},
	MACs: func(n *Node) int {
		w := &n.In[1].Shape
		return n.Out[0].Shape.Elements() * w.Dim[1] * w.Dim[2] * w.Dim[3]
	},
})

func convWindow(n *Node) (window, int, error) {
	x, w := &n.In[0], &n.In[1]
	groups := n.Attrs.Int("groups", 1)
	if w.Shape.Rank != 4 {
		return window{}, 0, fmt.Errorf("weights have shape %v, want [O,KH,KW,I]", w.Shape)
	}
	win, err := parseWindow(n.Attrs, x.Shape, [2]int{w.Shape.Dim[1], w.Shape.Dim[2]}, false)
	if err != nil {
		return win, 0, err
	}
	o, depth := w.Shape.Dim[0], w.Shape.Dim[3]
	if groups < 1 || o == 0 || depth == 0 || o%groups != 0 || depth*groups != win.channels {
		return win, 0, fmt.Errorf("weights %v with %d groups do not fit %d input channels", w.Shape, groups, win.channels)
	}
	return win, groups, nil
}

func inferConv2D(n *Node) error {
	win, _, err := convWindow(n)
	if err != nil {
		return err
	}
	if b := optional(n, 2); b != nil && b.Shape.Elements() != n.In[1].Shape.Dim[0] {
		return fmt.Errorf("bias has shape %v, want [%d]", b.Shape, n.In[1].Shape.Dim[0])
	}
	n.Out[0].DType = n.In[0].DType
	n.Out[0].Shape = tensor.MakeShape(n.In[0].Shape.Dim[0], win.out[0], win.out[1], n.In[1].Shape.Dim[0])
	return nil
}

// gemmStep runs one matrix product per group over pictures, or over the rows of a plain matrix.
type gemmStep struct {
	groups   []groupGemm
	x        int
	picture  int // elements of x per picture
	pixels   int // output pixels per picture
	yStride  int // output channels
	colTasks int
	blocks   int
	rows     bool // rows are the picture's pixels: a plain matrix whose first extents vary
}

type groupGemm interface {
	run(f *Frame, w *Worker, b *block, rows, grp, groups, xShift, yRow, yCol, yStride int)
	base() *gemm
}

func (g *gemm) base() *gemm { return g }

func prepareConv2D(p *Prepare) (Step, error) {
	win, groups, err := convWindow(p.Node)
	if err != nil {
		return nil, err
	}
	x, w := &p.In[0], &p.In[1]
	if w.Const == nil {
		return nil, fmt.Errorf("weights are not constant: %w", ErrUnsupported)
	}
	channels, depth := w.Shape.Dim[0], w.Shape.Dim[3]
	switch x.DType {
	case tensor.Float32:
		bias, err := biasF32(optional(p.Node, 2), channels)
		if err != nil {
			return nil, err
		}
		return convStepF32(p, win, groups, w.Const.Data.F32(), bias), nil
	case tensor.Int8:
		params, err := convS8(p)
		if err != nil {
			return nil, err
		}
		params.taps, params.k = win.taps(), depth
		return convStepS8(p, win, groups, params, weightParts(w)), nil
	case tensor.Int16:
		params, err := convS16(p)
		if err != nil {
			return nil, err
		}
		params.w, params.taps, params.k = w.Const.Data.I8(), win.taps(), depth
		return convStepS16(p, win, groups, params)
	}
	return nil, fmt.Errorf("element type %v: %w", x.DType, ErrUnsupported)
}

// isDepthwise reports whether every output channel reads one input channel of its own.
func isDepthwise(win window, groups, outputs int) bool {
	return groups > 1 && groups == win.channels && groups == outputs
}

func newConvStep(p *Prepare, win window, outputs int) *gemmStep {
	return &gemmStep{x: p.In[0].Slot, picture: win.in[0] * win.in[1] * win.channels, pixels: win.pixels(), yStride: outputs}
}

// convStepF32 chooses the form of a float32 convolution.
func convStepF32(p *Prepare, win window, groups int, w, bias []float32) Step {
	switch {
	case isDepthwise(win, groups, len(bias)):
		return newDepthwiseF32(p, win, w, bias)
	case groups == 1 && worthStrip(win):
		return newStripF32(p, win, w, bias)
	}
	s := newConvStep(p, win, len(bias))
	per, depth := len(bias)/groups, win.channels/groups
	kk := win.taps() * depth
	for g := range groups {
		s.groups = append(s.groups, newGemmF32(p.Kernels, w[g*per*kk:(g+1)*per*kk], bias[g*per:(g+1)*per], win.taps(), depth,
			p.Attrs, groupRows(win, g*depth), p.In[0].Slot, p.Out[0].Slot))
	}
	s.split()
	return s
}

// convStepS8 chooses the form of an int8 convolution whose weights are the sum of parts.
func convStepS8(p *Prepare, win window, groups int, all *gemmS8Params, parts [][]int8) Step {
	all.w = parts[0]
	switch {
	case len(parts) > 1:
	case isDepthwise(win, groups, len(all.bias)):
		return newDepthwiseS8(p, win, all)
	case groups == 1 && worthStrip(win):
		return newStripS8(p, win, all)
	}
	s := newConvStep(p, win, len(all.bias))
	w := stack(parts, len(all.bias))
	per, kk := len(all.bias)/groups, len(parts)*all.taps*all.k
	for g := range groups {
		c0, c1 := g*per, (g+1)*per
		q := all.channelRange(c0, c1)
		q.w, q.buildRows = w[c0*kk:c1*kk], repeatTaps(groupRows(win, g*all.k), all.taps, len(parts))
		q.taps *= len(parts)
		s.groups = append(s.groups, newGemmS8(p.Kernels, q))
	}
	s.split()
	return s
}

// groupRows builds the window's indirection with every tap moved by the group's first channel.
func groupRows(win window, channel int) func(mr int) indirection {
	return func(mr int) indirection {
		ind := win.indirect(mr)
		for _, t := range ind.tables {
			for i, off := range t {
				if off >= 0 {
					t[i] = off + int32(channel)
				}
			}
		}
		return ind
	}
}

// split chooses how many tasks the columns give.
func (s *gemmStep) split() {
	g := s.groups[0].base()
	s.blocks = len(g.ind.blocks)
	s.colTasks = g.colGroups(s.blocks)
}

func (s *gemmStep) Info() Info {
	var in Info
	for _, g := range s.groups {
		i := g.base().info()
		in.Kernel = i.Kernel
		in.PackedBytes += i.PackedBytes
	}
	return in
}

func (s *gemmStep) Tasks(f *Frame) int {
	if s.rows {
		rows := f.Shape[s.x].Elements() / s.picture
		return (rows + blockPixels - 1) / blockPixels * s.colTasks
	}
	return f.Shape[s.x].Dim[0] * len(s.groups) * s.blocks * s.colTasks
}

func (s *gemmStep) Run(f *Frame, w *Worker, task int) {
	col, task := task%s.colTasks, task/s.colTasks
	if s.rows {
		g := s.groups[0]
		b := &g.base().ind.blocks[task]
		rows := f.Shape[s.x].Elements() / s.picture
		g.run(f, w, b, min(b.rows, rows-b.first), col, s.colTasks, 0, 0, 0, s.yStride)
		return
	}
	blk, task := task%s.blocks, task/s.blocks
	group, picture := task%len(s.groups), task/len(s.groups)
	g := s.groups[group]
	b := &g.base().ind.blocks[blk]
	g.run(f, w, b, b.rows, col, s.colTasks, picture*s.picture, picture*s.pixels, group*g.base().cols, s.yStride)
}
