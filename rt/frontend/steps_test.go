package frontend_test

import (
	"slices"
	"testing"

	"edgerun/rt/frontend"
)

// TestSteps: the features of each step are those of a longer signal's frames, and a front end that cannot do so is refused.
func TestSteps(t *testing.T) {
	signal := make([]float32, 1000)
	for i := range signal {
		signal[i] = float32(i*i%97)/97 - 0.5
	}
	base := frontend.Spec{Kind: frontend.KindLogMel, Signal: frontend.Signal{SampleRate: 8000, Length: 1000, Frame: 64, Hop: 40, FFT: 64, Power: 2,
		Mels: 8, MelScale: frontend.MelHTK, Log: frontend.LogE, Offset: 1e-6}}
	window := frontend.Spec{Kind: frontend.KindWindow, Signal: frontend.Signal{Length: 1000, Frame: 30, Hop: 20}}
	for _, spec := range []frontend.Spec{base, window} {
		whole, err := frontend.New(spec)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]float32, spec.Shape().Elements())
		if err := whole.ApplySignal(want, signal); err != nil {
			t.Fatal(err)
		}
		one, hop, err := spec.Steps(3)
		if err != nil {
			t.Fatal(err)
		}
		step, err := frontend.New(one)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float32, one.Shape().Elements())
		for at := 0; at+one.Length <= len(signal); at += hop {
			if err := step.ApplySignal(got, signal[at:at+one.Length]); err != nil {
				t.Fatal(err)
			}
			k := at / hop * len(got)
			if !slices.Equal(got, want[k:k+len(got)]) {
				t.Fatalf("%s: step at sample %d differs", spec.Kind, at)
			}
		}
	}
	for name, change := range map[string]func(*frontend.Spec){
		"padding": func(s *frontend.Spec) { s.Padding = frontend.PadZero }, "preEmphasis": func(s *frontend.Spec) { s.PreEmphasis = 0.9 },
		"refMax": func(s *frontend.Spec) { s.RefMax = true },
	} {
		s := base
		change(&s)
		if _, _, err := s.Steps(2); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, _, err := base.Steps(99); err == nil {
		t.Error("more frames than a signal has: accepted")
	}
}
