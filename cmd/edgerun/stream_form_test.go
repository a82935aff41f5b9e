package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"edgerun/loader"
	"edgerun/quant/calib"
	"edgerun/rt/frontend"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// TestStreamForm writes trained networks in step form, float and int8, and runs them along a sample: after its last frame
// the answer is that of the whole sample, to the bit.
func TestStreamForm(t *testing.T) {
	for _, c := range []struct{ folder, model, step string }{{"gestures", "gru", ""}, {"gestures", "gru", "=1:4"}, {"spoken", "lstm", "=input=1:2"}} {
		dir := t.TempDir()
		file := func(name string) string { return filepath.Join(dir, name) }
		data := filepath.Join("../../testdata", c.folder)
		onnx, calibration := filepath.Join(data, c.model+".onnx"), filepath.Join(data, "calib_x.npy")
		if err := os.WriteFile(file("one.npy"), firstSample(t, filepath.Join(data, "test_x.npy"), false), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file("batch.npy"), firstSample(t, filepath.Join(data, "test_x.npy"), true), 0o644); err != nil {
			t.Fatal(err)
		}
		text := output(t, convertCommand(), onnx, "--stream"+c.step, "-o", file("float.steps.edge"))
		if !strings.Contains(text, "in step form: ") || !strings.Contains(text, "remembers the whole sequence") {
			t.Errorf("%s: convert says %q", c.model, text)
		}
		output(t, convertCommand(), onnx, "-o", file("float.edge"))
		output(t, quantizeCommand(), onnx, "--calib", calibration, "--samples", "20", "--stream"+c.step, "-o", file("int8.steps.edge"))
		output(t, quantizeCommand(), onnx, "--calib", calibration, "--samples", "20", "-o", file("int8.edge"))
		for _, form := range []string{"float", "int8"} {
			output(t, runCommand(), "--stream", file(form+".steps.edge"), file("one.npy"), "--output", file("steps.npy"))
			output(t, runCommand(), file(form+".edge"), file("batch.npy"), "--output", file("whole.npy"))
			steps, whole := sampleBytes(t, file("steps.npy"), -1), sampleBytes(t, file("whole.npy"), 0)
			if !bytes.Equal(steps, whole) {
				t.Errorf("%s%s %s: the last step's answer differs from the whole sample's", c.model, c.step, form)
			}
		}
	}
}

