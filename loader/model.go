package loader

import (
	"context"
	"math"

	"edgerun/rt/frontend"
	"edgerun/rt/graph"
	"edgerun/rt/observe"
	"edgerun/rt/task"
)

// Model is what an .edge file holds.
type Model struct {
	Graph *graph.Graph

	ID      [16]byte // of the model, the same in all its versions; zeros mean none
	Version uint64   // rises with each version
	Target  string   // board that it is for, up to 8 of a-z, 0-9 and -; "" means any
	Expires int64    // Unix seconds; 0 means never. Decode does not look at the clock.

	Labels   []string
	FrontEnd *frontend.Spec // nil: none
	Task     *task.Spec     // nil: none
	Stats    []Stat
	Golden   []Golden
	Meta     map[string]string
}

// Stat is what calibration saw of a value: what a drift monitor compares with.
type Stat struct {
	Value   string // name in the float graph
	Summary observe.Summary
}

// Golden is an input with the hashes of the right outputs, for checking a device.
type Golden struct {
	Inputs  [][]byte // little-endian elements of each graph input, at its largest shape
	Outputs [][32]byte
}

// EncodeOptions choose how a file is written.
type EncodeOptions struct {
	// Store leaves everything uncompressed, so that weights can be mapped.
	Store bool
}

// Encode returns the model as an .edge file. The same model gives the same bytes.
func Encode(m *Model, o EncodeOptions) ([]byte, error) {
	b, err := encode(context.Background(), m, o)
	if err != nil {
		return nil, at(err, "loader: encode")
	}
	return b, nil
}

