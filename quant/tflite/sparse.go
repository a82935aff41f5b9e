package tflite

import (
	"encoding/binary"
	"errors"
	"fmt"

	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// sparseLevel is one level of the tree that a sparse tensor is stored as.
type sparseLevel struct {
	dim    int // of the tensor, or the block dimension at rank and on
	extent int
	// segments and indices list a sparse level's positions: those under node i of the level above are
	// indices[segments[i]:segments[i+1]]. A dense level, which has all positions, has none.
	sparse            bool
	segments, indices []int32
	stride            int // elements of the dense tensor that a step along this level moves
}

// densify returns the dense bytes of a sparse tensor, whose stored values are those at the leaves of the tree. Source:
// schema.fbs, SparsityParameters.
func (im *importer) densify(info *tensorInfo, shape tensor.Shape, raw []byte, stored tensor.DType) ([]byte, error) {
	size := stored.SizeBytes(1)
	if stored == tensor.Int4 {
		return nil, fmt.Errorf("sparse int4 %w", op.ErrUnsupported)
	}
	levels, err := sparseLevels(info.sparse, shape)
	if err == nil {
		err = im.r.err
	}
	if err != nil {
		return nil, fmt.Errorf("sparsity: %w", err)
	}
	if err := im.Grow(stored.SizeBytes(shape.Elements())); err != nil {
		return nil, err
	}
	w := &sparseWalk{levels: levels, values: raw, size: size, dense: make([]byte, shape.Elements()*size)}
	if err := w.visit(0, 0, 0); err != nil {
		return nil, fmt.Errorf("sparsity: %w", err)
	}
	if len(w.values) > 0 {
		return nil, fmt.Errorf("sparsity: %d bytes of values are left over", len(w.values))
	}
	return w.dense, nil
}

func sparseLevels(t table, shape tensor.Shape) ([]sparseLevel, error) {
	order, blocks, metadata := t.int32s(0, "traversal order"), t.int32s(1, "block map"), t.tables(2, "dimension metadata")
	rank := shape.Rank
	n := rank + len(blocks)
	if t.r.err != nil || len(blocks) > rank || len(order) != n || len(metadata) != n {
		return nil, fmt.Errorf("%d levels in an order of %d for shape %v in %d blocks", len(metadata), len(order), shape, len(blocks))
	}
	levels := make([]sparseLevel, n)
	block := make([]int, rank) // block sizes by dimension
	for i := range block {
		block[i] = 1
	}
	seen := 0
	for i := range levels {
		l := &levels[i]
		if order[i] < 0 || int(order[i]) >= n || seen>>order[i]&1 == 1 || (int(order[i]) < rank) != (i < rank) {
			return nil, fmt.Errorf("traversal order %v for %d dimensions and %d blocks", order, rank, len(blocks))
		}
		seen |= 1 << order[i]
		l.dim, l.extent, l.sparse = int(order[i]), int(metadata[i].int32(1, 0)), metadata[i].byte(0) == 1
		if l.sparse {
			l.segments, l.indices = sparseIndex(metadata[i], 2), sparseIndex(metadata[i], 4)
		}
		if l.dim >= rank {
			d := blocks[l.dim-rank]
			if d < 0 || int(d) >= rank || block[d] != 1 || l.sparse || l.extent < 1 || shape.Dim[d]%l.extent != 0 {
				return nil, fmt.Errorf("block of %d of dimension %d in shape %v", l.extent, d, shape)
			}
			block[d] = l.extent
		}
	}
	for i := range levels {
		l := &levels[i]
		d := l.dim
		l.stride = 1
		if l.dim >= rank {
			d = int(blocks[l.dim-rank])
		} else {
			extent := shape.Dim[d] / block[d]
			if !l.sparse && l.extent != extent {
				return nil, fmt.Errorf("dimension %d has %d positions, want %d", d, l.extent, extent)
			}
			l.extent, l.stride = extent, block[d]
		}
		for k := d + 1; k < rank; k++ {
			l.stride *= shape.Dim[k]
		}
	}
	return levels, nil
}

// sparseIndex reads the union at a field: a table with a vector of int32, uint16 or uint8.
func sparseIndex(t table, field int) []int32 {
	kind, v := t.byte(field), t.table(field+1, "sparse index")
	switch kind {
	case 1:
		return v.int32s(0, "sparse index")
	case 2:
		pos, n := v.vector(0, 2, "sparse index")
		out := make([]int32, n)
		for i := range out {
			out[i] = int32(binary.LittleEndian.Uint16(v.r.data[pos+2*i:]))
		}
		return out
	case 3:
		b := v.bytes(0, "sparse index")
		out := make([]int32, len(b))
		for i := range out {
			out[i] = int32(b[i])
		}
		return out
	}
	return nil
}

type sparseWalk struct {
	levels []sparseLevel
	values []byte // not placed yet
	size   int    // bytes of an element
	dense  []byte
}

var errSparse = errors.New("segments do not fit")

// visit places the values under node i of the level above, whose position in the dense tensor is at.
func (w *sparseWalk) visit(level, i, at int) error {
	if level == len(w.levels) {
		if len(w.values) < w.size {
			return errors.New("too few values")
		}
		copy(w.dense[at*w.size:(at+1)*w.size], w.values)
		w.values = w.values[w.size:]
		return nil
	}
	l := &w.levels[level]
	if !l.sparse {
		for k := range l.extent {
			if err := w.visit(level+1, i*l.extent+k, at+k*l.stride); err != nil {
				return err
			}
		}
		return nil
	}
	if i+1 >= len(l.segments) {
		return errSparse
	}
	first, last := int(l.segments[i]), int(l.segments[i+1])
	if first < 0 || last < first || last > len(l.indices) {
		return errSparse
	}
	before := int32(-1)
	for k := first; k < last; k++ {
		// Ascending positions are each placed once, which bounds the work.
		if l.indices[k] <= before || int(l.indices[k]) >= l.extent {
			return errSparse
		}
		before = l.indices[k]
		if err := w.visit(level+1, k, at+int(before)*l.stride); err != nil {
			return err
		}
	}
	return nil
}

// importDensify passes on a constant that was stored as a sparse one.
func importDensify(c *call) {
	c.inputs(1, 1)
	x := c.input(0)
	c.constant(0, "values")
	c.set(0, x)
}
