// Package op holds the operators: one file each, one Def each.
//
// A Def says everything the rest of edgerun needs to know of an operator: its permanent number in the file format,
// its attributes, the shapes it gives (Infer), how the quantizer treats it, and how to run it. Infer works on upper
// bounds when a program is compiled, and on the extents of the moment when an input is resized; it allocates nothing.
// Prepare runs once, may allocate, and proves all that kernels take for granted. The Step it returns runs hot.
//
// Layout is NHWC, convolution weights are OHWI.
package op

import (
	"errors"
	"fmt"
	"slices"

	"edgerun/kernels"
	"edgerun/rt/tensor"
)

// ErrUnsupported marks an operator, a form of one or an element type that edgerun does not run.
var ErrUnsupported = errors.New("unsupported")

// Def describes an operator.
type Def struct {
	Code  uint16 // permanent number in the .edge format
	Rev   uint8  // revision of the arithmetic: raised when the same inputs would give other bytes
	Name  string
	Attrs []AttrSpec

	// MinIn and MaxIn bound the number of inputs; a missing optional input in between is a nil value.
	MinIn, MaxIn int
	Outs         int

	Infer   func(*Node) error
	Prepare func(*Prepare) (Step, error)

	// InPlace lists the inputs whose memory the first output may take over, element by element.
	InPlace []int
	// Updates lists the inputs that the operator writes too: variables of the session.
	Updates []int
	// View marks an operator whose output is its first input's bytes under another shape: it never runs.
	View bool

	Quant Quantization
	// MACs counts multiply-adds for the extents of the moment; nil means none.
	MACs func(*Node) int
}

// AttrKind is the type of an attribute's value. The numbers are part of the .edge format: never change one.
type AttrKind uint8

const (
	Int AttrKind = iota + 1
	Ints
	Float
	Floats
	String
)

// AttrSpec declares one attribute of a Def. All attributes are optional unless Required.
type AttrSpec struct {
	Name     string
	Kind     AttrKind
	Required bool
}

// Attr is one attribute of a node: the field of its kind is set.
type Attr struct {
	Name string
	Kind AttrKind
	I    []int
	F    []float32
	S    string
}

// Attrs are a node's attributes.
type Attrs []Attr

func (a Attrs) find(name string) *Attr {
	for i := range a {
		if a[i].Name == name {
			return &a[i]
		}
	}
	return nil
}

// Has reports whether the attribute is present.
func (a Attrs) Has(name string) bool { return a.find(name) != nil }

// Int returns the attribute, or def where it is absent.
func (a Attrs) Int(name string, def int) int {
	if p := a.find(name); p != nil && len(p.I) == 1 {
		return p.I[0]
	}
	return def
}

// Ints returns the attribute, or nil. The slice is the node's own.
func (a Attrs) Ints(name string) []int {
	if p := a.find(name); p != nil {
		return p.I
	}
	return nil
}

// Floats returns the attribute, or nil. The slice is the node's own.
func (a Attrs) Floats(name string) []float32 {
	if p := a.find(name); p != nil {
		return p.F
	}
	return nil
}

// Float returns the attribute, or def where it is absent.
func (a Attrs) Float(name string, def float32) float32 {
	if p := a.find(name); p != nil && len(p.F) == 1 {
		return p.F[0]
	}
	return def
}

// String returns the attribute, or def where it is absent.
func (a Attrs) String(name, def string) string {
	if p := a.find(name); p != nil {
		return p.S
	}
	return def
}

// With returns a copy of a in which b replaces or adds its attribute.
func (a Attrs) With(b Attr) Attrs {
	out := slices.DeleteFunc(slices.Clone(a), func(x Attr) bool { return x.Name == b.Name })
	return append(out, b)
}

// IntAttr, IntsAttr and FloatAttr make attributes.
func IntAttr(name string, v int) Attr           { return Attr{Name: name, Kind: Int, I: []int{v}} }
func IntsAttr(name string, v ...int) Attr       { return Attr{Name: name, Kind: Ints, I: v} }
func FloatAttr(name string, v float32) Attr     { return Attr{Name: name, Kind: Float, F: []float32{v}} }
func FloatsAttr(name string, v ...float32) Attr { return Attr{Name: name, Kind: Floats, F: v} }
func StringAttr(name, v string) Attr            { return Attr{Name: name, Kind: String, S: v} }

// Arg is what Infer and Prepare see of an input: its type and, where it is known beforehand, its value.
type Arg struct {
	tensor.Type
	Const *tensor.Tensor // nil for a computed value
	Slot  int            // index of the value's buffer in a Frame; −1 for a missing optional input
}

// Missing reports an optional input that is not there.
func (a *Arg) Missing() bool { return a.Slot < 0 }

