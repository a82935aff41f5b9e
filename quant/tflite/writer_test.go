package tflite

import (
	"encoding/binary"
	"fmt"
	"math"
)

// fbTable is a table to write: its fields in order, nil for one left out. A field is a byte, bool, int32, uint32, uint64
// or float32, or what an offset leads to: a string, []byte, []int32, []int64, []float32, fbTable or []fbTable.
type fbTable []any

// fbWriter writes a FlatBuffer front to back: what a table refers to comes behind it.
type fbWriter struct{ b []byte }

// flatBuffer returns the file of a root table.
func flatBuffer(root fbTable, identifier string) []byte {
	w := &fbWriter{}
	w.b = append(make([]byte, 4), identifier...)
	w.refer(0, root)
	return w.b
}

// refer places what an offset at pos leads to, and writes the offset.
func (w *fbWriter) refer(pos int, v any) {
	w.align(8)
	w.b = append(w.b, 0, 0, 0, 0) // so that the 8 bytes after a vector's length are aligned
	at := len(w.b)
	vector := func(n int) { w.b = binary.LittleEndian.AppendUint32(w.b, uint32(n)) }
	switch v := v.(type) {
	case string:
		vector(len(v))
		w.b = append(append(w.b, v...), 0)
	case []byte:
		vector(len(v))
		w.b = append(w.b, v...)
	case []int32:
		vector(len(v))
		for _, x := range v {
			vector(int(x))
		}
	case []float32:
		vector(len(v))
		for _, x := range v {
			vector(int(math.Float32bits(x)))
		}
	case []int64:
		vector(len(v))
		for _, x := range v {
			w.b = binary.LittleEndian.AppendUint64(w.b, uint64(x))
		}
	case []fbTable:
		vector(len(v))
		first := len(w.b)
		w.b = append(w.b, make([]byte, 4*len(v))...)
		for i, t := range v {
			w.refer(first+4*i, t)
		}
	case fbTable:
		at = w.table(v)
	default:
		panic(fmt.Sprintf("flatBuffer: %T", v))
	}
	binary.LittleEndian.PutUint32(w.b[pos:], uint32(at-pos))
}

func (w *fbWriter) align(n int) {
	for len(w.b)%n != 0 {
		w.b = append(w.b, 0)
	}
}

// table writes a vtable and a table, in which every field takes 8 bytes.
func (w *fbWriter) table(t fbTable) int {
	vtable := len(w.b)
	put := func(v int) { w.b = binary.LittleEndian.AppendUint16(w.b, uint16(v)) }
	put(4 + 2*len(t))
	put(8 + 8*len(t))
	for i, f := range t {
		if f == nil {
			put(0)
		} else {
			put(8 + 8*i)
		}
	}
	w.align(8)
	at := len(w.b)
	w.b = append(w.b, make([]byte, 8+8*len(t))...)
	binary.LittleEndian.PutUint32(w.b[at:], uint32(at-vtable))
	for i, f := range t {
		p := at + 8 + 8*i
		switch f := f.(type) {
		case nil:
		case byte:
			w.b[p] = f
		case bool:
			if f {
				w.b[p] = 1
			}
		case int32:
			binary.LittleEndian.PutUint32(w.b[p:], uint32(f))
		case uint64:
			binary.LittleEndian.PutUint64(w.b[p:], f)
		case float32:
			binary.LittleEndian.PutUint32(w.b[p:], math.Float32bits(f))
		default:
			w.refer(p, f)
		}
	}
	return at
}

// fileTensor is a tensor of a model to write.
type fileTensor struct {
	name     string
	shape    []int32
	free     []int32 // shape signature
	code     byte    // element type
	scale    []float32
	zero     []int64
	axis     int32
	data     []byte // of a constant
	variable bool
	sparsity fbTable
}

// fileOp is an operator of a model to write.
type fileOp struct {
	code    int32
	version int32
	custom  string
	in, out []int32
	kind    byte // of options
	options fbTable
	flex    []byte // options of a custom operator
}

// fileModel is a model to write.
type fileModel struct {
	tensors         []fileTensor
	ops             []fileOp
	inputs, outputs []int32
	more            []*fileModel // subgraphs after the first one
	signatures      []fbTable
}

func (m *fileModel) bytes() []byte {
	buffers := []fbTable{{}}
	var codes, graphs []fbTable
	for _, g := range append([]*fileModel{m}, m.more...) {
		graphs = append(graphs, g.subgraph(&buffers, &codes))
	}
	root := fbTable{int32(version), codes, graphs, "test", buffers}
	if m.signatures != nil {
		root = append(root, nil, nil, m.signatures)
	}
	return flatBuffer(root, magic)
}

// subgraph returns the model's own subgraph; its buffers and operator codes go behind those that are there.
func (m *fileModel) subgraph(all, numbers *[]fbTable) fbTable {
	buffers, codes := *all, *numbers
	var tensors, ops []fbTable
	for _, t := range m.tensors {
		buffer := int32(0)
		if t.data != nil {
			buffer = int32(len(buffers))
			buffers = append(buffers, fbTable{t.data})
		}
		f := fbTable{t.shape, t.code, buffer, t.name, nil, t.variable, nil, nil, true}
		if t.scale != nil {
			f[4] = fbTable{nil, nil, t.scale, t.zero, nil, nil, t.axis}
		}
		if t.sparsity != nil {
			f[6] = t.sparsity
		}
		if t.free != nil {
			f[7] = t.free
		}
		tensors = append(tensors, f)
	}
	for _, o := range m.ops {
		code := fbTable{byte(min(o.code, placeholder)), nil, max(1, o.version), o.code}
		if o.custom != "" {
			code[0], code[1], code[3] = byte(32), o.custom, int32(32)
		}
		codes = append(codes, code)
		f := fbTable{int32(len(codes) - 1), o.in, o.out, nil, nil}
		if o.kind != 0 {
			f[3], f[4] = o.kind, o.options
		}
		if o.flex != nil {
			f = append(f, o.flex)
		}
		ops = append(ops, f)
	}
	*all, *numbers = buffers, codes
	return fbTable{tensors, m.inputs, m.outputs, ops, "main"}
}