func encode(ctx context.Context, m *Model, o EncodeOptions) ([]byte, error) {
	l := Options{}.withDefaults().Limits
	if err := checkTarget(m.Target); err != nil {
		return nil, err
	}
	if m.Expires < 0 {
		return nil, failf(ErrFormat, "expiry %d", m.Expires)
	}
	p, f := &packer{}, &fileWriter{}
	if !o.Store {
		z, err := newCompressor()
		if err != nil {
			return nil, err
		}
		p.compress = func(b []byte) []byte {
			if ctx.Err() != nil {
				return nil
			}
			return z.compress(b)
		}
		f.compress = p.compress
	}
	structure, gw, err := encodeGraph(m.Graph, p, &l)
	if err != nil {
		return nil, at(err, "graph")
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.add(typeGraph, flagCritical, structure)
	f.add(typeTensors, flagCritical, p.b)
	for _, s := range []struct {
		typ, flags uint16
		there      bool
		content    func() ([]byte, error)
	}{
		{typeMeta, 0, true, func() ([]byte, error) { return encodeMeta(m, gw, &l) }},
		{typeLabels, 0, len(m.Labels) > 0, func() ([]byte, error) { return encodeLabels(m.Labels, &l) }},
		{typeFrontEnd, flagCritical, m.FrontEnd != nil, func() ([]byte, error) { return encodeSpec(m.FrontEnd, &l) }},
		{typeTask, flagCritical, m.Task != nil, func() ([]byte, error) { return encodeSpec(m.Task, &l) }},
		{typeCalibration, 0, len(m.Stats) > 0, func() ([]byte, error) { return encodeStats(m.Stats, &l) }},
		{typeGolden, 0, len(m.Golden) > 0, func() ([]byte, error) { return encodeGolden(m.Golden, m.Graph, &l) }},
	} {
		if !s.there {
			continue
		}
		b, err := s.content()
		if err != nil {
			return nil, at(err, "%s", sectionNames[s.typ])
		}
		f.add(s.typ, s.flags, b)
	}
	b := f.file(&Header{ID: m.ID, Version: m.Version, Expires: m.Expires, Target: m.Target})
	if int64(len(b)) > l.FileBytes {
		return nil, failf(ErrFormat, "file of %d bytes, the limit is %d", len(b), l.FileBytes)
	}
	return b, ctx.Err()
}

// fileWriter puts sections together.
type fileWriter struct {
	compress func([]byte) []byte // nil result: not worth it
	entries  []entry
	content  [][]byte
}

func (f *fileWriter) add(typ, flags uint16, b []byte) {
	if len(b) == 0 {
		return
	}
	e := entry{typ: typ, flags: flags, decoded: uint64(len(b))}
	if typ != typeTensors && f.compress != nil {
		if z := f.compress(b); z != nil {
			e.encoding, b = encZstd, z
		}
	}
	e.stored, e.root = uint64(len(b)), rootOf(b)
	f.entries, f.content = append(f.entries, e), append(f.content, b)
}

func (f *fileWriter) file(hd *Header) []byte {
	end := uint64(headerBytes + len(f.entries)*entryBytes + hashBytes)
	for i := range f.entries {
		e := &f.entries[i]
		if e.typ == typeTensors {
			end += -end & (align - 1)
		}
		e.offset = end
		end += e.stored
	}
	h := &head{Header: *hd, entries: f.entries}
	b := h.appendHead(make([]byte, 0, end))
	for i, content := range f.content {
		b = append(b, make([]byte, f.entries[i].offset-uint64(len(b)))...)
		b = append(b, content...)
	}
	return b
}

// Decode reads an .edge file. Any bytes give a model or an error, and take no more memory than the options allow.
// Constants are copies, aligned as kernels want them; golden inputs may share b's memory.
func Decode(b []byte, o Options) (*Model, error) {
	d, err := newDecoder(b, o)
	if err == nil {
		defer d.zstd.close()
		err = d.decode()
	}
	if err != nil {
		return nil, at(err, "loader")
	}
	return &d.m, nil
}

// Sizes checks a whole file and says what takes how many bytes, without decoding weights.
func Sizes(b []byte) ([]SectionInfo, error) {
	d, err := newDecoder(b, Options{})
	if err == nil {
		defer d.zstd.close()
		err = d.structure()
	}
	if err != nil {
		return nil, at(err, "loader")
	}
	for i := range d.head.Sections {
		s := &d.head.Sections[i]
		if s.Type != typeTensors {
			continue
		}
		s.Decoded = 0
		for k, p := range d.graph.u.parts {
			if p.Stored > 0 || p.Decoded > 0 {
				p.Name = partNames[k]
				s.Parts = append(s.Parts, p)
				s.Decoded += p.Decoded
			}
		}
	}
	return d.head.Sections, nil
}

// decoder reads one file whose header, table and roots hold.
type decoder struct {
	b      []byte
	limits *Limits
	mem    *budget
	zstd   *decompressor
	head   *head
	graph  *graphReader
	m      Model
}

func newDecoder(b []byte, o Options) (*decoder, error) {
	o = o.withDefaults()
	o.MaxMemory = min(o.MaxMemory, math.MaxInt/2)
	h, err := parseHead(b, uint64(len(b)), &o.Limits)
	if err != nil {
		return nil, err
	}
	d := &decoder{b: b, limits: &o.Limits, mem: &budget{o.MaxMemory, o.MaxMemory}, zstd: &decompressor{}, head: h}
	end := h.end
	for i := range h.entries {
		e := &h.entries[i]
		gap, err := span(b, end, e.offset-end)
		if err != nil {
			return nil, err
		}
		for _, v := range gap {
			if v != 0 {
				return nil, failf(ErrFormat, "%v: padding before it is not zero", e)
			}
		}
		stored, err := span(b, e.offset, e.stored)
		if err != nil {
			return nil, err
		}
		if e.typ != typeSignature && rootOf(stored) != e.root {
			return nil, at(ErrChecksum, "%v", e)
		}
		end = e.offset + e.stored
	}
	return d, nil
}

// find returns the table's line of a type, or nil.
func (d *decoder) find(typ uint16) *entry {
	for i := range d.head.entries {
		if d.head.entries[i].typ == typ {
			return &d.head.entries[i]
		}
	}
	return nil
}

// content returns a section's decoded bytes, nil where it is missing.
func (d *decoder) content(e *entry) ([]byte, error) {
	if e == nil {
		return nil, nil
	}
	stored, err := span(d.b, e.offset, e.stored)
	if err != nil || e.encoding == encRaw {
		return stored, err
	}
	if err := checkRatio(e.stored, e.decoded); err != nil {
		return nil, err
	}
	if err := d.mem.take(e.decoded, "the section"); err != nil {
		return nil, err
	}
	b := make([]byte, e.decoded)
	return b, d.zstd.decompress(b, stored)
}

// structure reads the graph, without constants and inferred types.
func (d *decoder) structure() error {
	e := d.find(typeGraph)
	b, err := d.content(e)
	if err != nil {
		return at(err, "%v", e)
	}
	u := &unpacker{zstd: d.zstd, mem: d.mem}
	if u.b, err = d.content(d.find(typeTensors)); err != nil {
		return err
	}
	d.graph, err = parseGraph(b, u, d.limits)
	return at(err, "%v", e)
}

func (d *decoder) decode() error {
	if err := d.structure(); err != nil {
		return err
	}
	for i := range d.graph.vars {
		if err := d.graph.loadVariable(i); err != nil {
			return at(err, "%v: variable %d", d.find(typeTensors), i)
		}
	}
	for i := range d.graph.consts {
		if err := d.graph.load(i); err != nil {
			return at(err, "%v: constant %d", d.find(typeTensors), i)
		}
	}
	m, h := &d.m, &d.head.Header
	m.Graph, m.ID, m.Version, m.Target, m.Expires = d.graph.g, h.ID, h.Version, h.Target, h.Expires
	e := d.find(typeMeta)
	b, err := d.content(e)
	if err == nil {
		err = d.meta(b)
	}
	if err != nil {
		return at(err, "%v", e)
	}
	if err := m.Graph.Infer(); err != nil {
		return at(err, "%v", d.find(typeGraph))
	}
	if err := m.Graph.Validate(); err != nil {
		return at(err, "%v", d.find(typeGraph))
	}
	for i := range d.head.entries {
		if err := d.section(&d.head.entries[i]); err != nil {
			return at(err, "%v", &d.head.entries[i])
		}
	}
	return nil
}

// section reads one of the sections that stand on their own.
func (d *decoder) section(e *entry) error {
	var read func([]byte) error
	critical := e.flags&flagCritical != 0
	switch e.typ {
	case typeLabels:
		read = d.labels
	case typeFrontEnd:
		d.m.FrontEnd = &frontend.Spec{}
		read = func(b []byte) error { return decodeSpec(b, d.m.FrontEnd, critical, d.limits) }
	case typeTask:
		d.m.Task = &task.Spec{}
		read = func(b []byte) error { return decodeSpec(b, d.m.Task, critical, d.limits) }
	case typeCalibration:
		read = d.stats
	case typeGolden:
		read = d.golden
	default:
		return nil
	}
	b, err := d.content(e)
	if err != nil {
		return err
	}
	return read(b)
}
