package loader

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
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
				again, err := Encode(m, EncodeOptions{})
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
		{"labels as meta", typeLabels, func(e *entry) { e.typ = typeChunks }, nil, nil},
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

// assemble makes a file of sections, raw unless compressed already.
func assemble(sections map[uint16][]byte) []byte {
	f := &fileWriter{}
	for typ := uint16(1); typ < 20; typ++ {
		f.add(typ, flagCritical*(typ%2), sections[typ]) // graph and frontend critical, task not
	}
	return f.file(&Header{})
}

// sectionsOf returns a file's decoded sections.
func sectionsOf(b []byte) map[uint16][]byte {
	d := must(newDecoder(b, Options{}))
	m := map[uint16][]byte{}
	for i := range d.head.entries {
		m[d.head.entries[i].typ] = must(d.content(&d.head.entries[i]))
	}
	return m
}

// TestGraphMutations changes every byte of every decoded section, and cuts them short: an error or a sound model.
func TestGraphMutations(t *testing.T) {
	whole := must(Encode(small(), EncodeOptions{}))
	sections := sectionsOf(whole)
	check := func(typ uint16, b []byte) {
		x := map[uint16][]byte{}
		for k, v := range sections {
			x[k] = v
		}
		x[typ] = b
		m, err := Decode(assemble(x), Options{MaxMemory: 1 << 22})
		if err != nil {
			if !anyClass(err) {
				t.Errorf("section %d: %v", typ, err)
			}
			return
		}
		if err := m.Graph.Validate(); err != nil {
			t.Errorf("section %d: decoded, but %v", typ, err)
		}
	}
	for typ, b := range sections {
		for i := range b {
			check(typ, b[:i])
			for _, v := range []byte{0, 1, 2, 3, 0x7f, 0x80, 0xff, b[i] + 1, b[i] - 1, b[i] ^ 0x40} {
				x := bytes.Clone(b)
				x[i] = v
				check(typ, x)
			}
			check(typ, append(append(bytes.Clone(b[:i]), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1), b[i+1:]...))
		}
		check(typ, append(bytes.Clone(b), 0))
	}
}

