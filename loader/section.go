package loader

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
)

// Section types. The numbers are part of the format: never change one.
const (
	typeGraph       = 1
	typeTensors     = 2
	typeMeta        = 3
	typeLabels      = 4
	typeFrontEnd    = 5
	typeTask        = 6
	typeCalibration = 7
	typeGolden      = 8
	typeKeys        = 9  // reserved: a data key wrapped for each recipient
	typeChunks      = 10 // reserved: the hashes below the roots, for verifying while streaming
	typeSignature   = 0xffff
)

var sectionNames = map[uint16]string{typeGraph: "graph", typeTensors: "tensors", typeMeta: "meta", typeLabels: "labels",
	typeFrontEnd: "frontend", typeTask: "task", typeCalibration: "calibration", typeGolden: "golden", typeKeys: "keys",
	typeChunks: "chunks", typeSignature: "signature"}

// readable reports whether this reader reads sections of the type.
func readable(t uint16) bool { return t >= typeGraph && t <= typeGolden }

const (
	flagCritical  = 1 << 0 // a reader that does not know the section must refuse the file
	flagEncrypted = 1 << 1 // reserved
	knownFlags    = flagCritical | flagEncrypted
)

// Encodings of sections and tensors. The numbers are part of the format: never change one.
const (
	encRaw      = 0
	encZstd     = 1
	encPlanes   = 2  // tensors only: zstd of all first bytes, all second bytes, …
	encVarint   = 3  // tensors only: zigzag LEB128 numbers
	encCodebook = 16 // reserved
	encSparse   = 17 // reserved
)

var encodingNames = map[uint16]string{encRaw: "raw", encZstd: "zstd", encPlanes: "planes", encVarint: "varint",
	encCodebook: "codebook", encSparse: "sparse"}

func encodingName(e uint16) string {
	if s, ok := encodingNames[e]; ok {
		return s
	}
	return fmt.Sprintf("encoding %d", e)
}

// entry is one line of the section table.
type entry struct {
	typ, flags, encoding    uint16
	reserved                uint16
	offset, stored, decoded uint64
	root                    [hashBytes]byte
}

func parseEntry(b []byte) entry {
	le := binary.LittleEndian
	e := entry{typ: le.Uint16(b), flags: le.Uint16(b[2:]), encoding: le.Uint16(b[4:]), reserved: le.Uint16(b[6:]),
		offset: le.Uint64(b[8:]), stored: le.Uint64(b[16:]), decoded: le.Uint64(b[24:])}
	copy(e.root[:], b[32:entryBytes])
	return e
}

func (e *entry) append(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint16(b, e.typ)
	b = le.AppendUint16(b, e.flags)
	b = le.AppendUint16(b, e.encoding)
	b = le.AppendUint16(b, e.reserved)
	b = le.AppendUint64(b, e.offset)
	b = le.AppendUint64(b, e.stored)
	b = le.AppendUint64(b, e.decoded)
	return append(b, e.root[:]...)
}

// String names the section in errors.
func (e *entry) String() string {
	if name, ok := sectionNames[e.typ]; ok {
		return fmt.Sprintf("section %q at %#x", name, e.offset)
	}
	return fmt.Sprintf("section of type %d at %#x", e.typ, e.offset)
}

// checkEntries holds the table against the file's size: every section begins less than 64 bytes behind the one before
// it, and the last one ends the file.
func checkEntries(entries []entry, end, size uint64) error {
	seen := map[uint16]bool{}
	for i := range entries {
		e := &entries[i]
		if seen[e.typ] {
			return failf(ErrFormat, "%v: a second one of this type", e)
		}
		seen[e.typ] = true
		if e.offset < end || e.offset-end >= align {
			return failf(ErrFormat, "%v: overlaps, out of order or not next to what is before it, which ends at %#x", e, end)
		}
		if e.stored == 0 || e.stored > size || e.offset > size-e.stored {
			return failf(ErrFormat, "%v: %d bytes stored, the file has %d", e, e.stored, size)
		}
		end = e.offset + e.stored
		if err := e.check(i); err != nil {
			return at(err, "%v", e)
		}
		if e.typ == typeTensors && !seen[typeGraph] {
			return failf(ErrFormat, "%v: stands before the graph", e)
		}
	}
	if end != size {
		return failf(ErrFormat, "sections end at %#x, the file at %#x", end, size)
	}
	if !seen[typeGraph] {
		return failf(ErrFormat, "no section \"graph\"")
	}
	return nil
}

