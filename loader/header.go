package loader

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"strings"
)

// Version is the version of the format that this package writes and reads.
const Version = 1

const (
	magic       = "\x89EDGE\r\n\x1a"
	headerBytes = 64
	entryBytes  = 64
	hashBytes   = sha256.Size
	targetBytes = 8
	align       = 64
	// Header flags in the upper half may be ignored, those in the lower half may not.
	ignorableFlags = 0xffff0000
)

// Header is what a file says before its sections.
type Header struct {
	FormatVersion uint16   `json:"format_version"` // of the writer
	MinReader     uint16   `json:"min_reader"`     // least version of a reader
	ID            [16]byte `json:"id"`             // of the model, the same in all its versions; zeros mean none
	Version       uint64   `json:"version"`        // of the model, rising
	Expires       int64    `json:"expires"`        // Unix seconds; 0 means never
	Target        string   `json:"target"`         // board; "" means any
	// Hash is the SHA-256 of header and section table. The table holds each section's root, so Hash stands for the
	// whole file, a signature aside.
	Hash     [hashBytes]byte `json:"hash"`
	Sections []SectionInfo   `json:"sections"`
}

// head is a parsed header with its table.
type head struct {
	Header
	entries []entry
	end     uint64 // offset of the first byte behind the hash
}

// tableEnd checks the fixed part of a header and returns where the hash of header and table ends.
func tableEnd(b []byte, l *Limits) (uint64, error) {
	if len(b) == 0 {
		return 0, failf(ErrFormat, "empty; want an .edge file")
	}
	if !bytes.HasPrefix(b, []byte(magic)) {
		return 0, failf(ErrFormat, "starts with %q, want %q: not an .edge file", b[:min(len(b), len(magic))], magic)
	}
	if len(b) < headerBytes {
		return 0, failf(ErrFormat, "%d bytes; the header alone takes %d", len(b), headerBytes)
	}
	le := binary.LittleEndian
	version, least := le.Uint16(b[8:]), le.Uint16(b[10:])
	if least > Version {
		return 0, failf(ErrVersion, "needs a reader of format version %d, this one reads version %d", least, Version)
	}
	if least < 1 || version < least {
		return 0, failf(ErrFormat, "format version %d with minimum reader version %d", version, least)
	}
	if off := le.Uint32(b[56:]); off != headerBytes {
		return 0, failf(ErrFormat, "section table at %#x, want %#x", off, headerBytes)
	}
	n := int(le.Uint16(b[60:]))
	if n < 1 || n > l.Sections {
		return 0, failf(ErrFormat, "%d sections, want 1 to %d", n, l.Sections)
	}
	if size := le.Uint16(b[62:]); size != entryBytes {
		return 0, failf(ErrFormat, "table entries of %d bytes, want %d", size, entryBytes)
	}
	return headerBytes + uint64(n)*entryBytes + hashBytes, nil
}

// parseHead reads header and table of a file of size bytes whose beginning is b, and checks all that they say.
func parseHead(b []byte, size uint64, l *Limits) (*head, error) {
	if size > uint64(l.FileBytes) {
		return nil, failf(ErrFormat, "file of %d bytes, the limit is %d", size, l.FileBytes)
	}
	end, err := tableEnd(b, l)
	if err != nil {
		return nil, err
	}
	all, err := span(b, 0, end)
	if err != nil {
		return nil, at(err, "section table")
	}
	signed := all[:end-hashBytes]
	h := &head{end: end}
	h.Hash = sha256.Sum256(signed)
	if !bytes.Equal(h.Hash[:], all[end-hashBytes:]) {
		return nil, at(ErrChecksum, "header and section table")
	}
	le := binary.LittleEndian
	h.FormatVersion, h.MinReader = le.Uint16(b[8:]), le.Uint16(b[10:])
	if flags := le.Uint32(b[12:]); flags&^ignorableFlags != 0 {
		return nil, failf(ErrVersion, "header has flags %#x, which this reader does not know", flags)
	}
	copy(h.ID[:], b[16:32])
	h.Version = le.Uint64(b[32:])
	if h.Expires = int64(le.Uint64(b[40:])); h.Expires < 0 {
		return nil, failf(ErrFormat, "expiry %d", h.Expires)
	}
	h.Target = strings.TrimRight(string(b[48:56]), "\x00")
	if err := checkTarget(h.Target); err != nil {
		return nil, err
	}
	for i := uint64(headerBytes); i < uint64(len(signed)); i += entryBytes {
		h.entries = append(h.entries, parseEntry(signed[i:i+entryBytes]))
	}
	if err := checkEntries(h.entries, end, size); err != nil {
		return nil, err
	}
	for i := range h.entries {
		h.Sections = append(h.Sections, h.entries[i].info())
	}
	return h, nil
}

func checkTarget(s string) error {
	if len(s) > targetBytes {
		return failf(ErrFormat, "target %q is longer than %d bytes", s, targetBytes)
	}
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-') {
			return failf(ErrFormat, "target %q: want a-z, 0-9 and -", s)
		}
	}
	return nil
}

// appendHead writes header, table and their hash. Offsets and roots of the entries are set.
func (h *head) appendHead(b []byte) []byte {
	le := binary.LittleEndian
	start := len(b)
	b = append(b, magic...)
	b = le.AppendUint16(b, Version)
	b = le.AppendUint16(b, Version)
	b = le.AppendUint32(b, 0)
	b = append(b, h.ID[:]...)
	b = le.AppendUint64(b, h.Version)
	b = le.AppendUint64(b, uint64(h.Expires))
	var target [targetBytes]byte
	copy(target[:], h.Target)
	b = append(b, target[:]...)
	b = le.AppendUint32(b, headerBytes)
	b = le.AppendUint16(b, uint16(len(h.entries)))
	b = le.AppendUint16(b, entryBytes)
	for i := range h.entries {
		b = h.entries[i].append(b)
	}
	sum := sha256.Sum256(b[start:])
	return append(b, sum[:]...)
}

// ReadHeader reads and checks the header and the section table of a file of size bytes, and nothing else of it.
func ReadHeader(r io.ReaderAt, size int64) (*Header, error) {
	l := Options{}.withDefaults().Limits
	if size < 0 {
		return nil, failf(ErrFormat, "loader: file of %d bytes", size)
	}
	b := make([]byte, min(size, headerBytes))
	if _, err := r.ReadAt(b, 0); err != nil && err != io.EOF {
		return nil, err
	}
	end, err := tableEnd(b, &l)
	if err != nil {
		return nil, at(err, "loader")
	}
	b = make([]byte, min(uint64(size), end))
	if _, err := r.ReadAt(b, 0); err != nil && err != io.EOF {
		return nil, err
	}
	h, err := parseHead(b, uint64(size), &l)
	if err != nil {
		return nil, at(err, "loader")
	}
	return &h.Header, nil
}