func TestUnknownParts(t *testing.T) {
	graphOf := func(ops ...byte) []byte { // a table of operators and the rest empty
		b := append([]byte{graphSyntax, byte(len(ops) / 3)}, ops...)
		return append(b, 0, 0, 0, 0, 0, 0, 0)
	}
	file := func(graph []byte) []byte { return assemble(map[uint16][]byte{typeGraph: graph}) }
	refuse(t, file(graphOf(0xc8, 1, 0, 0xe8, 7, 0)), op.ErrUnsupported, "[200 1000]")
	refuse(t, file([]byte{graphSyntax, 1, 1, 9, 0, 0, 0, 0, 0, 0, 0}), ErrVersion, "Conv2D has arithmetic revision 9")
	refuse(t, file([]byte{graphSyntax + 1}), ErrVersion, "syntax 2")
	refuse(t, file([]byte{graphSyntax, 0x80, 0}), ErrFormat, "shortest form")
	refuse(t, file([]byte{graphSyntax, 0, 1, 1, 'a', 9}), op.ErrUnsupported, "kind 9")
	refuse(t, file(graphOf()), ErrFormat, "no outputs")

	constant := func(tensors []byte, rest ...byte) []byte { // one constant, which is the output
		b := []byte{graphSyntax, 0, 0, 0, 0, 1}
		b = append(append(b, rest...), 0, 1, refNext, 0)
		return assemble(map[uint16][]byte{typeGraph: b, typeTensors: tensors})
	}
	if _, err := Decode(constant([]byte{7, 7}, 4, 1, 2, 0, encRaw, 2), Options{}); err != nil {
		t.Errorf("a constant without meta section: %v", err)
	}
	refuse(t, constant([]byte{7, 7}, 4, 1, 3, 0, encRaw, 2), ErrFormat, "2 bytes stored, type and shape ask for 3")
	refuse(t, constant([]byte{7, 7, 7}, 4, 1, 2, 0, encRaw, 2), ErrFormat, "1 bytes too many")
	refuse(t, constant([]byte{7}, 4, 1, 2, 0, encRaw, 2), ErrFormat, "2 bytes wanted, 1 left")
	refuse(t, constant([]byte{7, 7}, 99, 1, 2, 0, encRaw, 2), op.ErrUnsupported, "dtype(99)")
	refuse(t, constant([]byte{7, 7}, 4, 9, 2, 0, encRaw, 2), ErrFormat, "rank 9")
	refuse(t, constant([]byte{7, 7}, 4, 1, 2, 0, encCodebook, 2), op.ErrUnsupported, "codebook")
	refuse(t, constant([]byte{7, 7}, 4, 1, 2, 0, encSparse, 2), op.ErrUnsupported, "sparse")
	refuse(t, constant([]byte{7, 7}, 4, 1, 2, 0, 99, 2), op.ErrUnsupported, "encoding 99")
	refuse(t, constant([]byte{7, 7}, 4, 1, 2, 0, encPlanes, 2), ErrFormat, "planes of int8")
	refuse(t, constant([]byte{7, 7}, 4, 1, 2, 1, encRaw, 2), ErrFormat, "wants scales")
	refuse(t, constant([]byte{7, 7}, 4, 1, 2, 2, encRaw, 2), ErrFormat, "quantization number 2 of 0")
	refuse(t, constant([]byte{2, 2}, 8, 1, 2, 0, encVarint, 1), ErrFormat, "varints")
	refuse(t, constant([]byte{0xff, 0xff, 0xff, 0xff, 0x7f}, 8, 1, 1, 0, encVarint, 5), ErrFormat, "does not fit int32")
	refuse(t, constant([]byte{7, 7}, 4, 2, 0x80, 0x80, 0x80, 8, 0x80, 0x80, 0x80, 8, 0, encRaw, 2), ErrFormat, "more than")

	s := sectionsOf(must(Encode(small(), EncodeOptions{})))
	s[typeFrontEnd] = []byte(`{"kind":"vector","channels":12,"later":1}`)
	refuse(t, assemble(s), ErrFormat, "frontend", "later")
	s[typeFrontEnd] = []byte(`{"kind":"vector"} x`)
	refuse(t, assemble(s), ErrFormat, "frontend")
	s[typeFrontEnd] = []byte(`{"kind":"vector"}`)
	s[typeTask] = []byte(`{"kind":"none","later":1}`) // not critical here
	if m, err := Decode(assemble(s), Options{}); err != nil || m.Task.Kind != "none" {
		t.Errorf("unknown field of an optional section: %v", err)
	}
}

// allocated is what f allocates in all.
func allocated(f func()) uint64 {
	var a, b runtime.MemStats
	runtime.ReadMemStats(&a)
	f()
	runtime.ReadMemStats(&b)
	return b.TotalAlloc - a.TotalAlloc
}

