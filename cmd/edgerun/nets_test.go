package main

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"edgerun/loader"
	"edgerun/quant/calib"
	"edgerun/rt/graph"
)

// testNet is one of the networks of testdata, which holds its .onnx and its .edge file.
type testNet struct {
	dir, name string
	quantize  []string // flags that made the .edge file; those of files follow, within dir
	files     []string
	// Bounds of int8 against float32 over the whole test set, in percent: points of accuracy, or of area under the ROC
	// curve for a detector of anomalies; agreement of classes.
	points, agreement float64
	low, high         float64 // what the float32 network reaches
	dims              []string
}

var digitFlags = []string{"--mean", digitMean, "--std", digitStd}

var testNets = []*testNet{
	{dir: "digits", name: "mlp", quantize: digitFlags, files: []string{"--calib", "calib_x.npy", "--labels", "labels.txt"}, points: 0.5, agreement: 98.5, low: 88, high: 98.5},
	{dir: "digits", name: "cnn", quantize: digitFlags, files: []string{"--calib", "calib_x.npy", "--labels", "labels.txt"}, points: 0.5, agreement: 98.5, low: 88, high: 98.5},
	{dir: "objects", name: "resnet", quantize: []string{"--mean", "0.5", "--std", "0.25"}, files: []string{"--calib", "calib_x.npy", "--labels", "labels.txt"}, points: 0.5, agreement: 98.5, low: 88, high: 98.5},
	{dir: "machine", name: "autoencoder", quantize: []string{"--task", "anomaly"}, files: []string{"--calib", "calib_x.npy"}, points: 0.5, agreement: 97, low: 88, high: 98.5},
	{dir: "gestures", name: "gru", files: []string{"--frontend", "features.json", "--calib", "calib_x.npy", "--labels", "labels.txt"}, points: 1, agreement: 97, low: 88, high: 98.5},
	{dir: "spoken", name: "lstm", files: []string{"--frontend", "features.json", "--calib", "calib_x.npy", "--labels", "labels.txt"}, points: 1, agreement: 97, low: 88, high: 98.5},
	{dir: "intents", name: "encoder", quantize: []string{"--dim", "batch=1", "--dim", "seq=24"}, files: []string{"--calib", "calib_x.npy", "--labels", "labels.txt"}, points: 1, agreement: 97, low: 88, high: 98.5, dims: []string{"batch=1", "seq=24"}},
	{dir: "keywords", name: "dscnn", files: []string{"--frontend", "spec.json", "--calib", "calib_x.npy", "--labels", "labels.txt"}, points: 0.5, agreement: 97, low: 88, high: 98.5},
}

func (n *testNet) path(file string) string { return filepath.Join("../../testdata", n.dir, file) }
func (n *testNet) onnx() string            { return n.path(n.name + ".onnx") }
func (n *testNet) edge() string            { return n.path(n.name + ".edge") }

// model returns the network in int8, or in float32 with the front end and the task of the int8 file.
func (n *testNet) model(t testing.TB, int8 bool) *model {
	t.Helper()
	edge, err := openModel(n.edge())
	if err != nil {
		t.Fatal(err)
	}
	if int8 {
		return edge
	}
	m, err := openModel(n.onnx(), n.dims...)
	if err != nil {
		t.Fatal(err)
	}
	shareFrontEnd([]*model{m, edge})
	return m
}

// samples feeds the first n test samples, or all for n = 0.
func (n *testNet) samples(t testing.TB, m *model, limit int) *feeder {
	t.Helper()
	feed, err := newFeeder(m.Graph, m.FrontEnd, openData(t, n.path("test_x.npy")), limit)
	if err != nil {
		t.Fatal(err)
	}
	return feed
}

