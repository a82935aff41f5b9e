package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// DepthToSpace turns x [N,H,W,B²·C] into [N,H·B,W·B,C] with B in attribute block: channel (i·B + j)·C + c of a pixel is
// channel c of the pixel in row i and column j of its block. With crd, as ONNX's mode CRD has it, it is channel
// (c·B + i)·B + j instead. Any element type of whole bytes. int8: TFLite's DEPTH_TO_SPACE.
var DepthToSpace = register(Def{
	Code: 58, Name: "DepthToSpace", MinIn: 1, MaxIn: 1, Outs: 1,
	Attrs: []AttrSpec{{Name: "block", Kind: Int, Required: true}, {Name: "crd", Kind: Int}},
	Quant: Quantization{Kind: SameRange},
	Infer: func(n *Node) error {
		x, b := n.In[0].Shape, n.Attrs.Int("block", 0)
		if x.Rank != 4 || b < 1 || b > 1<<11 || x.Dim[3]%(b*b) != 0 || x.Dim[1]*b > tensor.MaxDim || x.Dim[2]*b > tensor.MaxDim {
			return fmt.Errorf("block %d for shape %v, want [N,H,W,block²·C]", b, x)
		}
		n.Out[0].DType = n.In[0].DType
		n.Out[0].Shape = tensor.MakeShape(x.Dim[0], x.Dim[1]*b, x.Dim[2]*b, x.Dim[3]/(b*b))
		return nil
	},
	Prepare: func(p *Prepare) (Step, error) {
		b, crd := p.Attrs.Int("block", 1), p.Attrs.Int("crd", 0) != 0
		return newWalkStep(p, func(x, y *tensor.Shape) walk {
			pixel, c := x.Dim[3], y.Dim[3]
			row, col, channel := b*c, c, 1
			if crd {
				row, col, channel = b, 1, b*b
			}
			dim := [5]int{x.Dim[0] * x.Dim[1], b, x.Dim[2], b, c}
			stride := [5]int{x.Dim[2] * pixel, row, pixel, col, channel}
			return makeWalk(dim[:], stride[:], 0)
		})
	},
})

// SpaceToDepth turns x [N,H·B,W·B,C] into [N,H,W,B²·C] with B in attribute block: the pixels of a block follow each
// other row by row. int8: TFLite's SPACE_TO_DEPTH.
var SpaceToDepth = register(Def{
	Code: 59, Name: "SpaceToDepth", MinIn: 1, MaxIn: 1, Outs: 1,
	Attrs: []AttrSpec{{Name: "block", Kind: Int, Required: true}},
	Quant: Quantization{Kind: SameRange},
	Infer: func(n *Node) error {
		x, b := n.In[0].Shape, n.Attrs.Int("block", 0)
		if x.Rank != 4 || b < 1 || b > 1<<11 || x.Dim[1]%b != 0 || x.Dim[2]%b != 0 || x.Dim[3]*b*b > tensor.MaxDim {
			return fmt.Errorf("block %d for shape %v, want [N,H·block,W·block,C]", b, x)
		}
		n.Out[0].DType = n.In[0].DType
		n.Out[0].Shape = tensor.MakeShape(x.Dim[0], x.Dim[1]/b, x.Dim[2]/b, x.Dim[3]*b*b)
		return nil
	},
	Prepare: func(p *Prepare) (Step, error) {
		b := p.Attrs.Int("block", 1)
		return newWalkStep(p, func(x, y *tensor.Shape) walk {
			c, line := x.Dim[3], x.Dim[2]*x.Dim[3]
			dim := [4]int{y.Dim[0] * y.Dim[1], y.Dim[2], b, b * c}
			stride := [4]int{b * line, b * c, line, 1}
			return makeWalk(dim[:], stride[:], 0)
		})
	},
})
