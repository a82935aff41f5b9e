package loader

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"strings"
	"testing"

	"edgerun/rt/op"
)

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
	refuse(t, file([]byte{onceSyntax + 1}), ErrVersion, "syntax 4")
	refuse(t, file([]byte{onceSyntax, 0, 0, 0, 0, 0, 0}), ErrFormat, "0 nodes run once")
	refuse(t, file([]byte{onceSyntax, 0, 0, 0, 0, 0, 1, 1, 4, 1, 1, 0, encRaw, 0, 0, 1, refNext, 0}), ErrFormat)
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

	two := []byte{graphSyntax, 0, 0, 0, 0, 2, 4, 1, 1, 0, encRaw, 1, 4, 1, 0x80, 16, 0, encRaw, 0x80, 16, 0, 2, refNext, refNext, 0}
	if _, err := Decode(assemble(map[uint16][]byte{typeGraph: two, typeTensors: make([]byte, 64+2048)}), Options{}); err != nil {
		t.Error(err)
	}
	tensors := make([]byte, 64+2048)
	refuse(t, assemble(map[uint16][]byte{typeGraph: append(bytes.Clone(two[:len(two)-4]), 1, refNext, 0), typeTensors: tensors}), ErrFormat, "1 of 2 constants are not used")
	tensors[63] = 1
	refuse(t, assemble(map[uint16][]byte{typeGraph: two, typeTensors: tensors}), ErrFormat, "padding is not zero")

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
	dims := []byte{16, 0x80, 0x80, 0x80, 2} // 16, 4 Mi
	graph := append([]byte{graphSyntax, 0, 0, 0, 0, 1, 4, 2}, dims...)
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