// quantizeTo runs the command that makes the .edge file.
func (n *testNet) quantizeTo(t testing.TB, file string) {
	t.Helper()
	args := append([]string{n.onnx(), "-o", file}, n.quantize...)
	for i := 0; i < len(n.files); i += 2 {
		args = append(args, n.files[i], n.path(n.files[i+1]))
	}
	c := quantizeCommand()
	c.SetArgs(args)
	c.SetOut(&bytes.Buffer{})
	if err := c.ExecuteContext(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func openData(t testing.TB, path string) calib.Dataset {
	t.Helper()
	ds, err := calib.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

// TestGoldenFiles quantizes the networks: the files are, byte for byte, those in testdata. With EDGERUN_UPDATE set they
// are written anew.
func TestGoldenFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: calibration takes a while on portable kernels")
	}
	for _, n := range testNets {
		file := filepath.Join(t.TempDir(), n.name+".edge")
		n.quantizeTo(t, file)
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if os.Getenv("EDGERUN_UPDATE") != "" {
			if err := os.WriteFile(n.edge(), got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(n.edge())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: quantizing gives other bytes than the file in testdata (EDGERUN_UPDATE=1 writes it)", n.name)
		}
		m, err := loader.Decode(got, loader.Options{})
		if err != nil {
			t.Fatal(err)
		}
		weights, biases, scales := weightBytes(m.Graph)
		sections, err := loader.Sizes(got)
		if err != nil {
			t.Fatal(err)
		}
		network := 0
		for _, s := range sections {
			if s.Network {
				network += s.Stored
			}
		}
		raw := weights + biases + scales
		t.Logf("%s: graph, weights, biases and scales take %d bytes; uncompressed parameters alone %d", n.name, network, raw)
		if n.dir == "digits" && network >= raw {
			t.Errorf("%s: %d bytes are not fewer than %d", n.name, network, raw)
		}
	}
}

// TestPyTorch compares the float path with PyTorch's own outputs: |a−b| ≤ 1e-4·max(1,|b|).
func TestPyTorch(t *testing.T) {
	samples := 200
	if testing.Short() {
		samples = 10
	}
	for _, n := range testNets {
		torch := openData(t, n.path(n.name+"_torch.npy"))
		m := n.model(t, false)
		s := compile(t, m.Graph)
		feed := n.samples(t, m, min(samples, torch.Len()))
		worst := 0.0
		for i := range feed.Len() {
			want, err := torch.Sample(i)
			if err != nil {
				t.Fatal(err)
			}
			if err := feed.Fill(i, s); err != nil {
				t.Fatal(err)
			}
			s.Run()
			for k, v := range s.Output(0).F32() {
				w := float64(want.Numbers[k])
				worst = max(worst, math.Abs(float64(v)-w)/max(1, math.Abs(w)))
			}
		}
		t.Logf("%s: largest difference from PyTorch %.3g", n.name, worst)
		if !(worst <= 1e-4) {
			t.Errorf("%s: an output is %g off", n.name, worst)
		}
	}
}

// TestAccuracy holds the int8 networks to the float ones on the full test sets.
func TestAccuracy(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: full test sets")
	}
	for _, n := range testNets {
		n.checkAccuracy(t, n.model(t, false), n.model(t, true), n.path("test_x.npy"), n.path("test_y.npy"))
	}
}

// requantized returns a copy of the network of another folder, and its two forms.
func (n *testNet) requantized(t *testing.T, dir string) (own *testNet, float, int8 *model) {
	t.Helper()
	testdata, err := filepath.Abs("../../testdata")
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(testdata, dir)
	if err != nil {
		t.Fatal(err)
	}
	moved := *n
	moved.dir = relative
	edge := filepath.Join(t.TempDir(), n.name+".edge")
	moved.quantizeTo(t, edge)
	if int8, err = openModel(edge); err != nil {
		t.Fatal(err)
	}
	if float, err = openModel(moved.onnx()); err != nil {
		t.Fatal(err)
	}
	shareFrontEnd([]*model{float, int8})
	return &moved, float, int8
}

// TestMNIST does the same on networks trained on handwriting; EDGERUN_MNIST names the folder that
// testdata/gen/digits.py --mnist wrote.
func TestMNIST(t *testing.T) {
	dir := os.Getenv("EDGERUN_MNIST")
	if dir == "" {
		t.Skip("EDGERUN_MNIST names no folder: see .ci/full")
	}
	for _, n := range testNets {
		if n.dir != "digits" {
			continue
		}
		mnist := *n
		mnist.points, mnist.files = 0.3, slices.Clone(n.files[:2])
		own, float, int8 := mnist.requantized(t, dir)
		own.checkAccuracy(t, float, int8, own.path("test_x.npy"), own.path("test_y.npy"))
	}
}

// TestSeries does the same on recurrent networks trained on public series; EDGERUN_SERIES names the folder that
// testdata/gen/series.py wrote.
func TestSeries(t *testing.T) {
	dir := os.Getenv("EDGERUN_SERIES")
	if dir == "" {
		t.Skip("EDGERUN_SERIES names no folder: see .ci/full")
	}
	for _, name := range []string{"japanesevowels", "basicmotions"} {
		n := &testNet{name: name, files: []string{"--calib", name + "_calib_x.npy", "--labels", name + "_labels.txt"}, points: 1, agreement: 97, low: 88, high: 100}
		own, float, int8 := n.requantized(t, dir)
		own.checkAccuracy(t, float, int8, own.path(name+"_x.npy"), own.path(name+"_y.npy"))
	}
}

// checkAccuracy evaluates both forms.
func (n *testNet) checkAccuracy(t *testing.T, float, int8 *model, data, labels string) {
	t.Helper()
	truth, err := readTruth(data, labels, int8)
	if err != nil {
		t.Fatal(err)
	}
	c := evalCommand()
	c.SetContext(context.Background())
	var results []*evaluation
	for _, m := range []*model{float, int8} {
		r, err := (&engine{threads: 1}).evaluate(c, m, &preprocessing{}, data, truth, 0, false)
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, r)
	}
	a, b := figure(results[0]), figure(results[1])
	agree := 100 * results[1].agreement(results[0])
	t.Logf("%s: float %.2f %%, int8 %.2f %%, agreement %.2f %%", n.name, a, b, agree)
	// A detector may gain: what lies outside the ranges of healthy samples is clipped, and then not reconstructed.
	if a-b > n.points || results[1].Anomaly == nil && b-a > n.points || agree < n.agreement {
		t.Errorf("%s: int8 %.2f %%, float %.2f %%, agreement %.2f %%", n.name, b, a, agree)
	}
	if a < n.low || a > n.high && n.points >= 0.5 {
		t.Errorf("%s: float %.2f %%, wanted %g to %g", n.name, a, n.low, n.high)
	}
}

// figure is the accuracy of a classifier, the area under the ROC curve of a detector, in percent.
func figure(r *evaluation) float64 {
	if r.Anomaly != nil {
		return 100 * *r.Anomaly.AUC
	}
	return 100 * r.Accuracy
}

// network returns one of the networks that read digits, in float32 or int8.
func network(t testing.TB, name string, int8 bool) *graph.Graph {
	t.Helper()
	i := slices.IndexFunc(testNets, func(n *testNet) bool { return n.name == name })
	return testNets[i].model(t, int8).Graph
}
