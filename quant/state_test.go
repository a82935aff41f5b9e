package quant_test

import (
	"bytes"
	"testing"

	"edgerun/kernels"
	"edgerun/quant"
	"edgerun/rt/op"
	"edgerun/rt/op/optest"
	"edgerun/rt/tensor"
)

// TestState converts networks with variables: operators on them stay float32 islands, and none is taken for dead.
func TestState(t *testing.T) {
	for _, c := range optest.Cases() {
		if c.Def != op.LSTM && c.Def != op.SVDF && c.Def != op.Assign {
			continue
		}
		g, err := c.Graph(7)
		if err != nil {
			t.Fatal(err)
		}
		r, err := quant.Convert(g, random{2}, quant.Options{})
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		want, got := run(t, r.Float, kernels.Generic(), 1), run(t, r.Int8, kernels.Best(), 1)
		if !bytes.Equal(tensor.Of32(got).Bytes(), tensor.Of32(want).Bytes()) {
			t.Errorf("%s: the converted network differs", c.Name)
		}
		found := false
		for _, n := range r.Int8.Nodes {
			found = found || n.Op == c.Def
		}
		if !found {
			t.Errorf("%s: the operator is gone", c.Name)
		}
	}
}
