package tflite

import (
	"encoding/binary"
	"fmt"
	"math"
)

// reader reads a FlatBuffer that nothing is known of. Every position is checked before it is used. The first error
// sticks, and what is read after it is zero or empty; it names what was wanted. Alignment does not matter to it, for
// numbers are put together from bytes: files whose writers did not align are in use.
//
// A table or vector may be referred to more than once. So that a small file cannot stand for a huge tree, the bytes of
// those visited are counted and may pass the file's own size a few times only.
type reader struct {
	data []byte
	left int // bytes that may still be visited
	err  error
}

// visitFactor is far above what writers that share equal strings and vectors need.
const visitFactor, visitFree = 4, 1 << 12

func newReader(data []byte) *reader {
	return &reader{data: data, left: visitFactor*len(data) + visitFree}
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// span reports whether n bytes at pos lie in the file.
func (r *reader) span(pos, n int, what string) bool {
	if r.err != nil {
		return false
	}
	if pos < 0 || n < 0 || pos > len(r.data) || n > len(r.data)-pos {
		r.fail("%s at 0x%x: %d bytes wanted, the file ends at 0x%x", what, pos, n, len(r.data))
		return false
	}
	return true
}

// visit is span for a table or vector, whose bytes count.
func (r *reader) visit(pos, n int, what string) bool {
	if r.span(pos, n, what) {
		if r.left -= n; r.left < 0 {
			r.fail("%s at 0x%x: tables refer to the same bytes too often", what, pos)
		}
	}
	return r.err == nil
}

func (r *reader) u32(pos int) uint32 { return binary.LittleEndian.Uint32(r.data[pos:]) }

// at follows the offset at pos, whose 4 bytes are known to be there.
func (r *reader) at(pos int, what string) int {
	off := r.u32(pos)
	if off == 0 || off > math.MaxInt32 || int(off) > len(r.data)-pos {
		r.fail("%s at 0x%x: offset %d leaves the file of 0x%x bytes", what, pos, off, len(r.data))
		return -1
	}
	return pos + int(off)
}

// table is a table whose vtable has been checked. The zero table has no field at all.
type table struct {
	r      *reader
	what   string
	pos    int
	size   int // bytes of its fields, with the offset to the vtable
	vtable int
	fields int // slots of the vtable
}

// root returns the table that the file begins with.
func (r *reader) root(what string) table {
	if !r.span(0, 8, "root") {
		return table{}
	}
	return r.table(r.at(0, what), what)
}

func (r *reader) table(pos int, what string) table {
	if !r.span(pos, 4, what) {
		return table{}
	}
	vtable := pos - int(int32(r.u32(pos)))
	if !r.span(vtable, 4, what+"'s vtable") {
		return table{}
	}
	length := int(binary.LittleEndian.Uint16(r.data[vtable:]))
	size := int(binary.LittleEndian.Uint16(r.data[vtable+2:]))
	if length < 4 || length%2 != 0 || size < 4 {
		r.fail("%s at 0x%x: vtable of %d bytes for a table of %d", what, pos, length, size)
	}
	if !r.span(vtable, length, what+"'s vtable") || !r.visit(pos, size, what) {
		return table{}
	}
	return table{r, what, pos, size, vtable, (length - 4) / 2}
}

// field returns the position of field i, which takes n bytes, or −1 where it is absent.
func (t table) field(i, n int) int {
	if t.r == nil || t.r.err != nil || i >= t.fields {
		return -1
	}
	off := int(binary.LittleEndian.Uint16(t.r.data[t.vtable+4+2*i:]))
	if off == 0 {
		return -1
	}
	if off < 4 || off+n > t.size {
		t.r.fail("%s at 0x%x: field %d of %d bytes at %d in a table of %d", t.what, t.pos, i, n, off, t.size)
		return -1
	}
	return t.pos + off
}

func (t table) byte(i int) byte {
	if p := t.field(i, 1); p >= 0 {
		return t.r.data[p]
	}
	return 0
}

func (t table) bool(i int) bool { return t.byte(i) != 0 }

// int32 returns a field of type int or uint, or def where it is absent.
func (t table) int32(i int, def int32) int32 {
	if p := t.field(i, 4); p >= 0 {
		return int32(t.r.u32(p))
	}
	return def
}

func (t table) uint64(i int) uint64 {
	if p := t.field(i, 8); p >= 0 {
		return binary.LittleEndian.Uint64(t.r.data[p:])
	}
	return 0
}

func (t table) float32(i int, def float32) float32 {
	if p := t.field(i, 4); p >= 0 {
		return math.Float32frombits(t.r.u32(p))
	}
	return def
}

// table returns a field that is a table; the zero table where it is absent.
func (t table) table(i int, what string) table {
	p := t.field(i, 4)
	if p < 0 {
		return table{}
	}
	p = t.r.at(p, what)
	if t.r.err != nil {
		return table{}
	}
	return t.r.table(p, what)
}

// vector returns the position and length of a vector of elements of size bytes.
func (t table) vector(i, size int, what string) (pos, n int) {
	p := t.field(i, 4)
	if p < 0 {
		return 0, 0
	}
	r := t.r
	pos = r.at(p, what)
	if !r.visit(pos, 4, what) {
		return 0, 0
	}
	count := r.u32(pos)
	if uint64(count)*uint64(size) > uint64(len(r.data)) {
		r.fail("%s at 0x%x: %d elements of %d bytes in a file of %d", what, pos, count, size, len(r.data))
		return 0, 0
	}
	if pos += 4; !r.visit(pos, int(count)*size, what) {
		return 0, 0
	}
	return pos, int(count)
}

// bytes returns a vector of bytes: the file's own memory.
func (t table) bytes(i int, what string) []byte {
	pos, n := t.vector(i, 1, what)
	return t.r.slice(pos, n)
}

func (r *reader) slice(pos, n int) []byte {
	if n == 0 {
		return nil
	}
	return r.data[pos : pos+n : pos+n]
}

// string returns a string, which ends with a zero byte in the file.
func (t table) string(i int, what string) string {
	pos, n := t.vector(i, 1, what)
	if pos == 0 || !t.r.span(pos+n, 1, what) {
		return ""
	}
	if t.r.data[pos+n] != 0 {
		t.r.fail("%s at 0x%x: string of %d bytes without an end", what, pos, n)
		return ""
	}
	return string(t.r.slice(pos, n))
}

func (t table) int32s(i int, what string) []int32 {
	pos, n := t.vector(i, 4, what)
	out := make([]int32, n)
	for k := range out {
		out[k] = int32(t.r.u32(pos + 4*k))
	}
	return out
}

func (t table) int64s(i int, what string) []int64 {
	pos, n := t.vector(i, 8, what)
	out := make([]int64, n)
	for k := range out {
		out[k] = int64(binary.LittleEndian.Uint64(t.r.data[pos+8*k:]))
	}
	return out
}

func (t table) float32s(i int, what string) []float32 {
	pos, n := t.vector(i, 4, what)
	out := make([]float32, n)
	for k := range out {
		out[k] = math.Float32frombits(t.r.u32(pos + 4*k))
	}
	return out
}

// tables returns a vector of tables.
func (t table) tables(i int, what string) []table {
	pos, n := t.vector(i, 4, what)
	out := make([]table, n)
	for k := range out {
		p := t.r.at(pos+4*k, what)
		if t.r.err != nil {
			return nil
		}
		if out[k] = t.r.table(p, what); t.r.err != nil {
			return nil
		}
	}
	return out
}
