package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"edgerun/quant/calib"
	"edgerun/rt/frontend"
)

// TestUpsideDown tunes a network that knows the movements of a watch to one worn upside down, and measures by
// cross-validation, all by the command line. EDGERUN_SERIES names the folder that testdata/gen/series.py wrote.
func TestUpsideDown(t *testing.T) {
	dir := os.Getenv("EDGERUN_SERIES")
	if dir == "" {
		t.Skip("EDGERUN_SERIES names no folder: see .ci/full")
	}
	own := t.TempDir()
	learnt, fresh := sharedFile(t, "timeseries/BasicMotions_TRAIN.ts"), sharedFile(t, "timeseries/BasicMotions_TEST.ts")
	spec := filepath.Join(own, "features.json")
	b, err := json.Marshal(normalisation(t, learnt))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(spec, b, 0o600); err != nil {
		t.Fatal(err)
	}
	model := filepath.Join(own, "m.edge")
	output(t, quantizeCommand(), filepath.Join(dir, "basicmotions.onnx"), "--calib", learnt, "--frontend", spec, "--labels", filepath.Join(dir, "basicmotions_labels.txt"), "-o", model)
	down := filepath.Join(own, "down.ts")
	if err := os.WriteFile(down, []byte(turned(t, learnt)+turned(t, fresh)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{fresh, down} {
		text := output(t, finetuneCommand(), model, "--data", data, "--folds", "5")
		t.Logf("%s:\n%s", filepath.Base(data), text)
		var before, after, spread float64
		line := strings.TrimSpace(text[strings.LastIndex(text, "mean ± sd"):])
		fields := strings.Fields(strings.TrimPrefix(line, "mean ± sd"))
		if len(fields) < 6 {
			t.Fatalf("no table:\n%s", text)
		}
		if _, err := fmt.Sscan(strings.Join([]string{fields[0], fields[2], fields[3]}, " "), &before, &spread, &after); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		if data == down && (before > 70 || after < before+10) || data == fresh && after < 95 {
			t.Errorf("%s: accuracy %.2f %% before, %.2f %% after", filepath.Base(data), before, after)
		}
	}
}

// normalisation brings each dimension of a file's series to mean 0 and deviation 1.
func normalisation(t *testing.T, path string) *frontend.Spec {
	t.Helper()
	d, err := calib.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var sums, squares []float64
	n := 0.0
	for i := range d.Len() {
		s, err := d.Sample(i)
		if err != nil {
			t.Fatal(err)
		}
		dims := s.Shape[1]
		if sums == nil {
			sums, squares = make([]float64, dims), make([]float64, dims)
		}
		for k, v := range s.Numbers {
			sums[k%dims] += float64(v)
			squares[k%dims] += float64(v) * float64(v)
		}
		n += float64(s.Shape[0])
	}
	spec := &frontend.Spec{Kind: frontend.KindVector, Channels: len(sums)}
	for k := range sums {
		mean := sums[k] / n
		spec.Mean = append(spec.Mean, float32(mean))
		spec.Std = append(spec.Std, float32(math.Sqrt(squares[k]/n-mean*mean)))
	}
	return spec
}

// turned is a file of motions by a watch turned by half a circle about its first axis: of acceleration and of rotation
// (three dimensions each) two change their sign. Of the files only TRAIN has a head.
func turned(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if strings.Contains(path, "TRAIN") {
		out.WriteString("@classLabel true\n@data\n")
	}
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "@") {
			continue
		}
		dims := strings.Split(strings.TrimSpace(line), ":")
		for k := range dims {
			if !slices.Contains([]int{1, 2, 4, 5}, k) {
				continue
			}
			values := strings.Split(dims[k], ",")
			for i, v := range values {
				if v, minus := strings.CutPrefix(v, "-"); minus {
					values[i] = v
				} else {
					values[i] = "-" + v
				}
			}
			dims[k] = strings.Join(values, ",")
		}
		out.WriteString(strings.Join(dims, ":") + "\n")
	}
	return out.String()
}
