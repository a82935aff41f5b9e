package loader

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"edgerun/rt/op"
)

// seal sets all hashes of a file right again, as far as its table leads.
func seal(b []byte) []byte {
	if len(b) < headerBytes {
		return b
	}
	n := int(binary.LittleEndian.Uint16(b[60:]))
	end := headerBytes + n*entryBytes
	if n > 64 || end+hashBytes > len(b) {
		return b
	}
	for i := headerBytes; i < end; i += entryBytes {
		e := parseEntry(b[i : i+entryBytes])
		if s, err := span(b, e.offset, e.stored); err == nil && e.typ != typeSignature {
			root := rootOf(s)
			copy(b[i+32:], root[:])
		}
	}
	sum := sha256.Sum256(b[:end])
	copy(b[end:], sum[:])
	return b
}

// refuse decodes and wants an error of class, with each of the words.
func refuse(t *testing.T, b []byte, class error, words ...string) {
	t.Helper()
	m, err := Decode(b, Options{})
	if err == nil || m != nil {
		t.Errorf("decoded; want an error with %q", words)
		return
	}
	if !errors.Is(err, class) {
		t.Errorf("%q is not of class %q", err, class)
	}
	for _, w := range append(words, "loader: ") {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
}

func anyClass(err error) bool {
	for _, c := range []error{ErrFormat, ErrVersion, ErrChecksum, op.ErrUnsupported} {
		if errors.Is(err, c) {
			return true
		}
	}
	return false
}

func TestTruncation(t *testing.T) {
	b := must(Encode(small(), EncodeOptions{}))
	for n := range len(b) {
		if _, err := Decode(b[:n], Options{}); !anyClass(err) {
			t.Errorf("%d of %d bytes: %v", n, len(b), err)
		}
		if _, err := Decode(seal(bytes.Clone(b[:n])), Options{}); !anyClass(err) {
			t.Errorf("%d of %d bytes, sealed: %v", n, len(b), err)
		}
	}
	refuse(t, append(bytes.Clone(b), 0), ErrFormat, "sections end at")
}

// withSignature puts a signature section of n bytes in front.
func withSignature(b []byte, n int) []byte {
	h := must(parseHead(b, uint64(len(b)), &defaults))
	f := &fileWriter{entries: []entry{{typ: typeSignature, stored: uint64(n), decoded: uint64(n)}}, content: [][]byte{bytes.Repeat([]byte{0xa5}, n)}}
	for _, e := range h.entries {
		f.entries, f.content = append(f.entries, e), append(f.content, must(span(b, e.offset, e.stored)))
	}
	return f.file(&h.Header)
}

// TestBitFlips: each single bit of a file matters, those of a signature aside.
func TestBitFlips(t *testing.T) {
	plain := must(Encode(small(), EncodeOptions{}))
	b := withSignature(plain, 8)
	m := must(Decode(b, Options{}))
	if again := must(Encode(m, EncodeOptions{})); !bytes.Equal(again, plain) {
		t.Fatal("a signature changes what is decoded")
	}
	sig := must(newDecoder(b, Options{})).find(typeSignature)
	step := 1
	if testing.Short() {
		step = 7
	}
	for bit := 0; bit < 8*len(b); bit += step {
		b[bit/8] ^= 1 << (bit % 8)
		got, err := Decode(b, Options{})
		if at := uint64(bit / 8); at >= sig.offset && at < sig.offset+sig.stored {
			if err != nil || !bytes.Equal(must(Encode(got, EncodeOptions{})), plain) {
				t.Errorf("bit %d of the signature: %v", bit, err)
			}
		} else if !anyClass(err) {
			t.Errorf("bit %d of byte %#x flipped: %v", bit%8, bit/8, err)
		}
		b[bit/8] ^= 1 << (bit % 8)
	}
}

func TestRandomBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for i := range 3000 {
		b := make([]byte, r.IntN(600))
		fillRandom(r, b)
		if i%2 == 0 {
			copy(b, magic+"\x01\x00\x01\x00")
		}
		if _, err := Decode(b, Options{}); !anyClass(err) {
			t.Fatalf("random bytes: %v", err)
		}
	}
}

// TestExtremeFields sets every field of header and table to extremes, with right hashes.
func TestExtremeFields(t *testing.T) {
	b := must(Encode(small(), EncodeOptions{}))
	n := int(binary.LittleEndian.Uint16(b[60:]))
	type field struct{ off, size int }
	fields := []field{{8, 2}, {10, 2}, {12, 4}, {16, 8}, {32, 8}, {40, 8}, {48, 8}, {56, 4}, {60, 2}, {62, 2}}
	for i := range n {
		for _, f := range []field{{0, 2}, {2, 2}, {4, 2}, {6, 2}, {8, 8}, {16, 8}, {24, 8}} {
			fields = append(fields, field{headerBytes + i*entryBytes + f.off, f.size})
		}
	}
	get := func(b []byte, f field) (v uint64) {
		for i := range f.size {
			v |= uint64(b[f.off+i]) << (8 * i)
		}
		return v
	}
	for _, f := range fields {
		old := get(b, f)
		for _, v := range []uint64{0, 1, math.MaxUint64, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint32, 1 << 31, old - 1, old + 1,
			old + 64, old - 64, uint64(len(b)), -old, math.MaxUint64 - old} {
			x := bytes.Clone(b)
			for i := range f.size {
				x[f.off+i] = byte(v >> (8 * i))
			}
			if get(x, f) == old {
				continue
			}
			m, err := Decode(seal(x), Options{})
			if err == nil { // a field that may have any value, or marks a section as optional
				again, err := Encode(m, EncodeOptions{Store: true})
				if err != nil {
					t.Errorf("field at %#x = %#x: %v", f.off, v, err)
				}
				if _, err := Decode(again, Options{}); err != nil {
					t.Errorf("field at %#x = %#x: %v", f.off, v, err)
				}
			} else if !anyClass(err) {
				t.Errorf("field at %#x = %#x: %v", f.off, v, err)
			}
		}
	}
}

