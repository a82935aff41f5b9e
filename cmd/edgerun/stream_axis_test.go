package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"edgerun/loader"
	"edgerun/quant/calib"
)

// TestStreamAxis: rows of a file are frames along the axis of the input that is time, also where that is the last one and a
// step or window has several, in step form and with a network of whole windows.
func TestStreamAxis(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	const side, rows = 28, 32 // the last window begins after 4 frames
	const net = "../../testdata/digits/cnn.onnx"
	frames := make([]float32, rows*side)
	for i := range frames {
		frames[i] = float32(i*i%7 - 3)
	}
	save := func(name string, shape []int, x []float32) {
		var b bytes.Buffer
		if err := calib.WriteNPY(&b, shape, x); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file(name), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	save("rows.npy", []int{rows, side}, frames)
	first, last := frames[:side*side], frames[4*side:]
	for _, axis := range []string{"2", "3"} {
		windows := append(append([]float32(nil), first...), last...)
		if axis == "3" {
			for w := range 2 {
				for i := range side {
					for k := range side {
						windows[(w*side+i)*side+k] = frames[(4*w+k)*side+i]
					}
				}
			}
		}
		save("windows.npy", []int{2, 1, side, side}, windows)
		output(t, runCommand(), net, file("windows.npy"), "--output", file("want.npy"))
		output(t, convertCommand(), net, "--stream="+axis+":2", "-o", file("steps.edge"))
		output(t, runCommand(), "--stream", file("steps.edge"), file("rows.npy"), "--output", file("steps.npy"))
		output(t, runCommand(), "--stream="+axis, "--hop", "4", net, file("rows.npy"), "--output", file("whole.npy"))
		for k, step := range []int{0, 2} {
			want := sampleBytes(t, file("want.npy"), k)
			if !bytes.Equal(sampleBytes(t, file("steps.npy"), step), want) {
				t.Errorf("axis %s: the answer of step %d is not that of its window", axis, step)
			}
			if !bytes.Equal(sampleBytes(t, file("whole.npy"), k), want) {
				t.Errorf("axis %s: the answer of window %d along the sequence is not that of the window", axis, k)
			}
		}
	}
	c := runCommand()
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs([]string{"--stream", net, file("rows.npy")})
	if err := c.ExecuteContext(context.Background()); err == nil || !strings.Contains(err.Error(), "axes [2 3]") || !strings.Contains(err.Error(), "--stream=AXIS") {
		t.Errorf("a window whose axes both fit: error %v", err)
	}
}

// TestTimeAxis reads the axis of time out of a file in step form.
func TestTimeAxis(t *testing.T) {
	for text, want := range map[string]int{"input x, axis 7, 2 frames a step, window of 9": 7, "input a, axis 3, axis 1, 1 frames a step, window of 2": 1, "input x": -1} {
		if got := timeAxis(&model{Model: &loader.Model{Meta: map[string]string{metaStream: text}}}); got != want {
			t.Errorf("%q: axis %d, want %d", text, got, want)
		}
	}
}
