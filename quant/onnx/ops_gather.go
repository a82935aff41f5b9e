package onnx

import (
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

func importGather(c *call) {
	c.inputs(2, 2)
	x, at := c.input(0), c.typed(1, tensor.Int32, tensor.Int64)
	c.set(0, c.emit(op.Gather, "", op.Attrs{op.IntAttr("axis", c.axis(c.int("axis", 0), x.Shape.Rank))}, x, at))
}

func importTile(c *call) {
	if c.opset < 6 {
		c.unsupported("tiles and axis")
		return
	}
	c.inputs(2, 2)
	x := c.input(0)
	repeats := c.constInts(1, "repeats")
	if c.err == nil && len(repeats) != x.Shape.Rank {
		c.fail("repeats %v for shape %v", repeats, x.Shape)
	}
	c.set(0, c.emit(op.Tile, "", op.Attrs{op.IntsAttr("repeats", repeats...)}, x))
}

// importExpand repeats the axes of extent 1 that the shape makes larger.
func importExpand(c *call) {
	c.inputs(2, 2)
	x := c.input(0)
	shape := c.constInts(1, "shape")
	if c.err == nil && len(shape) > tensor.MaxRank {
		c.unsupported("%d dimensions", len(shape))
	}
	if c.err != nil {
		return
	}
	rank := max(x.Shape.Rank, len(shape))
	repeats := make([]int, rank)
	for i := 1; i <= rank; i++ {
		d, want := 1, 1
		if i <= x.Shape.Rank {
			d = x.Shape.Dim[x.Shape.Rank-i]
		}
		if i <= len(shape) {
			want = shape[len(shape)-i]
		}
		if want < 0 || d != 1 && want != 1 && want != d {
			c.fail("shape %v does not broadcast with %v", shape, x.Shape)
			return
		}
		repeats[rank-i] = 1
		if d == 1 {
			repeats[rank-i] = want
		}
	}
	c.set(0, c.emit(op.Tile, "", op.Attrs{op.IntsAttr("repeats", repeats...)}, x))
}

func importDepthToSpace(c *call) {
	crd := 0
	if c.opset >= 11 {
		switch mode := c.string("mode", "DCR"); mode {
		case "DCR":
		case "CRD":
			crd = 1
		default:
			c.fail("mode %s", quote(mode))
		}
	}
	importBlocks(c, op.DepthToSpace, op.IntAttr("crd", crd))
}

func importSpaceToDepth(c *call) { importBlocks(c, op.SpaceToDepth) }

func importBlocks(c *call, def *op.Def, more ...op.Attr) {
	c.inputs(1, 1)
	x := c.input(0)
	attrs := append(op.Attrs{op.IntAttr("block", c.int("blocksize", 0))}, more...)
	if c.err == nil && x.Shape.Rank != 4 {
		c.fail("input has shape %v, want [N,C,H,W]", x.Shape)
	}
	c.set(0, c.nchw(c.emit(def, "", attrs, c.nhwc(x)), 4))
}
