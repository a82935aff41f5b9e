package main

import (
	"context"
	"testing"

	"edgerun/loader"
	"edgerun/quant/calib"
)

// TestRanges quantizes the built-in networks with every way to choose ranges: each keeps the answers of the float network.
func TestRanges(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: calibration takes a while on portable kernels")
	}
	const calibration, samples = 64, 400
	c := evalCommand()
	c.SetContext(context.Background())
	classes, err := calib.Labels(digitsDir+"test_y.npy", nil)
	if err != nil {
		t.Fatal(err)
	}
	evaluate := func(m *model) *evaluation {
		m.FrontEnd = digits
		r, err := (&engine{threads: 1}).evaluate(c, m, nil, digitsDir+"test_x.npy", &truth{classes: classes}, samples, false)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, net := range demoNets {
		g, err := importONNX(digitsDir+net.file+".onnx", nil)
		if err != nil {
			t.Fatal(err)
		}
		float := evaluate(&model{Model: &loader.Model{Graph: network(t, net.file, false)}, path: net.file})
		for _, method := range []calib.Method{calib.MinMax, calib.Percentile, calib.Moving, calib.Entropy, calib.MSE} {
			q := digitsQuantizer(net.file)
			q.method, q.percentile, q.samples = method, calib.DefaultPercentile, calibration
			m, _, err := q.quantize(context.Background(), g, openData(t, digitsDir+"calib_x.npy"))
			if err != nil {
				t.Fatal(err)
			}
			r := evaluate(&model{Model: m, path: net.file})
			agree := 100 * r.agreement(float)
			t.Logf("%s  %-10v  accuracy %.2f %% (float %.2f %%)  agreement %.2f %%", net.file, method, 100*r.Accuracy, 100*float.Accuracy, agree)
			if agree < 97 || r.Accuracy < float.Accuracy-0.02 {
				t.Errorf("%s, %v: accuracy %.2f %%, agreement %.2f %%", net.file, method, 100*r.Accuracy, agree)
			}
		}
	}
}
