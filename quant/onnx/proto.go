package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// The messages of onnx.proto, as far as the importer reads them; field numbers are those of ONNX 1.22. Bytes and
// strings alias the file. Subgraphs inside of attributes are noted but not decoded, so messages nest to a fixed depth
// and decoding never recurses.

type modelProto struct {
	irVersion int64
	producer  string
	opsets    []opsetID
	graph     *graphProto
	functions []*functionProto
}

type opsetID struct {
	domain  string
	version int64
}

type graphProto struct {
	name    string
	nodes   []*nodeProto
	inits   []*tensorProto
	sparse  int
	inputs  []*valueProto
	outputs []*valueProto
}

type nodeProto struct {
	name, opType, domain, overload string
	in, out                        []string
	attrs                          []*attrProto
}

type attrProto struct {
	name, ref string // ref is the attribute of the enclosing function that gives the value
	kind      attrKind
	f         float32
	i         int64
	s         []byte
	t         *tensorProto
	floats    []byte // little-endian float32
	ints      []int64
	strings   [][]byte
	seen      attrKind // kind by the fields that are there, for files that leave out the type
}

// attrKind is AttributeProto.AttributeType.
type attrKind int64

const (
	attrFloat   attrKind = 1
	attrInt     attrKind = 2
	attrString  attrKind = 3
	attrTensor  attrKind = 4
	attrGraph   attrKind = 5
	attrFloats  attrKind = 6
	attrInts    attrKind = 7
	attrStrings attrKind = 8
)

func (k attrKind) String() string {
	names := []string{"undefined", "float", "int", "string", "tensor", "graph", "floats", "ints", "strings", "tensors",
		"graphs", "sparse tensor", "sparse tensors", "type", "types"}
	if k >= 0 && int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("type %d", int64(k))
}

type tensorProto struct {
	name     string
	dims     []int64
	dtype    int64
	raw      []byte
	hasRaw   bool
	floats   []byte  // little-endian float32
	doubles  []byte  // little-endian float64
	int32s   []int64 // int32_data, which also carries narrower types and the bits of float16
	int64s   []int64
	uint64s  []int64
	strings  int
	segment  bool
	external map[string]string
	location int64 // 1: external
}

type valueProto struct {
	name   string
	kind   string // what it is if not a tensor
	dtype  int64
	shaped bool
	dims   []dimProto
}

type dimProto struct {
	value    int64
	hasValue bool
	param    string
}

type functionProto struct {
	name, domain, overload string
	in, out                []string
	attrs                  []string
	defaults               []*attrProto
	nodes                  []*nodeProto
	opsets                 []opsetID
}

// maxText bounds names, so that copying them into every place that uses a function stays cheap.
const maxText = 1024

// reader holds the first error of a decoding.
type reader struct{ err error }

// field is one field of a message: v for numbers, b for everything with a length.
type field struct {
	r    *reader
	num  protowire.Number
	wire protowire.Type
	v    uint64
	b    []byte
}

// walk calls visit for each field of a message until an error occurs.
func (r *reader) walk(message string, msg []byte, visit func(*field)) {
	for rest := msg; len(rest) > 0 && r.err == nil; {
		at := len(msg) - len(rest)
		num, wire, n := protowire.ConsumeTag(rest)
		if n < 0 {
			r.err = fmt.Errorf("%s, byte %d: %w", message, at, protowire.ParseError(n))
			return
		}
		rest = rest[n:]
		f := field{r: r, num: num, wire: wire}
		switch wire {
		case protowire.VarintType:
			f.v, n = protowire.ConsumeVarint(rest)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(rest)
			f.v = uint64(v)
		case protowire.Fixed64Type:
			f.v, n = protowire.ConsumeFixed64(rest)
		case protowire.BytesType:
			f.b, n = protowire.ConsumeBytes(rest)
			if size, k := protowire.ConsumeVarint(rest); n < 0 && k > 0 {
				r.err = fmt.Errorf("%s, byte %d: field %d wants %d bytes, got %d", message, at, num, size, len(rest)-k)
				return
			}
		default:
			r.err = fmt.Errorf("%s, byte %d: wire type %d", message, at, wire)
			return
		}
		if n < 0 {
			r.err = fmt.Errorf("%s, byte %d: field %d: %w", message, at, num, protowire.ParseError(n))
			return
		}
		rest = rest[n:]
		visit(&f)
		if r.err != nil {
			r.err = fmt.Errorf("%s, byte %d: %w", message, at, r.err)
		}
	}
}

func (f *field) want(wire protowire.Type) bool {
	if f.wire != wire && f.r.err == nil {
		f.r.err = fmt.Errorf("field %d has wire type %d, want %d", f.num, f.wire, wire)
	}
	return f.wire == wire
}

func (f *field) int() int64 {
	f.want(protowire.VarintType)
	return int64(f.v)
}

func (f *field) bytes() []byte {
	f.want(protowire.BytesType)
	return f.b
}

func (f *field) text() string {
	b := f.bytes()
	if len(b) > maxText {
		if f.r.err == nil {
			f.r.err = fmt.Errorf("field %d: name of %d bytes, want at most %d", f.num, len(b), maxText)
		}
		return ""
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

// ints appends a repeated integer, packed or not.
func (f *field) ints(to []int64) []int64 {
	if f.wire == protowire.VarintType {
		return append(to, int64(f.v))
	}
	for b := f.bytes(); len(b) > 0; {
		v, n := protowire.ConsumeVarint(b)
		if n < 0 {
			if f.r.err == nil {
				f.r.err = fmt.Errorf("field %d: %w", f.num, protowire.ParseError(n))
			}
			return to
		}
		to, b = append(to, int64(v)), b[n:]
	}
	return to
}

// fixed appends a repeated number of fixed width, packed or not, as little-endian bytes.
func (f *field) fixed(to []byte, wire protowire.Type) []byte {
	width := 4
	if wire == protowire.Fixed64Type {
		width = 8
	}
	switch {
	case f.wire == wire && width == 4:
		return binary.LittleEndian.AppendUint32(to, uint32(f.v))
	case f.wire == wire:
		return binary.LittleEndian.AppendUint64(to, f.v)
	}
	b := f.bytes()
	if len(b)%width != 0 && f.r.err == nil {
		f.r.err = fmt.Errorf("field %d: %d bytes are no whole number of values", f.num, len(b))
	}
	if to == nil {
		return b[:len(b):len(b)]
	}
	return append(to, b...)
}

// require refuses messages without what makes them one; a file of empty messages would need many times its size.
func (f *field) require(ok bool, problem string) {
	if !ok && f.r.err == nil {
		f.r.err = errors.New(problem)
	}
}

func (f *field) message(name string, visit func(*field)) { f.r.walk(name, f.bytes(), visit) }
