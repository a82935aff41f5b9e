package loader

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/observe"
)

// The sections beside the network: each has one function that writes it and one that reads it.

func encodeMeta(m *Model, g *graphWriter, l *Limits) ([]byte, error) {
	var w builder
	w.text(m.Graph.Name, l.NameBytes, "graph name")
	w.uvarint(uint64(len(m.Graph.Nodes)))
	for _, n := range m.Graph.Nodes {
		w.text(n.Name, l.NameBytes, "node name")
	}
	w.uvarint(uint64(len(g.acts)))
	for _, v := range g.acts {
		w.text(v.Name, l.NameBytes, "value name")
	}
	w.uvarint(uint64(len(g.consts)))
	for _, v := range g.consts {
		w.text(v.Name, l.NameBytes, "constant name")
	}
	w.count(len(m.Meta), l.Entries, "meta data")
	for _, k := range slices.Sorted(maps.Keys(m.Meta)) {
		w.text(k, l.NameBytes, "key")
		w.text(m.Meta[k], l.TextBytes, "meta data")
	}
	return w.b, w.err
}

// names gives every node and value a name, from the meta section where there is one.
func (d *decoder) meta(b []byte) error {
	r, c := d.graph, cursor{b: b}
	if b == nil {
		for i, n := range r.g.Nodes {
			n.Name = fmt.Sprintf("node%d", i)
		}
		for i, v := range r.acts {
			v.Name = fmt.Sprintf("value%d", i)
		}
		for i, v := range r.consts {
			v.Name = fmt.Sprintf("const%d", i)
		}
		return nil
	}
	l := d.limits
	r.g.Name = c.text(l.NameBytes, "graph name")
	list := func(want int, what string, set func(i int, s string)) {
		n := c.count(want, 1, what)
		if c.err == nil && n != want {
			c.fail("%d %s for %d", n, what, want)
		}
		for i := 0; i < n && c.err == nil; i++ {
			set(i, c.text(l.NameBytes, what))
		}
	}
	list(len(r.g.Nodes), "node names", func(i int, s string) { r.g.Nodes[i].Name = s })
	list(len(r.acts), "value names", func(i int, s string) { r.acts[i].Name = s })
	list(len(r.consts), "constant names", func(i int, s string) { r.consts[i].Name = s })
	n := c.count(l.Entries, 2, "meta data")
	if err := d.mem.take(uint64(n)*attrBytes, "meta data"); err != nil {
		return err
	}
	last := ""
	for i := 0; i < n && c.err == nil; i++ {
		k := c.text(l.NameBytes, "key")
		if i > 0 && k <= last {
			c.fail("key %q twice or out of order", k)
		}
		if d.m.Meta == nil {
			d.m.Meta = map[string]string{}
		}
		d.m.Meta[k], last = c.text(l.TextBytes, "meta data"), k
	}
	return c.end()
}

func encodeLabels(labels []string, l *Limits) ([]byte, error) {
	var w builder
	w.count(len(labels), l.Entries, "labels")
	for _, s := range labels {
		w.text(s, l.NameBytes, "label")
	}
	return w.b, w.err
}

func (d *decoder) labels(b []byte) error {
	c := cursor{b: b}
	n := c.count(d.limits.Entries, 1, "labels")
	if err := d.mem.take(16*uint64(n), "labels"); err != nil {
		return err
	}
	for i := 0; i < n && c.err == nil; i++ {
		d.m.Labels = append(d.m.Labels, c.text(d.limits.NameBytes, "label"))
	}
	return c.end()
}

// spec is a specification that travels as JSON.
type spec interface{ Check() error }

func encodeSpec(s spec, l *Limits) ([]byte, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	b, err := json.Marshal(s)
	if err == nil && len(b) > l.TextBytes {
		err = failf(ErrFormat, "specification of %d bytes, the limit is %d", len(b), l.TextBytes)
	}
	return b, err
}

