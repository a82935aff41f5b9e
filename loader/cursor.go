package loader

import (
	"encoding/binary"
	"math"
	"math/bits"
	"unicode/utf8"
)

// span returns b[off:off+n]. Every part of a file is cut out of it here and nowhere else.
func span(b []byte, off, n uint64) ([]byte, error) {
	end, carry := bits.Add64(off, n, 0)
	if carry != 0 || end > uint64(len(b)) {
		return nil, failf(ErrFormat, "bytes [%#x,+%#x) lie outside %#x bytes", off, n, len(b))
	}
	return b[off:end:end], nil
}

// cursor reads a section from front to back. After the first error it returns zeros; err keeps the error.
type cursor struct {
	b   []byte
	off uint64
	err error
}

func (c *cursor) left() uint64 { return uint64(len(c.b)) - c.off }

func (c *cursor) fail(format string, args ...any) {
	if c.err == nil {
		c.err = at(failf(ErrFormat, format, args...), "byte %d", c.off)
	}
}

func (c *cursor) bytes(n uint64) []byte {
	if c.err != nil {
		return nil
	}
	s, err := span(c.b, c.off, n)
	if err != nil {
		c.fail("%d bytes wanted, %d left", n, c.left())
		return nil
	}
	c.off += n
	return s
}

func (c *cursor) u8() byte {
	if s := c.bytes(1); s != nil {
		return s[0]
	}
	return 0
}

func (c *cursor) f32() float32 {
	if s := c.bytes(4); s != nil {
		return math.Float32frombits(binary.LittleEndian.Uint32(s))
	}
	return 0
}

// uvarint reads a LEB128 number in its shortest form.
func (c *cursor) uvarint() uint64 {
	if c.err != nil {
		return 0
	}
	v, n := binary.Uvarint(c.b[c.off:])
	if n <= 0 || n > 1 && c.b[c.off+uint64(n)-1] == 0 {
		c.fail("number cut short, too long or not in its shortest form")
		return 0
	}
	c.off += uint64(n)
	return v
}

// varint reads a zigzag number.
func (c *cursor) varint() int64 {
	u := c.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (c *cursor) int() int {
	v := c.varint()
	if int64(int(v)) != v {
		c.fail("number %d does not fit this machine's int", v)
	}
	return int(v)
}

// below reads a number in [0, limit).
func (c *cursor) below(limit int, what string) int {
	v := c.uvarint()
	if c.err == nil && v >= uint64(max(limit, 0)) {
		c.fail("%s %d outside [0,%d)", what, v, limit)
		return 0
	}
	return int(v)
}

// count reads a number of items, each of which takes at least least bytes of what is left.
func (c *cursor) count(limit int, least uint64, what string) int {
	v := c.uvarint()
	if c.err != nil {
		return 0
	}
	if v > uint64(limit) {
		c.fail("%d %s, the limit is %d", v, what, limit)
		return 0
	}
	if least > 0 && v > c.left()/least {
		c.fail("%d %s in %d bytes", v, what, c.left())
		return 0
	}
	return int(v)
}

// text reads a length and that many bytes of UTF-8.
func (c *cursor) text(limit int, what string) string {
	s := c.bytes(uint64(c.count(limit, 1, "bytes of "+what)))
	if !utf8.Valid(s) {
		c.fail("%s is not UTF-8", what)
		return ""
	}
	return string(s)
}

// end reports the first error, or bytes that are left.
func (c *cursor) end() error {
	if c.err == nil && c.left() != 0 {
		c.fail("%d bytes too many", c.left())
	}
	return c.err
}

// builder writes what a cursor reads. The first error stays in err.
type builder struct {
	b   []byte
	err error
}

func (w *builder) u8(v byte)        { w.b = append(w.b, v) }
func (w *builder) uvarint(v uint64) { w.b = binary.AppendUvarint(w.b, v) }
func (w *builder) varint(v int64)   { w.b = binary.AppendVarint(w.b, v) }
func (w *builder) f32(v float32)    { w.b = binary.LittleEndian.AppendUint32(w.b, math.Float32bits(v)) }

func (w *builder) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *builder) count(n, limit int, what string) {
	if n > limit {
		w.fail(failf(ErrFormat, "%d %s, the limit is %d", n, what, limit))
	}
	w.uvarint(uint64(n))
}

func (w *builder) text(s string, limit int, what string) {
	if !utf8.ValidString(s) {
		w.fail(failf(ErrFormat, "%s %q is not UTF-8", what, s))
	}
	w.count(len(s), limit, "bytes of "+what)
	w.b = append(w.b, s...)
}