// check reports what cannot be right whatever the section holds, and what this reader cannot read.
func (e *entry) check(index int) error {
	switch {
	case e.typ == typeSignature:
		if index != 0 || e.root != [hashBytes]byte{} || e.flags != 0 || e.encoding != encRaw || e.decoded != e.stored || e.reserved != 0 {
			return failf(ErrFormat, "a signature stands first, without flags, encoding and root")
		}
		return nil
	case !readable(e.typ):
		if e.flags&flagCritical != 0 {
			return failf(ErrVersion, "critical, and this reader (format version %d) does not know it", Version)
		}
		return nil
	case e.flags&flagEncrypted != 0:
		return at(errEncrypted, "encrypted")
	case e.flags&^knownFlags != 0 || e.reserved != 0:
		return failf(ErrVersion, "flags %#x and reserved field %#x, which this reader does not know", e.flags, e.reserved)
	case e.encoding != encRaw && (e.encoding != encZstd || e.typ == typeTensors):
		return at(errEncoding, "%s", encodingName(e.encoding))
	case e.encoding == encRaw && e.decoded != e.stored:
		return failf(ErrFormat, "raw, but %d bytes stored and %d decoded", e.stored, e.decoded)
	case e.decoded == 0 || e.decoded > math.MaxInt64:
		return failf(ErrFormat, "%d bytes decoded", e.decoded)
	case e.typ == typeTensors && e.offset%align != 0:
		return failf(ErrFormat, "not aligned to %d bytes", align)
	}
	return nil
}

// chunkBytes is how much of a section each hash below its root covers.
const chunkBytes = 64 << 10

// rootOf is the SHA-256 over the SHA-256s of the chunks of b.
func rootOf(b []byte) [hashBytes]byte {
	all := sha256.New()
	for len(b) > 0 {
		n := min(len(b), chunkBytes)
		sum := sha256.Sum256(b[:n])
		all.Write(sum[:])
		b = b[n:]
	}
	var root [hashBytes]byte
	all.Sum(root[:0])
	return root
}

// SectionInfo describes a section for reports.
type SectionInfo struct {
	Name     string `json:"name"`
	Type     uint16 `json:"type"`
	Offset   int    `json:"offset"`
	Stored   int    `json:"stored_bytes"`
	Decoded  int    `json:"decoded_bytes"`
	Encoding string `json:"encoding"`
	Critical bool   `json:"critical"`
	// Network marks what the network is made of, graph, weights, biases and scales, as against what describes it.
	Network bool   `json:"network"`
	Parts   []Part `json:"parts,omitempty"` // of the section "tensors", from Sizes only
}

// Part is a share of the section "tensors": its scales, weights, biases or other constants.
type Part struct {
	Name    string `json:"name"`
	Stored  int    `json:"stored_bytes"`
	Decoded int    `json:"decoded_bytes"`
}

func (e *entry) info() SectionInfo {
	name, ok := sectionNames[e.typ]
	if !ok {
		name = fmt.Sprintf("type %d", e.typ)
	}
	return SectionInfo{Name: name, Type: e.typ, Offset: int(e.offset), Stored: int(e.stored), Decoded: int(e.decoded),
		Encoding: encodingName(e.encoding), Critical: e.flags&flagCritical != 0, Network: e.typ == typeGraph || e.typ == typeTensors}
}