// decodeSpec reads a specification. What a newer writer adds to it is refused in a critical section, and else ignored.
func decodeSpec(b []byte, s spec, critical bool, l *Limits) error {
	if len(b) > l.TextBytes {
		return failf(ErrFormat, "specification of %d bytes, the limit is %d", len(b), l.TextBytes)
	}
	j := json.NewDecoder(bytes.NewReader(b))
	if critical {
		j.DisallowUnknownFields()
	}
	if err := j.Decode(s); err != nil {
		return err
	}
	if _, err := j.Token(); err != io.EOF {
		return failf(ErrFormat, "bytes behind the specification")
	}
	return s.Check()
}

func encodeStats(stats []Stat, l *Limits) ([]byte, error) {
	var w builder
	w.count(len(stats), l.Entries, "statistics")
	for _, s := range stats {
		if err := s.Summary.Check(); err != nil {
			return nil, fmt.Errorf("value %q: %w", s.Value, err)
		}
		w.text(s.Value, l.NameBytes, "value name")
		w.f32(s.Summary.Min)
		w.f32(s.Summary.Max)
		w.varint(int64(s.Summary.Exp))
		w.uvarint(uint64(len(s.Summary.Bins)))
		for _, n := range s.Summary.Bins {
			w.uvarint(n)
		}
	}
	return w.b, w.err
}

func (d *decoder) stats(b []byte) error {
	c := cursor{b: b}
	n := c.count(d.limits.Entries, 11, "statistics")
	for i := 0; i < n && c.err == nil; i++ {
		s := Stat{Value: c.text(d.limits.NameBytes, "value name")}
		y := &s.Summary
		y.Min, y.Max, y.Exp = c.f32(), c.f32(), c.int()
		bins := c.count(observe.SummaryBins, 1, "bins")
		if err := d.mem.take(attrBytes+8*uint64(bins), "statistics"); err != nil {
			return err
		}
		if bins > 0 {
			y.Bins = make([]uint64, bins)
		}
		for k := range y.Bins {
			y.Bins[k] = c.uvarint()
			y.Count += y.Bins[k]
		}
		if c.err == nil {
			if err := y.Check(); err != nil {
				return fmt.Errorf("value %q: %w", s.Value, err)
			}
		}
		d.m.Stats = append(d.m.Stats, s)
	}
	return c.end()
}

func checkGolden(golden []Golden, g *graph.Graph, l *Limits) error {
	if len(golden) > l.Golden {
		return failf(ErrFormat, "%d golden answers, the limit is %d", len(golden), l.Golden)
	}
	for i, a := range golden {
		if len(a.Inputs) != len(g.Inputs) || len(a.Outputs) != len(g.Outputs) {
			return failf(ErrFormat, "golden answer %d has %d inputs and %d outputs, the graph has %d and %d", i, len(a.Inputs),
				len(a.Outputs), len(g.Inputs), len(g.Outputs))
		}
		for k, b := range a.Inputs {
			if len(b) != g.Inputs[k].SizeBytes() {
				return failf(ErrFormat, "golden answer %d: input %d has %d bytes, want %d", i, k, len(b), g.Inputs[k].SizeBytes())
			}
		}
	}
	return nil
}

func encodeGolden(golden []Golden, g *graph.Graph, l *Limits) ([]byte, error) {
	var w builder
	w.uvarint(uint64(len(golden)))
	for _, a := range golden {
		for _, b := range a.Inputs {
			w.b = append(w.b, b...)
		}
		for i := range a.Outputs {
			w.b = append(w.b, a.Outputs[i][:]...)
		}
	}
	return w.b, checkGolden(golden, g, l)
}

func (d *decoder) golden(b []byte) error {
	c, g := cursor{b: b}, d.graph.g
	n := c.count(d.limits.Golden, hashBytes, "golden answers")
	if err := d.mem.take(uint64(n)*uint64(24*len(g.Inputs)+hashBytes*len(g.Outputs)), "golden answers"); err != nil {
		return err
	}
	for i := 0; i < n && c.err == nil; i++ {
		a := Golden{Outputs: make([][hashBytes]byte, len(g.Outputs))}
		for _, v := range g.Inputs {
			a.Inputs = append(a.Inputs, c.bytes(uint64(v.SizeBytes())))
		}
		for k := range a.Outputs {
			copy(a.Outputs[k][:], c.bytes(hashBytes))
		}
		d.m.Golden = append(d.m.Golden, a)
	}
	return c.end()
}
