package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"edgerun/rt"
	"edgerun/rt/frontend"
)

// TestKeywordsFromSounds runs the keyword network from .wav files and from the features that are stored beside them:
// inputs and answers are equal to the bit. Under an emulator these are one of each class.
func TestKeywordsFromSounds(t *testing.T) {
	n := testNets[len(testNets)-1]
	m := n.model(t, true)
	sounds, err := newFeeder(m.Graph, m.FrontEnd, openData(t, n.path("test")), 0)
	if err != nil {
		t.Fatal(err)
	}
	features := n.samples(t, m, 0)
	const classes, soundsEach, featuresEach = 11, 3, 50
	if sounds.Len() != classes*soundsEach || features.Len() != classes*featuresEach {
		t.Fatalf("%d sounds, %d features", sounds.Len(), features.Len())
	}
	s := compile(t, m.Graph)
	step := 1
	if emulated() {
		step = soundsEach
	}
	for i := 0; i < sounds.Len(); i += step {
		var in, out [2][]byte
		for k, feed := range []*feeder{sounds, features} {
			at := i
			if k == 1 { // the sounds are those of a class's first features
				at = i/soundsEach*featuresEach + i%soundsEach
			}
			if err := feed.Fill(at, s); err != nil {
				t.Fatal(err)
			}
			in[k] = bytes.Clone(s.Input(0).Bytes())
			s.Run()
			out[k] = bytes.Clone(s.Output(0).Bytes())
		}
		if !bytes.Equal(in[0], in[1]) || !bytes.Equal(out[0], out[1]) {
			t.Fatalf("sound %d: inputs equal: %v, outputs equal: %v", i, bytes.Equal(in[0], in[1]), bytes.Equal(out[0], out[1]))
		}
	}
}

// TestKeywordsWindow: from a window of samples to the answer, nothing is allocated.
func TestKeywordsWindow(t *testing.T) {
	m := testNets[len(testNets)-1].model(t, true)
	fe, err := frontend.New(*m.FrontEnd)
	if err != nil {
		t.Fatal(err)
	}
	answers, err := newAnswerer(m, 1)
	if err != nil {
		t.Fatal(err)
	}
	prog, err := rt.Compile(m.Graph, rt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := prog.NewSession(nil)
	samples := make([]float32, m.FrontEnd.Length)
	for i := range samples {
		samples[i] = float32(i%200)/100 - 1
	}
	if allocs := testing.AllocsPerRun(5, func() {
		if err := fe.ApplySignal(s.Input(0).F32(), samples); err != nil {
			t.Fatal(err)
		}
		s.Run()
		if _, err := answers.classifier.Classify(s.Output(0).F32()); err != nil {
			t.Fatal(err)
		}
	}); allocs != 0 {
		t.Errorf("a window allocates %v times", allocs)
	}
}

// TestTestdataSize: everything committed stays small.
func TestTestdataSize(t *testing.T) {
	size := int64(0)
	err := filepath.WalkDir("../../testdata", func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		size += info.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("testdata holds %d bytes", size)
	if size > 25_000_000 {
		t.Errorf("testdata holds %d bytes, at most 25 MB are wanted", size)
	}
}
