package onnx

import (
	"fmt"

	"edgerun/quant/foreign"
	"edgerun/rt/op"
)

// node is an operator of the flat graph: functions are inlined, names unique, references to attributes resolved.
type node struct {
	name, opType, domain string
	in, out              []string // "" for an optional one left out
	attrs                []*attrProto
	opset                int64 // of the default domain, where the node stands
}

// Limits of inlining: how deep functions call each other, and how large the flat graph may grow: flatFactor times the
// nodes that the file stores, and flatFree more. Long names and long lists of them count as further nodes.
const (
	maxCallDepth = 64
	flatFactor   = 16
	flatFree     = 1 << 16
)

type functionKey struct{ domain, name, overload string }

func (k functionKey) String() string { return k.domain + "." + k.name }

// inliner replaces calls of a model's functions by their nodes.
type inliner struct {
	functions map[functionKey]*functionProto
	sizes     map[*functionProto]int
	depths    map[*functionProto]int
	open      map[*functionProto]bool // being measured: meeting one again is recursion
	taken     foreign.Names           // names of values
	limit     int                     // of the flat graph's size
	nodes     []*node
}

// scope is one call: what the names and attributes of a function's body stand for.
type scope struct {
	prefix string // of the function's inner names; "" in the graph
	names  map[string]string
	attrs  map[string]*attrProto
	opset  int64
	inside bool // of a function
}

// inline returns the model's nodes with all functions expanded.
func inline(m *modelProto) ([]*node, error) {
	l := &inliner{
		functions: map[functionKey]*functionProto{}, sizes: map[*functionProto]int{}, depths: map[*functionProto]int{},
		open: map[*functionProto]bool{}, taken: foreign.Names{},
	}
	l.limit = flatFree + flatFactor*len(m.graph.nodes)
	for _, f := range m.functions {
		l.limit += flatFactor * len(f.nodes)
		key := functionKey{domainOf(f.domain), f.name, f.overload}
		if l.functions[key] != nil {
			return nil, fmt.Errorf("function %s defined twice", quote(key.String()))
		}
		l.functions[key] = f
	}
	l.claim(m.graph)
	size, _, err := l.measure(m.graph.nodes)
	if err != nil {
		return nil, err
	}
	if size > l.limit {
		return nil, fmt.Errorf("graph is too large with its functions inlined: more than %d nodes", l.limit)
	}
	opset, err := defaultOpset(m.opsets, "model")
	if err != nil {
		return nil, err
	}
	if opset == 0 && m.irVersion < 3 {
		opset = 1 // older files name no operator set
	}
	return l.nodes, l.expand(m.graph.nodes, &scope{opset: opset})
}

// claim marks the graph's own names as taken.
func (l *inliner) claim(g *graphProto) {
	for _, n := range g.nodes {
		for _, name := range append(n.in[:len(n.in):len(n.in)], n.out...) {
			l.taken[name] = 1
		}
	}
	for _, t := range g.inits {
		l.taken[t.name] = 1
	}
	for _, v := range append(g.inputs[:len(g.inputs):len(g.inputs)], g.outputs...) {
		l.taken[v.name] = 1
	}
}

// callee returns the function that a node calls, or nil.
func (l *inliner) callee(n *nodeProto) *functionProto {
	return l.functions[functionKey{domainOf(n.domain), n.opType, n.overload}]
}

// measure returns the size of nodes once inlined, at most one over the limit, and the depth of calls.
func (l *inliner) measure(nodes []*nodeProto) (size, depth int, err error) {
	for _, n := range nodes {
		size++
		for _, names := range [][]string{n.in, n.out} {
			for _, s := range names {
				size += len(s) / 64
			}
			size += len(names) / 16
		}
		if f := l.callee(n); f != nil {
			if l.open[f] {
				return 0, 0, fmt.Errorf("function %s calls itself", quote(f.domain+"."+f.name))
			}
			if _, ok := l.sizes[f]; !ok {
				if len(l.open) >= maxCallDepth {
					return 0, 0, fmt.Errorf("functions call each other more than %d deep", maxCallDepth)
				}
				l.open[f] = true
				s, d, err := l.measure(f.nodes)
				if err != nil {
					return 0, 0, err
				}
				delete(l.open, f)
				l.sizes[f], l.depths[f] = s, d+1
			}
			size, depth = size+l.sizes[f], max(depth, l.depths[f])
			if depth > maxCallDepth {
				return 0, 0, fmt.Errorf("functions call each other more than %d deep", maxCallDepth)
			}
		}
		size = min(size, l.limit+1)
	}
	return size, depth, nil
}