// TestBombs: small files that claim, or truly hold, a lot. What is allocated stays near the limit.
func TestBombs(t *testing.T) {
	z := must(newCompressor())
	zeros := z.e.EncodeAll(make([]byte, 64<<20), nil)
	dims := []byte{0x80, 0x80, 0x80, 0x20} // 64 Mi
	graph := append([]byte{graphSyntax, 0, 0, 0, 0, 1, 4, 1}, dims...)
	graph = binary.AppendUvarint(append(graph, 0, encZstd), uint64(len(zeros)))
	graph = append(graph, 0, 1, refNext, 0)
	tensorBomb := assemble(map[uint16][]byte{typeGraph: graph, typeTensors: zeros})
	refuse(t, tensorBomb, ErrFormat, "1024 times")

	lie := bytes.Clone(must(Encode(small(), EncodeOptions{})))
	lie = edit(lie, typeMeta, func(e *entry) { e.encoding, e.decoded = encZstd, 1<<40 })
	refuse(t, lie, ErrFormat, "meta", "1024 times")
	honest := z.e.EncodeAll(bytes.Repeat([]byte{graphSyntax}, 1<<20), nil)
	honest = append(honest, make([]byte, 1<<12)...)
	f := &fileWriter{}
	f.add(typeGraph, flagCritical, honest)
	f.entries[0].encoding, f.entries[0].decoded = encZstd, 4000 // holds more than it says
	long := f.file(&Header{})
	refuse(t, long, ErrFormat, "zstd")
	f.entries[0].decoded = 2 << 20 // and less
	refuse(t, f.file(&Header{}), ErrFormat, "zstd")

	many := func(prefix ...byte) []byte { // a count of what costs little in the file and much in memory
		return assemble(map[uint16][]byte{typeGraph: append(prefix, bytes.Repeat([]byte{1}, 200<<10)...)})
	}
	for i, b := range [][]byte{tensorBomb, lie, long,
		many(graphSyntax, 0x80, 0x80, 4), many(graphSyntax, 0, 0x80, 0x80, 4), many(graphSyntax, 0, 0, 0x80, 0x80, 4), many(graphSyntax, 0, 0, 0, 0x80, 0x20),
		many(graphSyntax, 0, 0, 0, 0, 0x80, 0x80, 2), many(graphSyntax, 1, 7, 0, 0, 0, 1, 1, 0, 0, 0, 0x80, 0x80, 2), must(Encode(small(), EncodeOptions{}))} {
		const limit = 1 << 20
		got := allocated(func() { Decode(b, Options{MaxMemory: limit}) })
		if got > limit+uint64(3*len(b))+1<<20 { // 1 MiB for the zstd decoder
			t.Errorf("bomb %d of %d bytes: %d bytes allocated under a limit of %d", i, len(b), got, limit)
		}
	}
	big := must(Encode(&Model{Graph: mlp(784, 128, 10)}, EncodeOptions{}))
	if _, err := Decode(big, Options{MaxMemory: 100 << 10}); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "are left") {
		t.Errorf("limit below the weights: %v", err)
	}
	if _, err := Decode(big, Options{Limits: Limits{FileBytes: 1000}}); !errors.Is(err, ErrFormat) {
		t.Errorf("limit below the file: %v", err)
	}
	if _, err := Decode(big, Options{Limits: Limits{Nodes: 2}}); !errors.Is(err, ErrFormat) {
		t.Errorf("limit below the nodes: %v", err)
	}
}

func TestHeader(t *testing.T) {
	b := must(Encode(small(), EncodeOptions{}))
	h, err := ReadHeader(bytes.NewReader(b), int64(len(b)))
	if err != nil || h.Version != 7 || h.Target != "pi4" || h.ID[2] != 3 || h.Expires != 1893456000 || len(h.Sections) != 8 {
		t.Errorf("%+v, %v", h, err)
	}
	for n := range 200 {
		if _, err := ReadHeader(bytes.NewReader(b[:n]), int64(n)); !anyClass(err) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	if _, err := Sizes(b[:300]); !anyClass(err) {
		t.Error(err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(must(Encode(small(), EncodeOptions{})))
	f.Add(must(Encode(small(), EncodeOptions{Store: true})))
	f.Add(withSignature(must(Encode(&Model{Graph: mlp(3, 2)}, EncodeOptions{})), 64))
	f.Fuzz(func(t *testing.T, b []byte) {
		for range 2 { // as it is, then with right hashes
			m, err := Decode(b, Options{MaxMemory: 1 << 22})
			if err == nil {
				if err := m.Graph.Validate(); err != nil {
					t.Fatal(err)
				}
			} else if !anyClass(err) {
				t.Fatalf("no class: %v", err)
			}
			b = seal(bytes.Clone(b))
		}
	})
}

// FuzzGraph changes the graph section under a frame that is always right.
func FuzzGraph(f *testing.F) {
	for _, m := range []*Model{small(), {Graph: mlp(3, 2)}, {Graph: cnnTiny()}} {
		s := sectionsOf(must(Encode(m, EncodeOptions{})))
		f.Add(s[typeGraph], s[typeTensors])
	}
	f.Fuzz(func(t *testing.T, graph, tensors []byte) {
		m, err := Decode(assemble(map[uint16][]byte{typeGraph: graph, typeTensors: tensors}), Options{MaxMemory: 1 << 22})
		if err != nil {
			if !anyClass(err) {
				t.Fatalf("no class: %v", err)
			}
			return
		}
		b, err := Encode(m, EncodeOptions{Store: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(b, Options{}); err != nil {
			t.Fatal(err)
		}
	})
}