// Node is the view of a graph's node that Infer reads and fills: In is given, Infer sets the DType and Shape of Out.
// Quantization of outputs is the graph's business.
type Node struct {
	Attrs Attrs
	In    []Arg
	Out   []Arg
	// Symbols are the extents of the moment of the graph's symbolic dimensions, in the order of graph.Symbols; nil: the
	// bounds, which attributes hold themselves.
	Symbols []int
}

// symbolsAttr says which numbers of a list attribute are symbolic dimensions: for each its index in Node.Symbols, or −1
// for a number that stands for itself.
var symbolsAttr = AttrSpec{Name: "symbols", Kind: Ints}

// extent is number i of a list attribute, at the extents of the moment. Indices past the symbols that there are leave the
// bound.
func (n *Node) extent(list []int, i int) int {
	if n.Symbols == nil {
		return list[i]
	}
	if at := n.Attrs.Ints("symbols"); i < len(at) && at[i] >= 0 && at[i] < len(n.Symbols) {
		return n.Symbols[at[i]]
	}
	return list[i]
}

// Prepare is what an operator's Prepare works with.
type Prepare struct {
	*Node
	Kernels *kernels.Set
}

// Step is a prepared operator. It is immutable: sessions share it.
//
// Run does task i of Tasks; tasks of one step may run at the same time on different workers and write different
// parts of the outputs. Neither allocates.
type Step interface {
	Tasks(*Frame) int
	Run(f *Frame, w *Worker, task int)
	// Info says which kernel runs and what the step keeps and needs.
	Info() Info
}

// Info describes a prepared step for reports and memory plans.
type Info struct {
	Kernel       string
	PackedBytes  int // weights and tables that the program holds
	ScratchBytes int // per worker
}

// Frame is the memory of one session: buffers and current shapes by slot.
type Frame struct {
	Buf   []tensor.Buffer
	Shape []tensor.Shape
}

// Quantization says how the quantizer treats an operator.
type Quantization struct {
	Kind Kind
	// Scale and Zero of the output where Kind is FixedOutput.
	Scale float32
	Zero  int32
	// Weight is the input that holds weights, quantized symmetrically per channel along WeightAxis; Bias the input
	// that holds int32 at scale in·weight. −1 or 0 in the zero value means none (input 0 is never a weight).
	Weight, WeightAxis, Bias int
	// Reals lists constant inputs that stay float32 beside codes.
	Reals []int
}

// Kind is how an operator's output relates to its input when quantized.
type Kind uint8

const (
	FloatOnly   Kind = iota // no int8 form
	OwnRange                // the output has a range of its own
	SameRange               // codes pass through: output and inputs share scale and zero point
	FixedOutput             // the arithmetic fixes the output's scale and zero point
	TiedRange               // as SameRange, but the output may go beyond an input: the quantizer unites their ranges
)

var (
	byCode = map[uint16]*Def{}
	byName = map[string]*Def{}
)

func register(d Def) *Def {
	if byCode[d.Code] != nil || byName[d.Name] != nil {
		panic(fmt.Sprintf("op: code %d or name %q taken", d.Code, d.Name))
	}
	p := &d
	byCode[d.Code], byName[d.Name] = p, p
	return p
}

// ByCode returns the operator with the given file-format number, or nil.
func ByCode(code uint16) *Def { return byCode[code] }

// ByName returns the operator with the given name, or nil.
func ByName(name string) *Def { return byName[name] }

// Defs returns all operators in order of their code.
func Defs() []*Def {
	var all []*Def
	for _, d := range byCode {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b *Def) int { return int(a.Code) - int(b.Code) })
	return all
}

// CheckAttrs reports attributes that the operator does not know, of the wrong kind, or missing.
func (d *Def) CheckAttrs(attrs Attrs) error {
	for i, a := range attrs {
		k := slices.IndexFunc(d.Attrs, func(s AttrSpec) bool { return s.Name == a.Name })
		switch {
		case k < 0:
			return fmt.Errorf("unknown attribute %q", a.Name)
		case d.Attrs[k].Kind != a.Kind:
			return fmt.Errorf("attribute %q has the wrong kind", a.Name)
		case (a.Kind == Int && len(a.I) != 1) || (a.Kind == Float && len(a.F) != 1):
			return fmt.Errorf("attribute %q wants one value", a.Name)
		case attrs[:i].Has(a.Name):
			return fmt.Errorf("attribute %q given twice", a.Name)
		}
	}
	for _, s := range d.Attrs {
		if s.Required && !attrs.Has(s.Name) {
			return fmt.Errorf("attribute %q missing", s.Name)
		}
	}
	return nil
}
