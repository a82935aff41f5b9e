package tflite

import (
	"slices"

	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

func importGather(c *call) {
	c.inputs(2, 2)
	x, at := c.input(0), c.input(1)
	if c.err != nil {
		return
	}
	attrs := op.Attrs{op.IntAttr("axis", c.axis(int(c.options.int32(0, 0)), x.Shape.Rank))}
	if batch := int(c.options.int32(1, 0)); batch != 0 {
		attrs = append(attrs, op.IntAttr("batchDims", c.axis(batch, at.Shape.Rank+1)))
	}
	c.set(0, c.move(op.Gather, "", attrs, x, at))
}

// importEmbeddingLookup picks rows of a table, which float networks may store in int8.
func importEmbeddingLookup(c *call) {
	c.inputs(2, 2)
	at, table, want := c.input(0), c.input(1), c.output(0)
	if want.DType == tensor.Float32 && table.DType != tensor.Float32 {
		table = c.dequantized(table)
	}
	c.set(0, c.move(op.Gather, "", op.Attrs{op.IntAttr("axis", 0)}, table, at))
}

func importTile(c *call) {
	c.inputs(2, 2)
	c.set(0, c.move(op.Tile, "", op.Attrs{op.IntsAttr("repeats", c.ints(1, "multiples")...)}, c.input(0)))
}

// importBroadcastTo repeats along the axes of extent 1.
func importBroadcastTo(c *call) {
	c.inputs(2, 2)
	x, repeats := c.input(0), slices.Clone(c.ints(1, "shape"))
	if c.err == nil && len(repeats) < x.Shape.Rank {
		c.fail("shape %v for an input of %v", repeats, x.Shape)
	}
	if c.err != nil {
		return
	}
	for i, d := range x.Shape.Dims() {
		k := len(repeats) - x.Shape.Rank + i
		switch {
		case d == repeats[k]:
			repeats[k] = 1
		case d != 1:
			c.fail("shape %v has another axis %d than %v", c.ints(1, "shape"), k, x.Shape)
			return
		}
	}
	c.set(0, c.move(op.Tile, "", op.Attrs{op.IntsAttr("repeats", repeats...)}, x))
}

// importReverseV2 goes backwards along the axes of input 1.
func importReverseV2(c *call) {
	c.inputs(2, 2)
	x, axes := c.input(0), c.ints(1, "axes")
	if c.err != nil {
		return
	}
	starts, ends, steps := make([]int, x.Shape.Rank), slices.Clone(x.Shape.Dims()), make([]int, x.Shape.Rank)
	for i := range steps {
		steps[i] = 1
	}
	for _, a := range axes {
		k := c.axis(a, x.Shape.Rank)
		if c.err != nil {
			return
		}
		d := x.Shape.Dim[k]
		starts[k], ends[k], steps[k] = d-1, -d-1, -1
	}
	c.set(0, c.slice(x, "", starts, ends, steps))
}

func importSpaceToDepth(c *call) {
	c.inputs(1, 1)
	c.set(0, c.move(op.SpaceToDepth, "", op.Attrs{op.IntAttr("block", int(c.options.int32(0, 0)))}, c.picture(0)))
}

func importDepthToSpace(c *call) {
	c.inputs(1, 1)
	c.set(0, c.move(op.DepthToSpace, "", op.Attrs{op.IntAttr("block", int(c.options.int32(0, 0)))}, c.picture(0)))
}

// blocks returns the block sizes of input 1 and the borders of input 2, two for each block, of an operator that moves
// blocks between the first axis and those that follow it.
func (c *call) blocks() (sizes, borders []int) {
	c.inputs(3, 3)
	x := c.input(0)
	sizes, borders = c.ints(1, "block shape"), c.ints(2, "borders")
	if c.err == nil && (len(sizes) >= x.Shape.Rank || len(borders) != 2*len(sizes)) {
		c.fail("blocks %v with borders %v for shape %v", sizes, borders, x.Shape)
	}
	for _, b := range sizes {
		if b < 1 || b > tensor.MaxDim {
			c.fail("blocks %v", sizes)
		}
	}
	for _, b := range borders {
		if b < 0 || b > tensor.MaxDim {
			c.fail("borders %v", borders)
		}
	}
	if c.err == nil && (x.Shape.Rank+len(sizes) > tensor.MaxRank || x.Shape.Elements() == 0) {
		c.unsupported("%d blocks of shape %v", len(sizes), x.Shape)
	}
	return sizes, borders
}

// importSpaceToBatchND pads, then deals the positions within a block out to the batch. Padding has code 0, whatever the
// zero point, as in TFLite Micro; uint8, which only TFLite has, is padded with the zero point as there.
func importSpaceToBatchND(c *call) {
	sizes, borders := c.blocks()
	x := c.input(0)
	if c.err != nil {
		return
	}
	rank := x.Shape.Rank
	pads := make([]int, 2*rank)
	for i := range sizes {
		pads[1+i], pads[rank+1+i] = borders[2*i], borders[2*i+1]
	}
	if slices.Max(pads) > 0 {
		attrs := op.Attrs{op.IntsAttr("pads", pads...)}
		code := int32(0)
		if c.legacy(0) {
			code = x.Quant.Zero[0]
		}
		if v := codeValue(x, code); v != 0 {
			attrs = append(attrs, op.FloatAttr("value", v))
		}
		x = c.move(op.Pad, "/pad", attrs, x)
	}
	if c.err != nil {
		return
	}
	apart, perm, out := []int{x.Shape.Dim[0]}, []int{0}, []int{x.Shape.Dim[0]}
	for i, b := range sizes {
		d := x.Shape.Dim[1+i]
		if d%b != 0 {
			c.fail("blocks %v of padded shape %v", sizes, x.Shape)
			return
		}
		apart = append(apart, d/b, b)
		perm = append(perm, 1+2*i)
		perm = slices.Insert(perm, i, 2+2*i)
		out[0] *= b
		out = append(out, d/b)
	}
	for i, d := range x.Shape.Dims()[1+len(sizes):] {
		apart, perm, out = append(apart, d), append(perm, 1+2*len(sizes)+i), append(out, d)
	}
	x = c.reshape(x, "/apart", apart...)
	x = c.move(op.Transpose, "/transpose", op.Attrs{op.IntsAttr("perm", perm...)}, x)
	c.set(0, c.reshape(x, "", out...))
}

// importBatchToSpaceND puts blocks together out of the batch, and crops.
func importBatchToSpaceND(c *call) {
	sizes, borders := c.blocks()
	x := c.input(0)
	if c.err != nil {
		return
	}
	m, n := len(sizes), x.Shape.Dim[0]
	for _, b := range sizes {
		if n%b != 0 {
			c.fail("blocks %v of shape %v", sizes, x.Shape)
			return
		}
		n /= b
	}
	apart, perm, out := append(slices.Clone(sizes), n), []int{m}, []int{n}
	starts, ends := make([]int, x.Shape.Rank), []int{n}
	for i, d := range x.Shape.Dims()[1:] {
		apart, perm = append(apart, d), append(perm, m+1+i)
		if i < m {
			perm = append(perm, i)
			d *= sizes[i]
			starts[1+i] = borders[2*i]
		}
		out = append(out, d)
		if i < m {
			d -= borders[2*i+1]
		}
		if ends = append(ends, d); starts[1+i] > d {
			c.fail("crops %v of %v", borders, out)
			return
		}
	}
	x = c.reshape(x, "/apart", apart...)
	x = c.move(op.Transpose, "/transpose", op.Attrs{op.IntsAttr("perm", perm...)}, x)
	x = c.reshape(x, "/together", out...)
	if !slices.Equal(ends, out) || slices.Max(starts) > 0 {
		x = c.slice(x, "", starts, ends, nil)
	}
	c.set(0, x)
}
