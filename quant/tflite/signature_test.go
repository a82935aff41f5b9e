package tflite

import (
	"strings"
	"testing"
)

// TestSignature: the names of the only signature of the first subgraph are those of inputs and outputs, if they are of use.
func TestSignature(t *testing.T) {
	named := func(name string, i int32) fbTable { return fbTable{name, i} }
	signature := func(in, out []fbTable, subgraph int32) fbTable {
		return fbTable{in, out, "serving_default", nil, subgraph}
	}
	in, out := []fbTable{named("image", 0)}, []fbTable{named("logits", 5)}
	for _, c := range []struct {
		name       string
		signatures []fbTable
		in, out    string
	}{
		{"none", nil, "x", "z"},
		{"one", []fbTable{signature(in, out, 0)}, "image", "logits"},
		{"of another subgraph", []fbTable{signature(in, out, 1)}, "x", "z"},
		{"two", []fbTable{signature(in, out, 0), signature(in, out, 0)}, "x", "z"},
		{"one of the first subgraph", []fbTable{signature(in, out, 1), signature(in, out, 0)}, "image", "logits"},
		{"no output", []fbTable{signature(in, nil, 0)}, "x", "z"},
		{"empty", []fbTable{signature([]fbTable{named("", 0)}, out, 0)}, "x", "z"},
		{"twice", []fbTable{signature(append(in, named("image", 1)), out, 0)}, "x", "z"},
	} {
		m := smallModel()
		m.signatures = c.signatures
		g, err := Parse(m.bytes(), Options{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if a, b := g.Inputs[0].Name, g.Outputs[0].Name; a != c.in || b != c.out {
			t.Errorf("%s: names %q and %q, want %q and %q", c.name, a, b, c.in, c.out)
		}
	}
	m := smallModel()
	m.signatures = []fbTable{signature([]fbTable{named("image", 77)}, out, 0)}
	if _, err := Parse(m.bytes(), Options{}); err == nil || !strings.Contains(err.Error(), "tensor 77 outside [0,6)") {
		t.Errorf("tensor outside: %v", err)
	}
}