func (l *inliner) expand(nodes []*nodeProto, s *scope) error {
	for i, p := range nodes {
		n := &node{
			opType: p.opType, domain: domainOf(p.domain), opset: s.opset,
			in: l.rename(s, p.in), out: l.rename(s, p.out), name: p.name,
		}
		if s.inside {
			n.name = s.prefix + p.name
			if p.name == "" {
				n.name = fmt.Sprintf("%s%s_%d", s.prefix, p.opType, i)
			}
		} else if n.name == "" {
			n.name = firstName(n.out, p.opType)
		}
		var err error
		if n.attrs, err = s.resolve(p.attrs); err != nil {
			return fmt.Errorf("node %s (%s): %w", quote(n.name), p.opType, err)
		}
		f := l.callee(p)
		if f == nil {
			l.nodes = append(l.nodes, n)
			continue
		}
		inner, err := l.call(f, n)
		if err != nil {
			return err
		}
		if err := l.expand(f.nodes, inner); err != nil {
			return err
		}
	}
	return nil
}

// call binds a function's inputs, outputs and attributes to those of the calling node.
func (l *inliner) call(f *functionProto, n *node) (*scope, error) {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("node %s (%s.%s): "+format, append([]any{quote(n.name), f.domain, f.name}, args...)...)
	}
	if len(n.in) > len(f.in) || len(n.out) > len(f.out) {
		return nil, fail("%d inputs and %d outputs, function has %d and %d", len(n.in), len(n.out), len(f.in), len(f.out))
	}
	opset, err := defaultOpset(f.opsets, "function "+quote(f.domain+"."+f.name))
	if err != nil {
		return nil, err
	}
	if opset == 0 {
		opset = n.opset
	}
	s := &scope{prefix: prefix(n.name), names: map[string]string{}, attrs: map[string]*attrProto{}, opset: opset, inside: true}
	for i, name := range f.in {
		s.names[name] = ""
		if i < len(n.in) {
			s.names[name] = n.in[i]
		}
	}
	for i, name := range f.out {
		if _, ok := s.names[name]; ok {
			return nil, fail("output %s is also an input or listed twice", quote(name))
		}
		if i < len(n.out) && n.out[i] != "" {
			s.names[name] = n.out[i]
		} else {
			s.names[name] = l.taken.Name(s.prefix + name)
		}
	}
	for _, a := range f.defaults {
		s.attrs[a.name] = a
	}
	for _, a := range n.attrs {
		_, known := s.attrs[a.name]
		for _, name := range f.attrs {
			known = known || name == a.name
		}
		if !known {
			return nil, fail("function has no attribute %s", quote(a.name))
		}
		s.attrs[a.name] = a
	}
	return s, nil
}

// prefix returns what the inner names of a call start with.
func prefix(call string) string {
	if len(call) > 200 {
		call = "call"
	}
	return call + "/"
}

// rename maps a body's names to the caller's.
func (l *inliner) rename(s *scope, names []string) []string {
	if !s.inside {
		return names
	}
	out := make([]string, len(names))
	for i, name := range names {
		if name == "" {
			continue
		}
		actual, ok := s.names[name]
		if !ok {
			actual = l.taken.Name(s.prefix + name)
			s.names[name] = actual
		}
		out[i] = actual
	}
	return out
}

// resolve replaces references to the function's attributes; one that is not given leaves the attribute out.
func (s *scope) resolve(attrs []*attrProto) ([]*attrProto, error) {
	var out []*attrProto
	seen := map[string]bool{}
	for _, a := range attrs {
		if seen[a.name] {
			return nil, fmt.Errorf("attribute %s given twice", quote(a.name))
		}
		seen[a.name] = true
		if a.ref == "" {
			out = append(out, a)
			continue
		}
		if !s.inside {
			return nil, fmt.Errorf("attribute %s refers to %s outside of a function", quote(a.name), quote(a.ref))
		}
		if v := s.attrs[a.ref]; v != nil {
			c := *v
			c.name = a.name
			out = append(out, &c)
		}
	}
	return out, nil
}

// domainOf returns the canonical name of a domain: "" is the default one.
func domainOf(d string) string {
	if d == "ai.onnx" {
		return ""
	}
	return d
}

// The versions of ONNX that the importer knows.
const (
	maxIR    = 13
	maxOpset = 27
)

// defaultOpset returns the version of the default domain's operator set, or 0 where none is imported.
func defaultOpset(opsets []opsetID, who string) (int64, error) {
	var version int64
	for _, o := range opsets {
		if domainOf(o.domain) != "" {
			continue
		}
		if o.version < 1 || o.version > maxOpset {
			return 0, fmt.Errorf("%s: operator set %d %w, want 1 to %d", who, o.version, op.ErrUnsupported, maxOpset)
		}
		if version != 0 && version != o.version {
			return 0, fmt.Errorf("%s imports two operator sets of the default domain: %d and %d", who, version, o.version)
		}
		version = o.version
	}
	return version, nil
}

func firstName(names []string, otherwise string) string {
	for _, s := range names {
		if s != "" {
			return s
		}
	}
	return otherwise
}
