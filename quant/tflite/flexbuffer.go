package tflite

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
)

// flexKind is what a value of a FlexBuffers map can be. Vectors, strings and maps within it are told apart from numbers
// only.
type flexKind uint8

const (
	flexOther flexKind = iota
	flexInt
	flexBool
	flexFloat
)

// flexValue is a value of a FlexBuffers map.
type flexValue struct {
	key  string
	kind flexKind
	i    int64 // flexInt; 0 or 1 of flexBool
	f    float64
}

// maxFlexValues and maxFlexKey bound a map: operators have at most a dozen options.
const maxFlexValues, maxFlexKey = 64, 255

// Types of FlexBuffers. Source: FlexBuffers' internals in the FlatBuffers documentation.
const (
	flexTypeInt           = 1
	flexTypeUint          = 2
	flexTypeFloat         = 3
	flexTypeIndirectInt   = 6
	flexTypeIndirectUint  = 7
	flexTypeIndirectFloat = 8
	flexTypeMap           = 9
	flexTypeBool          = 26
)

// flexReader reads a FlexBuffer that nothing is known of, in the manner of reader: the first error sticks.
type flexReader struct {
	data []byte
	err  error
}

func (r *flexReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// uint reads width bytes, 1, 2, 4 or 8, at pos.
func (r *flexReader) uint(pos, width int, what string) uint64 {
	if r.err == nil && (pos < 0 || pos > len(r.data)-width) {
		r.fail("%s at 0x%x: %d bytes wanted, the options end at 0x%x", what, pos, width, len(r.data))
	}
	if r.err != nil {
		return 0
	}
	b := r.data[pos:]
	switch width {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	}
	return binary.LittleEndian.Uint64(b)
}

// back follows the offset at pos, which counts bytes before it; it is 0 where an empty vector would begin.
func (r *flexReader) back(pos, width int, what string) int {
	off := r.uint(pos, width, what)
	if r.err == nil && off > uint64(pos) {
		r.fail("%s at 0x%x: offset %d leaves the options", what, pos, off)
	}
	return pos - int(off)
}

// flexMap returns the values of the map that data is, in the order of their keys. No data is an empty map.
func flexMap(data []byte) ([]flexValue, error) {
	if len(data) == 0 {
		return nil, nil
	}
	r := &flexReader{data: data}
	if len(data) < 3 {
		return nil, fmt.Errorf("options of %d bytes are no FlexBuffer", len(data))
	}
	// The root's value, type and width are the last bytes.
	width, packed := int(data[len(data)-1]), data[len(data)-2]
	if packed>>2 != flexTypeMap || width != 1 && width != 2 && width != 4 && width != 8 || width > len(data)-2 {
		return nil, fmt.Errorf("options are a FlexBuffer of type %d and width %d, want a map", packed>>2, width)
	}
	root := len(data) - 2 - width
	r.data = data[:root+width]
	pos := r.back(root, width, "map")
	all := r.values(pos, 1<<(packed&3), root)
	if r.err != nil {
		return nil, r.err
	}
	return all, nil
}

// values reads the map at pos, which ends before end. Before its values stand their number, the width of its keys'
// offsets and the offset of these.
func (r *flexReader) values(pos, width, end int) []flexValue {
	n := r.uint(pos-width, width, "map's length")
	if n > maxFlexValues {
		r.fail("map at 0x%x has %d values, want at most %d", pos, n, maxFlexValues)
	}
	keyWidth := r.uint(pos-2*width, width, "map's width of keys")
	if keyWidth != 1 && keyWidth != 2 && keyWidth != 4 && keyWidth != 8 {
		r.fail("map at 0x%x has keys of width %d", pos, keyWidth)
	}
	if r.err != nil {
		return nil
	}
	types := pos + int(n)*width
	if types+int(n) > end {
		r.fail("map at 0x%x: %d values of %d bytes and their types end past 0x%x", pos, n, width, end)
		return nil
	}
	keys := r.back(pos-3*width, width, "map's keys")
	if count := r.uint(keys-int(keyWidth), int(keyWidth), "number of keys"); count != n {
		r.fail("map at 0x%x has %d values and %d keys", pos, n, count)
	}
	all := make([]flexValue, 0, n)
	for i := range int(n) {
		v := r.value(pos+i*width, width, r.uint(types+i, 1, "value's type"))
		v.key = r.key(r.back(keys+i*int(keyWidth), int(keyWidth), "key"))
		if i > 0 && v.key <= all[i-1].key {
			r.fail("keys %q and %q are not in order", all[i-1].key, v.key)
		}
		if r.err != nil {
			return nil
		}
		all = append(all, v)
	}
	return all
}

func (r *flexReader) key(pos int) string {
	if r.err != nil {
		return ""
	}
	n := bytes.IndexByte(r.data[pos:min(len(r.data), pos+maxFlexKey+1)], 0)
	if n < 0 {
		r.fail("key at 0x%x without an end within %d bytes", pos, maxFlexKey)
		return ""
	}
	return string(r.data[pos : pos+n])
}

func (r *flexReader) value(pos, width int, packed uint64) (v flexValue) {
	kind := int(packed >> 2)
	switch kind {
	case flexTypeIndirectInt, flexTypeIndirectUint, flexTypeIndirectFloat:
		pos, width = r.back(pos, width, "number"), 1<<(packed&3)
		kind += flexTypeInt - flexTypeIndirectInt
	}
	bits := r.uint(pos, width, "value")
	switch kind {
	case flexTypeInt:
		unused := 64 - 8*width
		v.kind, v.i = flexInt, int64(bits<<unused)>>unused
	case flexTypeUint:
		if v.kind, v.i = flexInt, int64(bits); v.i < 0 {
			r.fail("value %d at 0x%x is too large", bits, pos)
		}
	case flexTypeBool:
		if v.kind, v.i = flexBool, int64(bits); bits > 1 {
			r.fail("bool at 0x%x is %d", pos, bits)
		}
	case flexTypeFloat:
		switch v.kind = flexFloat; width {
		case 4:
			v.f = float64(math.Float32frombits(uint32(bits)))
		case 8:
			v.f = math.Float64frombits(bits)
		default:
			r.fail("float at 0x%x of %d bytes", pos, width)
		}
	}
	return v
}
