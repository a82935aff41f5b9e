package loader

import (
	"encoding/binary"
	"math"
	"math/bits"

	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// alignedBytes is the size from which a raw tensor is aligned in the file; smaller ones follow what is before them.
const alignedBytes = 1024

// packer writes the section "tensors".
type packer struct {
	b        []byte
	compress func([]byte) []byte // nil result: not worth it
	parts    [4]Part             // by part
}

// Parts of the section.
const (
	partScales = iota
	partWeights
	partBiases
	partOther
)

var partNames = [...]string{"scales", "weights", "biases", "other constants"}

// add appends a tensor in the encoding that takes fewest bytes, the lowest number of equals, and returns what the
// graph section says of it.
func (p *packer) add(dtype tensor.DType, data []byte) (encoding byte, stored uint64) {
	best := data
	try := func(e byte, b []byte) {
		if b != nil && len(b) < len(best) {
			encoding, best = e, b
		}
	}
	if p.compress != nil {
		size := dtype.SizeBytes(1)
		try(encZstd, p.compress(data))
		if size > 1 {
			try(encPlanes, p.compress(planes(data, size)))
		}
		if isSigned(dtype) {
			try(encVarint, varints(data, size))
		}
	}
	if encoding == encRaw && len(best) >= alignedBytes {
		p.b = append(p.b, make([]byte, -len(p.b)&(align-1))...)
	}
	p.b = append(p.b, best...)
	return encoding, uint64(len(best))
}

// isSigned reports the types that encVarint codes.
func isSigned(d tensor.DType) bool {
	return d == tensor.Int16 || d == tensor.Int32 || d == tensor.Int64
}

// planes puts all first bytes of elements of size bytes first, then all second bytes, and so on.
func planes(b []byte, size int) []byte {
	out := make([]byte, 0, len(b))
	for k := range size {
		for i := k; i < len(b); i += size {
			out = append(out, b[i])
		}
	}
	return out
}

func varints(b []byte, size int) []byte {
	var out []byte
	for i := 0; i < len(b); i += size {
		out = binary.AppendVarint(out, signed(b[i:i+size]))
	}
	return out
}

func signed(b []byte) int64 {
	switch len(b) {
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(b)))
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(b)))
	}
	return int64(binary.LittleEndian.Uint64(b))
}

// packed is a tensor as it is stored.
type packed struct {
	dtype    tensor.DType
	encoding uint16
	stored   []byte
	decoded  uint64 // bytes
}

// unpacker reads the section "tensors" front to back.
type unpacker struct {
	cursor
	zstd  *decompressor
	mem   *budget
	parts [4]Part
}

// next cuts the next tensor out of the section, and checks all that can be checked without decoding it.
func (u *unpacker) next(dtype tensor.DType, encoding byte, stored, decoded uint64) (packed, error) {
	p := packed{dtype: dtype, encoding: uint16(encoding), decoded: decoded}
	size := uint64(dtype.SizeBytes(1))
	switch p.encoding {
	case encRaw:
		if stored != decoded {
			return p, failf(ErrFormat, "%d bytes stored, type and shape ask for %d", stored, decoded)
		}
		if stored >= alignedBytes {
			u.padding()
		}
	case encZstd, encPlanes:
		if err := checkRatio(stored, decoded); err != nil {
			return p, err
		}
		if p.encoding == encPlanes && size < 2 {
			return p, failf(ErrFormat, "planes of %v", dtype)
		}
	case encVarint:
		if !isSigned(dtype) || stored < decoded/size || stored/binary.MaxVarintLen64 > decoded/size {
			return p, failf(ErrFormat, "%d bytes of varints for %d bytes of %v", stored, decoded, dtype)
		}
	default:
		return p, at(errEncoding, "%s", encodingName(p.encoding))
	}
	p.stored = u.bytes(stored)
	return p, u.err
}

// padding skips zero bytes up to a multiple of 64.
func (u *unpacker) padding() {
	for _, v := range u.bytes(-u.off & (align - 1)) {
		if v != 0 {
			u.fail("padding is not zero")
		}
	}
}

// count notes a tensor in the report of sizes.
func (u *unpacker) count(part int, p *packed) {
	u.parts[part].Stored += len(p.stored)
	u.parts[part].Decoded += int(p.decoded)
}

// unpack decodes a tensor into dst, which has p.decoded bytes.
func (u *unpacker) unpack(dst []byte, p *packed) error {
	switch p.encoding {
	case encRaw:
		copy(dst, p.stored)
	case encZstd:
		return u.zstd.decompress(dst, p.stored)
	case encPlanes:
		if err := u.mem.take(p.decoded, "a tensor's byte planes"); err != nil {
			return err
		}
		in := make([]byte, len(dst))
		if err := u.zstd.decompress(in, p.stored); err != nil {
			return err
		}
		u.mem.left += int64(p.decoded)
		size := p.dtype.SizeBytes(1)
		for k := range size {
			for i := k; i < len(dst); i += size {
				dst[i], in = in[0], in[1:]
			}
		}
	case encVarint:
		return unpackVarints(dst, p)
	}
	return nil
}

func unpackVarints(dst []byte, p *packed) error {
	c := cursor{b: p.stored}
	size := p.dtype.SizeBytes(1)
	for i := 0; i < len(dst) && c.err == nil; i += size {
		v := c.varint()
		switch size {
		case 2:
			binary.LittleEndian.PutUint16(dst[i:], uint16(v))
		case 4:
			binary.LittleEndian.PutUint32(dst[i:], uint32(v))
		default:
			binary.LittleEndian.PutUint64(dst[i:], uint64(v))
		}
		if signed(dst[i:i+size]) != v {
			c.fail("number %d does not fit %v", v, p.dtype)
		}
	}
	return c.end()
}

// scales decodes the pool of all scales, which stands first in the section.
func (u *unpacker) scales(n int, p *packed) ([]float32, error) {
	u.count(partScales, p)
	if err := u.mem.take(p.decoded, "scales"); err != nil {
		return nil, err
	}
	pool := tensor.Alloc(4 * n)
	if err := u.unpack(pool.Bytes(), p); err != nil {
		return nil, at(err, "scales")
	}
	return pool.F32(), nil
}

// sizeOf returns the bytes of a tensor, or an error for a type or shape that is out of bounds.
func sizeOf(t *tensor.Type) (uint64, error) {
	if !t.DType.Valid() {
		return 0, failf(op.ErrUnsupported, "element type %v", t.DType)
	}
	n := uint64(1)
	for _, d := range t.Shape.Dims() {
		hi, lo := bits.Mul64(n, uint64(d))
		if d < 0 || d > tensor.MaxDim || hi != 0 || lo > tensor.MaxElements {
			return 0, failf(ErrFormat, "shape %v: dimension outside [0,%d] or more than %d elements", t.Shape, tensor.MaxDim, uint64(tensor.MaxElements))
		}
		n = lo
	}
	size := (n*uint64(t.DType.SizeBytes(8)) + 7) / 8 // SizeBytes(8) is the bits of one
	if size > math.MaxInt-2*align {
		return 0, failf(ErrFormat, "shape %v is too large for this machine", t.Shape)
	}
	return size, nil
}
