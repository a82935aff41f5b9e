package main

import (
	"context"
	"path/filepath"
	"testing"

	"edgerun/quant/calib"
)

// TestRanges quantizes the networks that read digits with every way to choose ranges: each keeps the answers of the
// float network.
func TestRanges(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: calibration takes a while on portable kernels")
	}
	const samples = 400
	c := evalCommand()
	c.SetContext(context.Background())
	for _, n := range testNets {
		if n.dir != "digits" {
			continue
		}
		data := n.path("test_x.npy")
		truth, err := readTruth(data, n.path("test_y.npy"), n.model(t, true))
		if err != nil {
			t.Fatal(err)
		}
		evaluate := func(m *model) *evaluation {
			r, err := (&engine{threads: 1}).evaluate(c, m, &preprocessing{}, data, truth, samples, false)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		float := evaluate(n.model(t, false))
		for _, method := range []calib.Method{calib.MinMax, calib.Percentile, calib.Moving, calib.Entropy, calib.MSE} {
			ranged := *n
			ranged.quantize = append([]string{"--range", method.String(), "--samples", "64"}, n.quantize...)
			file := filepath.Join(t.TempDir(), n.name+".edge")
			ranged.quantizeTo(t, file)
			m, err := openModel(file)
			if err != nil {
				t.Fatal(err)
			}
			r := evaluate(m)
			agree := 100 * r.agreement(float)
			t.Logf("%s  %-10v  accuracy %.2f %% (float %.2f %%)  agreement %.2f %%", n.name, method, 100*r.Accuracy, 100*float.Accuracy, agree)
			if agree < 97 || r.Accuracy < float.Accuracy-0.02 {
				t.Errorf("%s, %v: accuracy %.2f %%, agreement %.2f %%", n.name, method, 100*r.Accuracy, agree)
			}
		}
	}
}
