package tflite

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"edgerun/rt/graph"
	"edgerun/rt/op"
)

// sparseSeed stores a matrix of 3×2 by rows: [1 2] [0 0] [3 4].
func sparseSeed() fbTable {
	index := func(v ...byte) fbTable { return fbTable{v} }
	return fbTable{[]int32{0, 1}, nil, []fbTable{
		{byte(0), int32(3)},
		{byte(1), nil, byte(3), index(0, 2, 2, 4), byte(3), index(0, 1, 0, 1)},
	}}
}

// weightsOf returns the codes of the layer's weights.
func weightsOf(g *graph.Graph) []int8 { return g.Nodes[0].In[1].Const.Data.I8() }

func TestSparse(t *testing.T) {
	m := smallModel()
	m.tensors[1].data, m.tensors[1].sparsity = []byte{1, 2, 3, 4}, sparseSeed()
	g, err := Parse(m.bytes(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := weightsOf(g); !slices.Equal(got, []int8{1, 2, 0, 0, 3, 4}) {
		t.Errorf("weights %v", got)
	}

	// Blocks of 1×2 in a matrix of 3×2: block rows are sparse in a second level.
	m.tensors[1].sparsity = fbTable{[]int32{0, 1, 2}, []int32{1}, []fbTable{
		{byte(0), int32(3)},
		{byte(1), nil, byte(1), fbTable{[]int32{0, 0, 1, 2}}, byte(1), fbTable{[]int32{0, 0}}},
		{byte(0), int32(2)},
	}}
	if g, err = Parse(m.bytes(), Options{}); err != nil {
		t.Fatal(err)
	}
	if got := weightsOf(g); !slices.Equal(got, []int8{0, 0, 1, 2, 3, 4}) {
		t.Errorf("weights in blocks %v", got)
	}

	for _, c := range []struct {
		name   string
		change func(s fbTable)
		want   string
	}{
		{"position", func(s fbTable) { s[2].([]fbTable)[1][5] = fbTable{[]byte{0, 2, 0, 1}} }, "segments do not fit"},
		{"twice", func(s fbTable) { s[2].([]fbTable)[1][5] = fbTable{[]byte{1, 1, 0, 1}} }, "segments do not fit"},
		{"segments", func(s fbTable) { s[2].([]fbTable)[1][3] = fbTable{[]byte{0, 2, 2}} }, "segments do not fit"},
		{"few", func(s fbTable) { s[2].([]fbTable)[1][3] = fbTable{[]byte{0, 2, 2, 3}} }, "1 bytes of values are left over"},
		{"extent", func(s fbTable) { s[2].([]fbTable)[0][1] = int32(1 << 30) }, "dimension 0 has 1073741824 positions, want 3"},
		{"order", func(s fbTable) { s[0] = []int32{0, 0} }, "traversal order [0 0]"},
	} {
		m.tensors[1].sparsity = sparseSeed()
		c.change(m.tensors[1].sparsity)
		if _, err := Parse(m.bytes(), Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// TestDensify: an operator spells out what a sparse constant leaves out.
func TestDensify(t *testing.T) {
	m := smallModel()
	m.tensors[1].data, m.tensors[1].sparsity = []byte{1, 2, 3, 4}, sparseSeed()
	dense := m.tensors[1]
	dense.name, dense.data, dense.sparsity = "dense", nil, nil
	m.tensors = append(m.tensors, dense)
	m.ops[0].in[1] = int32(len(m.tensors) - 1)
	m.ops = append([]fileOp{{code: opNumber("DENSIFY"), kind: 99, options: fbTable{}, in: []int32{1}, out: m.ops[0].in[1:2]}}, m.ops...)
	g, err := Parse(m.bytes(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := weightsOf(g); !slices.Equal(got, []int8{1, 2, 0, 0, 3, 4}) {
		t.Errorf("weights %v", got)
	}
	m.tensors[1].data, m.inputs = nil, []int32{0, 1}
	if _, err := Parse(m.bytes(), Options{}); !errors.Is(err, op.ErrUnsupported) {
		t.Errorf("computed values: error %v, want %v", err, op.ErrUnsupported)
	}
}