// edit changes line i of the table and seals the file.
func edit(b []byte, typ uint16, change func(e *entry)) []byte {
	b = bytes.Clone(b)
	n := int(binary.LittleEndian.Uint16(b[60:]))
	for i := range n {
		line := b[headerBytes+i*entryBytes:][:entryBytes]
		if e := parseEntry(line); e.typ == typ {
			change(&e)
			copy(line, e.append(nil))
		}
	}
	return seal(b)
}

func TestSectionErrors(t *testing.T) {
	b := must(Encode(small(), EncodeOptions{}))
	set16 := func(off int, v uint16) []byte {
		x := bytes.Clone(b)
		binary.LittleEndian.PutUint16(x[off:], v)
		return x
	}
	refuse(t, nil, ErrFormat, "empty")
	refuse(t, []byte("not a model at all, and long enough to hold a whole header of 64"), ErrFormat, `starts with "not a mo"`, "not an .edge file")
	refuse(t, b[:40], ErrFormat, "40 bytes")
	newer := set16(10, 3)
	binary.LittleEndian.PutUint16(newer[8:], 4)
	refuse(t, seal(newer), ErrVersion, "format version 3", "reads version 1")
	if _, err := Decode(seal(set16(8, 9)), Options{}); err != nil {
		t.Errorf("newer writer, same minimum reader: %v", err)
	}
	if _, err := Decode(seal(set16(14, 1)), Options{}); err != nil {
		t.Errorf("a flag that may be ignored: %v", err)
	}
	refuse(t, seal(set16(12, 1)), ErrVersion, "flags 0x1")
	refuse(t, seal(set16(48, 'A')), ErrFormat, "target")
	refuse(t, set16(33, 1), ErrChecksum, "header and section table: checksum mismatch")

	offset := must(newDecoder(b, Options{})).find(typeLabels).offset
	damaged := bytes.Clone(b)
	damaged[offset]++
	refuse(t, damaged, ErrChecksum, fmt.Sprintf(`loader: section "labels" at %#x: checksum mismatch`, offset))

	for _, c := range []struct {
		name   string
		typ    uint16
		change func(e *entry)
		class  error
		words  []string
	}{
		{"unknown optional", typeLabels, func(e *entry) { e.typ, e.flags, e.encoding, e.decoded, e.reserved = 300, 0, 77, 0, 9 }, nil, nil},
		{"unknown critical", typeLabels, func(e *entry) { e.typ, e.flags = 300, flagCritical }, ErrVersion, []string{"section of type 300", "critical"}},
		{"reserved critical", typeLabels, func(e *entry) { e.typ, e.flags = typeKeys, flagCritical }, ErrVersion, []string{`"keys"`}},
		{"duplicate", typeLabels, func(e *entry) { e.typ = typeMeta }, ErrFormat, []string{`"meta"`, "second one"}},
		{"overlap", typeMeta, func(e *entry) { e.offset-- }, ErrFormat, []string{"overlaps"}},
		{"gap", typeMeta, func(e *entry) { e.offset += 64 }, ErrFormat, []string{"not next to"}},
		{"wrap", typeMeta, func(e *entry) { e.stored = -e.offset + 1 }, ErrFormat, []string{"bytes stored"}},
		{"encrypted", typeTensors, func(e *entry) { e.flags |= flagEncrypted }, op.ErrUnsupported, []string{"encrypted"}},
		{"codebook section", typeLabels, func(e *entry) { e.encoding = encCodebook }, op.ErrUnsupported, []string{"codebook"}},
		{"flags", typeMeta, func(e *entry) { e.flags |= 4 }, ErrVersion, []string{"flags 0x4"}},
		{"raw size", typeLabels, func(e *entry) { e.decoded++ }, ErrFormat, []string{"labels"}},
		{"no graph", typeGraph, func(e *entry) { e.typ, e.flags = 300, 0 }, ErrFormat, []string{"graph"}},
		{"late signature", typeGolden, func(e *entry) { e.typ = typeSignature }, ErrFormat, []string{"signature stands first"}},
		{"reserved optional", typeLabels, func(e *entry) { e.typ = typeChunks }, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := edit(b, c.typ, c.change)
			if c.class != nil {
				refuse(t, x, c.class, c.words...)
			} else if m, err := Decode(x, Options{}); err != nil || len(m.Labels) != 0 || m.Graph == nil {
				t.Errorf("%v", err)
			}
		})
	}
}