// TestStreamWarmup: a network of windows in step form gives no answer before it has seen a whole one, unless asked to.
func TestStreamWarmup(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	const rows, steps, window, step = 41, 20, 28, 2
	var csv strings.Builder
	for i := range rows * 28 {
		end := ","
		if i%28 == 27 {
			end = "\n"
		}
		fmt.Fprintf(&csv, "%d%s", i*i%7-3, end)
	}
	lines := strings.SplitAfter(csv.String(), "\n")
	last := strings.Join(lines[steps*step-window:steps*step], "")
	for name, text := range map[string]string{"rows.csv": csv.String(), "short.csv": strings.Join(lines[:20], ""), "window.csv": strings.ReplaceAll(strings.TrimSpace(last), "\n", ",")} {
		if err := os.WriteFile(file(name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	output(t, convertCommand(), "../../testdata/digits/cnn.onnx", "--stream=2", "-o", file("steps.edge"))
	text := output(t, runCommand(), "--stream", file("steps.edge"), file("rows.csv"), "--output", file("late.npy"))
	const silent = window/step - 1
	if !strings.Contains(text, fmt.Sprintf("no answer to the first %d of %d steps", silent, steps)) || strings.Count(text, "rows.csv[") != steps-silent || !strings.Contains(text, fmt.Sprintf("rows.csv[%d]:", silent)) {
		t.Errorf("run --stream says %q", text)
	}
	all := output(t, runCommand(), "--stream", "--warming", file("steps.edge"), file("rows.csv"), "--output", file("all.npy"))
	if strings.Contains(all, "no answer") || strings.Count(all, "rows.csv[") != steps {
		t.Errorf("run --stream --warming says %q", all)
	}
	for k := range steps - silent {
		if !bytes.Equal(sampleBytes(t, file("late.npy"), k), sampleBytes(t, file("all.npy"), silent+k)) {
			t.Errorf("answer %d is not the one after %d steps", k, silent+k+1)
		}
	}
	output(t, runCommand(), "../../testdata/digits/cnn.onnx", file("window.csv"), "--output", file("whole.npy"))
	if !bytes.Equal(sampleBytes(t, file("late.npy"), -1), sampleBytes(t, file("whole.npy"), 0)) {
		t.Error("the last answer is not that of the last window")
	}
	text = output(t, runCommand(), "--stream", file("steps.edge"), file("short.csv"), "--output", file("none.npy"))
	if !strings.Contains(text, "no answer to the first 10 of 10 steps") || strings.Contains(text, "short.csv[") {
		t.Errorf("a sequence shorter than a window: %q", text)
	}
}

// firstSample is an .npy file of the first sample of another, with or without the axis of samples.
func firstSample(t *testing.T, path string, batch bool) []byte {
	t.Helper()
	d, err := calib.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := d.Sample(0)
	if err != nil {
		t.Fatal(err)
	}
	shape := s.Shape
	if batch {
		shape = append([]int{1}, shape...)
	}
	var b bytes.Buffer
	if err := calib.WriteNPY(&b, shape, s.Numbers); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sampleBytes are the numbers of a sample; −1 is the last.
func sampleBytes(t *testing.T, path string, i int) []byte {
	t.Helper()
	d, err := calib.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if i < 0 {
		i += d.Len()
	}
	s, err := d.Sample(i)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(tensor.Of32(s.Numbers).Bytes())
}

// TestStreamRefusal: padding on both sides is refused by the layer's name, and a flag that says nothing by what it wants.
func TestStreamRefusal(t *testing.T) {
	for flag, want := range map[string]string{"--stream": "Conv2D): pads 5 frames behind the window's end", "--stream=x": "want [INPUT=][AXIS][:STEP]",
		"--stream=nobody=2": "want one of input", "--stream=9": "axis 9"} {
		c := convertCommand()
		c.SilenceErrors, c.SilenceUsage = true, true
		c.SetArgs([]string{"../../testdata/keywords/dscnn.onnx", flag, "-o", filepath.Join(t.TempDir(), "x.edge")})
		if err := c.ExecuteContext(context.Background()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", flag, err, want)
		}
	}
}

// TestIslands: inspect and bench name the layers of an int8 network that stayed float32, and why.
func TestIslands(t *testing.T) {
	x := &graph.Value{Name: "x", Type: tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(1, 4)}}
	codes := tensor.PerTensor(0.1, 0)
	g := &graph.Graph{Inputs: []*graph.Value{x}}
	add := func(d *op.Def, name string, attrs op.Attrs, in ...*graph.Value) *graph.Value {
		n, err := g.Add(d, name, attrs, in...)
		if err != nil {
			t.Fatal(err)
		}
		if n.Out[0].DType == tensor.Int8 {
			n.Out[0].Quant = codes
		}
		return n.Out[0]
	}
	v := add(op.Dequantize, "reals", nil, add(op.Quantize, "codes", nil, x))
	v = add(op.CumSum, "running", op.Attrs{op.IntAttr("axis", 1)}, v)
	v = add(op.Tanh, "odd", nil, v)
	g.Outputs = []*graph.Value{add(op.Dequantize, "end", nil, add(op.Quantize, "back", nil, v))}
	path := filepath.Join(t.TempDir(), "mixed.edge")
	m := &loader.Model{Graph: g, Meta: map[string]string{whyPrefix + "odd": "scale 7 has no int8 form"}}
	if err := loader.WriteFileContext(context.Background(), path, m, loader.EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
	want := "  float32 island: running (CumSum): the operator has no int8 form; odd (Tanh): scale 7 has no int8 form [1 Dequantize in, 1 Quantize out]\n"
	if text := output(t, inspectCommand(), path); !strings.Contains(text, want) {
		t.Errorf("inspect: want %q in\n%s", want, text)
	}
	if text := output(t, benchCommand(), path, "--runs", "2", "--warmup", "0"); !strings.Contains(text, want) {
		t.Errorf("bench: want %q in\n%s", want, text)
	}
}

// TestFrameAxis finds a front end's frames in a network's input.
func TestFrameAxis(t *testing.T) {
	for _, c := range []struct {
		features []int
		last     bool
		in       []int
		want     int
	}{{[]int{1, 49, 10}, false, []int{1, 49, 10}, 1}, {[]int{1, 49, 10}, false, []int{1, 1, 49, 10}, 2}, {[]int{1, 10, 49}, true, []int{1, 10, 49}, 2},
		{[]int{1, 10, 10}, false, []int{1, 10, 10}, -1}, {[]int{1, 49, 10}, false, []int{1, 490}, -1}} {
		in := &graph.Value{Type: tensor.Type{Shape: tensor.MakeShape(c.in...)}}
		if got := frameAxis(c.features, c.last, in); got != c.want {
			t.Errorf("features %v in %v: axis %d, want %d", c.features, c.in, got, c.want)
		}
	}
}

// TestStreamFrontEnd: the front end of the file gives the frames of one step.
func TestStreamFrontEnd(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "steps.edge")
	spec := filepath.Join(dir, "spec.json")
	if err := os.WriteFile(spec, []byte(`{"kind":"window","length":2400,"frame":100,"hop":100}`), 0o644); err != nil {
		t.Fatal(err)
	}
	text := output(t, convertCommand(), "../../testdata/spoken/lstm.onnx", "--frontend", spec, "--stream=:2", "-o", path)
	if !strings.Contains(text, "a step begins 200 samples after the one before") {
		t.Errorf("convert says %q", text)
	}
	m, err := loader.ReadFile(path, loader.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if m.FrontEnd.Length != 200 || !strings.Contains(m.Meta["stream"], "axis 1, 2 frames a step, window of 24") {
		t.Errorf("front end %+v, meta %v", m.FrontEnd, m.Meta)
	}

	// A sound goes in at the file's own hop.
	const spoken = "../../testdata/spoken/"
	output(t, convertCommand(), spoken+"lstm.onnx", "--frontend", spoken+"spec.json", "--stream", "-o", path)
	own := output(t, runCommand(), "--stream", path, spoken+"example_seven.wav")
	if own != output(t, runCommand(), "--stream", "--hop", "640", path, spoken+"example_seven.wav") || strings.Count(own, "wav[") != 24 {
		t.Errorf("run --stream says %q", own)
	}
	if text := output(t, runCommand(), path, spoken+"example_seven.wav"); !strings.Contains(text, "is in step form") {
		t.Errorf("run without --stream says %q", text)
	}
	for _, c := range []struct{ rate, hop int }{{16000, 640}, {44100, 1764}, {0, 0}, {11, 0}} {
		m := &model{Model: &loader.Model{FrontEnd: &frontend.Spec{Signal: frontend.Signal{SampleRate: 16000}}, Meta: map[string]string{metaHop: "640"}}}
		if got, err := stepHop(m, c.rate); got != c.hop || (err != nil) != (c.rate == 11) {
			t.Errorf("at %d samples a second: hop %d, %v, want %d", c.rate, got, err, c.hop)
		}
	}
}
