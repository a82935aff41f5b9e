package main

import (
	"context"
	"path/filepath"
	"testing"

	"edgerun/kernels"
	"edgerun/rt/op"
)

// TestCompareCulprit spoils one layer's weights: it alone is bad by itself, and all behind it are bad in the network.
func TestCompareCulprit(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: calibration takes a while on portable kernels")
	}
	net := testNets[1]
	float := net.model(t, false).Graph
	file := filepath.Join(t.TempDir(), "cnn.edge")
	net.quantizeTo(t, file)
	var fc, conv, pool []string // names of the layers' values, in order
	for _, n := range float.Nodes {
		switch n.Op {
		case op.FullyConnected:
			fc = append(fc, n.Out[0].Name)
		case op.Conv2D:
			conv = append(conv, n.Out[0].Name)
		case op.MaxPool2D:
			pool = append(pool, n.Out[0].Name)
		}
	}
	compare := func(spoil bool) map[string]comparedLayer {
		m, err := openModel(file)
		if err != nil {
			t.Fatal(err)
		}
		int8 := m.Graph
		if spoil {
			for _, n := range int8.Nodes {
				if n.Op == op.FullyConnected && n.Out[0].Name == fc[0] {
					w := n.In[1].Const.Data.I8()
					for i := range w[:len(w)/2] {
						w[i] = 0
					}
				}
			}
		}
		c, err := newComparison(float, int8, kernels.Best(), nil)
		if err != nil {
			t.Fatal(err)
		}
		feed, err := newFeeder(float, m.FrontEnd, openData(t, net.path("test_x.npy")), 8)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.run(context.Background(), feed); err != nil {
			t.Fatal(err)
		}
		layers := map[string]comparedLayer{}
		r := c.result(0)
		for _, l := range r.Layers {
			layers[l.Name] = l
		}
		if r.Unmatched != 0 {
			t.Errorf("%d values compared, %d unmatched", len(layers), r.Unmatched)
		}
		if spoil && r.Layers[0].Name != fc[0] {
			t.Errorf("%s comes first", r.Layers[0].Name)
		}
		return layers
	}
	good, bad := compare(false), compare(true)
	relu1, fc1, fc2 := conv[1], fc[0], fc[1]
	for _, name := range []string{relu1, fc1, fc2} {
		if l := good[name]; *l.Alone < 35 || *l.Network < 35 || l.Cosine < 0.999 {
			t.Errorf("%s: alone %.1f dB, network %.1f dB, cosine %g", name, *l.Alone, *l.Network, l.Cosine)
		}
	}
	if l := bad[relu1]; *l.Alone != *good[relu1].Alone || *l.Network != *good[relu1].Network {
		t.Errorf("before the spoiled layer: alone %.1f dB, network %.1f dB", *l.Alone, *l.Network)
	}
	if l := bad[fc1]; *l.Alone > 10 || *l.Network > 10 {
		t.Errorf("the spoiled layer: alone %.1f dB, network %.1f dB", *l.Alone, *l.Network)
	}
	if l := bad[fc2]; *l.Alone < 35 || *l.Network > 15 {
		t.Errorf("behind the spoiled layer: alone %.1f dB, network %.1f dB", *l.Alone, *l.Network)
	}
	if l := good[pool[0]]; l.Alone != nil || l.Network == nil {
		t.Error("max-pooling passes codes on: no noise alone, some in the network")
	}
	if l := good["output"]; l.Clipped == 0 { // int8 LogSoftmax ends at −15.9
		t.Error("nothing of LogSoftmax is clipped")
	}
}
