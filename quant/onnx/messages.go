package onnx

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// decodeModel decodes a ModelProto.
func decodeModel(data []byte) (*modelProto, error) {
	var r reader
	m := &modelProto{}
	r.walk("model", data, func(f *field) {
		switch f.num {
		case 1:
			m.irVersion = f.int()
		case 2:
			m.producer = f.text()
		case 7:
			if m.graph == nil {
				m.graph = &graphProto{}
			}
			m.graph.decode(f)
		case 8:
			m.opsets = append(m.opsets, decodeOpset(f))
		case 25:
			m.functions = append(m.functions, decodeFunction(f))
		}
	})
	return m, r.err
}

// decodeTensorFile decodes a file that holds one TensorProto.
func decodeTensorFile(data []byte) (*tensorProto, error) {
	f := field{r: &reader{}, wire: protowire.BytesType, b: data}
	t := decodeTensor(&f)
	return t, f.r.err
}

func decodeOpset(f *field) (o opsetID) {
	f.message("operator set", func(f *field) {
		switch f.num {
		case 1:
			o.domain = f.text()
		case 2:
			o.version = f.int()
		}
	})
	return o
}

func (g *graphProto) decode(f *field) {
	f.message("graph", func(f *field) {
		switch f.num {
		case 1:
			g.nodes = append(g.nodes, decodeNode(f))
		case 2:
			g.name = f.text()
		case 5:
			g.inits = append(g.inits, decodeTensor(f))
		case 11:
			g.inputs = append(g.inputs, decodeValue(f))
		case 12:
			g.outputs = append(g.outputs, decodeValue(f))
		case 15:
			g.sparse++
		}
	})
}

func decodeNode(f *field) *nodeProto {
	n := &nodeProto{}
	f.message("node", func(f *field) {
		switch f.num {
		case 1:
			n.in = append(n.in, f.text())
		case 2:
			n.out = append(n.out, f.text())
		case 3:
			n.name = f.text()
		case 4:
			n.opType = f.text()
		case 5:
			n.attrs = append(n.attrs, decodeAttr(f))
		case 7:
			n.domain = f.text()
		case 8:
			n.overload = f.text()
		}
	})
	f.require(n.opType != "", "node without an operator")
	return n
}

func decodeAttr(f *field) *attrProto {
	a := &attrProto{}
	f.message("attribute", func(f *field) {
		switch f.num {
		case 1:
			a.name = f.text()
		case 21:
			a.ref = f.text()
		case 20:
			a.kind = attrKind(f.int())
		case 2:
			if f.want(protowire.Fixed32Type) {
				a.f, a.seen = math.Float32frombits(uint32(f.v)), attrFloat
			}
		case 3:
			a.i, a.seen = f.int(), attrInt
		case 4:
			a.s, a.seen = f.bytes(), attrString
		case 5:
			a.t, a.seen = decodeTensor(f), attrTensor
		case 6:
			a.seen = attrGraph
		case 7:
			a.floats, a.seen = f.fixed(a.floats, protowire.Fixed32Type), attrFloats
		case 8:
			a.ints, a.seen = f.ints(a.ints), attrInts
		case 9:
			a.strings, a.seen = append(a.strings, f.bytes()), attrStrings
		}
	})
	if a.kind == 0 {
		a.kind = a.seen
	}
	f.require(a.name != "", "attribute without a name")
	return a
}

func decodeTensor(f *field) *tensorProto {
	t := &tensorProto{}
	f.message("tensor", func(f *field) {
		switch f.num {
		case 1:
			t.dims = f.ints(t.dims)
		case 2:
			t.dtype = f.int()
		case 3:
			t.segment = true
		case 4:
			t.floats = f.fixed(t.floats, protowire.Fixed32Type)
		case 5:
			t.int32s = f.ints(t.int32s)
		case 6:
			t.strings++
		case 7:
			t.int64s = f.ints(t.int64s)
		case 8:
			t.name = f.text()
		case 9:
			t.raw, t.hasRaw = f.bytes(), true
		case 10:
			t.doubles = f.fixed(t.doubles, protowire.Fixed64Type)
		case 11:
			t.uint64s = f.ints(t.uint64s)
		case 13:
			var key, value string
			f.message("external data", func(f *field) {
				switch f.num {
				case 1:
					key = f.text()
				case 2:
					value = f.text()
				}
			})
			if t.external == nil {
				t.external = map[string]string{}
			}
			t.external[key] = value
		case 14:
			t.location = f.int()
		}
	})
	return t
}

func decodeValue(f *field) *valueProto {
	v := &valueProto{}
	f.message("value", func(f *field) {
		switch f.num {
		case 1:
			v.name = f.text()
		case 2:
			v.decodeType(f)
		}
	})
	f.require(v.name != "", "input or output without a name")
	return v
}

func (v *valueProto) decodeType(f *field) {
	f.message("type", func(f *field) {
		switch f.num {
		case 1:
			f.message("tensor type", func(f *field) {
				switch f.num {
				case 1:
					v.dtype = f.int()
				case 2:
					v.shaped = true
					f.message("shape", func(f *field) {
						if f.num == 1 {
							v.dims = append(v.dims, decodeDim(f))
						}
					})
				}
			})
		case 4:
			v.kind = "sequence"
		case 5:
			v.kind = "map"
		case 8:
			v.kind = "sparse tensor"
		case 9:
			v.kind = "optional"
		}
	})
}

func decodeDim(f *field) (d dimProto) {
	f.message("dimension", func(f *field) {
		switch f.num {
		case 1:
			d.value, d.hasValue = f.int(), true
		case 2:
			d.param = f.text()
		}
	})
	return d
}

func decodeFunction(f *field) *functionProto {
	fn := &functionProto{}
	f.message("function", func(f *field) {
		switch f.num {
		case 1:
			fn.name = f.text()
		case 4:
			fn.in = append(fn.in, f.text())
		case 5:
			fn.out = append(fn.out, f.text())
		case 6:
			fn.attrs = append(fn.attrs, f.text())
		case 7:
			fn.nodes = append(fn.nodes, decodeNode(f))
		case 9:
			fn.opsets = append(fn.opsets, decodeOpset(f))
		case 10:
			fn.domain = f.text()
		case 11:
			fn.defaults = append(fn.defaults, decodeAttr(f))
		case 13:
			fn.overload = f.text()
		}
	})
	f.require(fn.name != "", "function without a name")
	return fn
}
