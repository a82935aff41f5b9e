package pass_test

import (
	"slices"
	"strings"
	"testing"

	"edgerun/quant/pass"
	"edgerun/rt/op"
)

// TestTakeParts: a part is a slice of the last axis only where the axes between keep their order.
func TestTakeParts(t *testing.T) {
	for _, c := range []struct {
		shape, perm []int
		taken       bool
	}{
		{[]int{2, 3, 2, 4}, []int{2, 0, 1, 3}, true},
		{[]int{1, 2, 3, 2, 4}, []int{3, 1, 2, 0, 4}, true},
		{[]int{2, 3, 4, 2}, []int{2, 0, 1, 3}, true}, // four parts of two
		{[]int{6, 2, 4}, []int{1, 0, 2}, true},
		{[]int{2, 3, 2, 4}, []int{2, 1, 0, 3}, false},
		{[]int{2, 3, 4, 2}, []int{3, 0, 1, 2}, false}, // every other element
		{[]int{2, 3, 2, 4}, []int{1, 0, 2, 3}, false},
	} {
		b := newBuilder(t)
		x := b.add(op.Reshape, op.Attrs{op.IntsAttr("shape", c.shape...)}, b.input(2, 3, 8))
		x = b.add(op.Transpose, perm(c.perm...), x)
		x = b.add(op.Slice, op.Attrs{op.IntsAttr("starts", 1), op.IntsAttr("ends", 2), op.IntsAttr("axes", 0)}, x)
		b.g.Outputs = append(b.g.Outputs, x)
		before := output(t, b.g)
		if err := pass.Float(b.g); err != nil {
			t.Fatal(err)
		}
		if after := output(t, b.g); !slices.Equal(before, after) {
			t.Errorf("%v by %v: %v, want %v", c.shape, c.perm, after, before)
		}
		if taken := strings.HasPrefix(nodes(b.g), "Slice"); taken != c.taken {
			t.Errorf("%v by %v: nodes %s", c.shape, c.perm, nodes(b.g))
		}
	}
}
