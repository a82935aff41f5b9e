package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"edgerun/kernels"
	"edgerun/loader"
	"edgerun/quant/calib"
	"edgerun/rt"
	"edgerun/rt/frontend"
	"edgerun/rt/graph"
)

const digitsDir = "../../testdata/digits/"

// digits is the front end of the built-in networks.
var digits = &frontend.Spec{Kind: frontend.KindPicture, Width: 28, Height: 28, Channels: 1, Layout: frontend.NCHW,
	Resize: frontend.Squash, Scale: 1.0 / 255, Mean: []float32{0.1307}, Std: []float32{0.3081}}

func digitsQuantizer(name string) *quantizeOptions {
	labels, err := readLines(digitsDir + "labels.txt")
	if err != nil {
		panic(err)
	}
	return &quantizeOptions{pre: preprocessing{scale: "1/255", mean: digitMean, std: digitStd, resize: frontend.Squash}, name: name, labels: labels}
}

func openData(t testing.TB, path string) calib.Dataset {
	t.Helper()
	ds, err := calib.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

// TestGoldenFiles quantizes the built-in networks: the files are, byte for byte, those in testdata. With -update they
// are written anew.
func TestGoldenFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: calibration takes a while on portable kernels")
	}
	for _, net := range demoNets {
		g, err := importONNX(digitsDir+net.file+".onnx", nil)
		if err != nil {
			t.Fatal(err)
		}
		m, _, err := digitsQuantizer(net.file).quantize(context.Background(), g, openData(t, digitsDir+"calib_x.npy"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := loader.Encode(m, loader.EncodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		path := digitsDir + net.file + ".edge"
		if os.Getenv("EDGERUN_UPDATE") != "" {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: quantizing gives other bytes than the file in testdata (EDGERUN_UPDATE=1 writes it)", net.file)
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
		t.Logf("%s: graph, weights, biases and scales take %d bytes; uncompressed parameters alone %d", net.file, network, raw)
		if network >= raw {
			t.Errorf("%s: %d bytes are not fewer than %d", net.file, network, raw)
		}
	}
}

// goldenHashes are the SHA-256 of the outputs for the first 20, 200 and 2000 test pictures. Every kernel set of every
// machine, with any number of threads, must give them.
var goldenHashes = map[string]map[int]string{
	"mlp float32": {
		20:   "62f6ba4012183cf4133af69cd0eefe12411d7889a77d1da738cbf32627fd3554",
		200:  "2b0d01200c1df4265403cf75aba506c5242e24e974544632d2a181bbaf7cd271",
		2000: "abcf60ce7c45e10e14b3df5771e897a520ead8e6edb7a42d87b3db4c41b13c39",
	},
	"mlp int8": {
		20:   "e1577be45256ab7907959b441b129af8ae3960a43dac85c244e33907851a5d36",
		200:  "e3167302eb84d31feeaa3c064e3ddf3c9feb2719cf4589ea463bec6fe36833f8",
		2000: "e6d2b5425b427765e0aa44391b54209382e4b47363b2cb3aa01e6d7a9218522f",
	},
	"cnn float32": {
		20:   "6de811c601982a2d533a476eaa3eef02ea777dcd938b6ae18c82665c16685043",
		200:  "800b93ee9e3f7895f7788ca2b9d2ba4c9196c15eb45865ed5564e03ef82354b6",
		2000: "e20ede41234c51594037a50ee2160e3fb5c3498c72f098fe6236b662443bfc3a",
	},
	"cnn int8": {
		20:   "28173aee65a218cba0c46654d91d50d94fc43af1a6c6397315bc34cf77fd75b2",
		200:  "538c066465131c5a0957a208e1ade23b5778531834c454dbca23f4dab4e03607",
		2000: "e5cd7bae59c00f857a40fe2cb35221d626c77aa46d8c5b9aa32082a84f1c9a7b",
	},
}

// network returns one of the built-in networks in float32 or int8.
func network(t testing.TB, name string, int8 bool) *graph.Graph {
	t.Helper()
	path := digitsDir + name + ".onnx"
	if int8 {
		path = digitsDir + name + ".edge"
	}
	m, err := openModel(path)
	if err != nil {
		t.Fatal(err)
	}
	return m.Graph
}

// hashOutputs runs the first n pictures and hashes the outputs as they are in memory.
func hashOutputs(t testing.TB, g *graph.Graph, set *kernels.Set, threads, n int) string {
	t.Helper()
	prog, err := rt.Compile(g, rt.Options{Kernels: set})
	if err != nil {
		t.Fatal(err)
	}
	pool := rt.NewPool(threads)
	defer pool.Close()
	s := prog.NewSession(pool)
	feed, err := newFeeder(g, digits, openData(t, digitsDir+"test_x.npy"), n)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	for i := range feed.Len() {
		if err := feed.Fill(i, s); err != nil {
			t.Fatal(err)
		}
		s.Run()
		h.Write(s.Output(0).Bytes())
	}
	return hex.EncodeToString(h.Sum(nil))
}

// TestOneHash runs both networks in both element types on every kernel set with 1, 2 and 3 threads, over the first 20
// test pictures. With EDGERUN_FULL set these are all 2000, or 200 under an emulator, and the hashes are printed.
func TestOneHash(t *testing.T) {
	n, full, emulated := 20, os.Getenv("EDGERUN_FULL") != "", os.Getenv("EDGERUN_UNDER_QEMU") != ""
	switch {
	case full && emulated:
		n = 200
	case full:
		n = 2000
	}
	for _, net := range demoNets {
		for _, int8 := range []bool{false, true} {
			name := net.file + " float32"
			if int8 {
				name = net.file + " int8"
			}
			g := network(t, net.file, int8)
			for _, set := range kernels.All() {
				for threads := 1; threads <= 3; threads++ {
					if emulated && set.Name == "generic" && threads > 1 {
						continue // portable float32 under an emulator takes minutes
					}
					got := hashOutputs(t, g, set, threads, n)
					if want := goldenHashes[name][n]; got != want {
						t.Errorf("%s, %s, %d threads: hash %s of %d pictures, want %s", name, set.Name, threads, got, n, want)
					}
					if full {
						fmt.Printf("%s, %s, %d thread(s), %d pictures: sha256 %s\n", name, set.Name, threads, n, got)
					}
				}
			}
		}
	}
}

// TestNoAllocation: Run allocates nothing, for both networks and element types, with 1 and 2 threads; the arena is at
// most 1.10 times what lives at once.
func TestNoAllocation(t *testing.T) {
	for _, net := range demoNets {
		for _, int8 := range []bool{false, true} {
			prog, err := rt.Compile(network(t, net.file, int8), rt.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for threads := 1; threads <= 2; threads++ {
				pool := rt.NewPool(threads)
				s := prog.NewSession(pool)
				randomInputs(s)
				if n := testing.AllocsPerRun(20, s.Run); n != 0 {
					t.Errorf("%s, int8 %v, %d threads: Run allocates %v times", net.file, int8, threads, n)
				}
				pool.Close()
			}
			p := prog.Plan()
			t.Logf("%s, int8 %v: arena %d bytes, peak %d", net.file, int8, p.ArenaBytes, p.PeakBytes)
			if p.ArenaBytes*100 > p.PeakBytes*110 {
				t.Errorf("%s, int8 %v: arena of %d bytes for a peak of %d", net.file, int8, p.ArenaBytes, p.PeakBytes)
			}
		}
	}
}

// TestPyTorch compares the float path with PyTorch's own outputs: |a−b| ≤ 1e-4·max(1,|b|).
func TestPyTorch(t *testing.T) {
	n := 200
	if testing.Short() {
		n = 10
	}
	for _, net := range demoNets {
		g := network(t, net.file, false)
		prog, err := rt.Compile(g, rt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := prog.NewSession(nil)
		feed, err := newFeeder(g, digits, openData(t, digitsDir+"test_x.npy"), n)
		if err != nil {
			t.Fatal(err)
		}
		torch := openData(t, digitsDir+net.file+"_torch.npy")
		worst := 0.0
		for i := range n {
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
		t.Logf("%s: largest difference from PyTorch %.3g", net.file, worst)
		if !(worst <= 1e-4) {
			t.Errorf("%s: an output is %g off", net.file, worst)
		}
	}
}

// TestAccuracy holds the int8 networks to the float ones on the full test set: within 0.5 points, agreement 98.5 %.
func TestAccuracy(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: full test sets")
	}
	for _, net := range demoNets {
		checkAccuracy(t, digitsDir+net.file+".onnx", digitsDir+net.file+".edge", digitsDir, 0.5, 98.5)
	}
}

// TestMNIST does the same on networks trained on handwriting; EDGERUN_MNIST names the folder that
// testdata/gen/digits.py --mnist wrote.
func TestMNIST(t *testing.T) {
	dir := os.Getenv("EDGERUN_MNIST")
	if dir == "" {
		t.Skip("EDGERUN_MNIST names no folder: see .ci/full")
	}
	for _, net := range demoNets {
		g, err := importONNX(filepath.Join(dir, net.file+".onnx"), nil)
		if err != nil {
			t.Fatal(err)
		}
		m, _, err := digitsQuantizer(net.file).quantize(context.Background(), g, openData(t, filepath.Join(dir, "calib_x.npy")))
		if err != nil {
			t.Fatal(err)
		}
		edge := filepath.Join(t.TempDir(), net.file+".edge")
		if err := loader.WriteFile(edge, m, loader.EncodeOptions{}); err != nil {
			t.Fatal(err)
		}
		checkAccuracy(t, filepath.Join(dir, net.file+".onnx"), edge, dir+"/", 0.3, 98.5)
	}
}

func checkAccuracy(t *testing.T, float, int8, dir string, points, agreement float64) {
	t.Helper()
	classes, err := calib.Labels(dir+"test_y.npy", nil)
	if err != nil {
		t.Fatal(err)
	}
	c := evalCommand()
	c.SetContext(context.Background())
	var results []*evaluation
	for _, path := range []string{float, int8} {
		m, err := openModel(path)
		if err != nil {
			t.Fatal(err)
		}
		m.FrontEnd = digits
		r, err := (&engine{threads: 1}).evaluate(c, m, nil, dir+"test_x.npy", &truth{classes: classes}, 0, false)
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, r)
	}
	a, b := 100*results[0].Accuracy, 100*results[1].Accuracy
	agree := 100 * results[1].agreement(results[0])
	fmt.Printf("%s: float %.2f %%, int8 %.2f %%, agreement %.2f %%\n", int8, a, b, agree)
	if math.Abs(a-b) > points || agree < agreement {
		t.Errorf("%s: int8 %.2f %%, float %.2f %%, agreement %.2f %%", int8, b, a, agree)
	}
}
