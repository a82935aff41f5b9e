package frontend_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"edgerun/rt/frontend"
)

// parse reads a specification as files have it.
func parse(t testing.TB, text string) frontend.Spec {
	t.Helper()
	var s frontend.Spec
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func applySignal(t testing.TB, text string, x ...float32) []float32 {
	t.Helper()
	s := parse(t, text)
	f, err := frontend.New(s)
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, s.Shape().Elements())
	if err := f.ApplySignal(dst, x); err != nil {
		t.Fatal(err)
	}
	return dst
}

// TestSignalByHand holds sums worked out on paper.
func TestSignalByHand(t *testing.T) {
	// As it is, cut, and with zeros behind; pre-emphasis takes half of the sample before, into the zeros too.
	wantPixels(t, applySignal(t, `{"kind": "window", "length": 3}`, 1, 2, 3, 4), 1, 2, 3)
	wantPixels(t, applySignal(t, `{"kind": "window", "length": 4, "preEmphasis": 0.5}`, 2, 4), 2, 3, -2, 0)
	wantPixels(t, applySignal(t, `{"kind": "window", "length": 2}`), 0, 0)
	// Two channels: frames of both, channel by channel; then time as the inner axis.
	wantPixels(t, applySignal(t, `{"kind": "window", "length": 3, "channels": 2, "frame": 2, "hop": 1}`, 1, 10, 2, 20, 3, 30),
		1, 2, 10, 20, 2, 3, 20, 30)
	wantPixels(t, applySignal(t, `{"kind": "window", "length": 3, "channels": 2, "layout": "feature-major"}`, 1, 10, 2, 20, 3, 30),
		1, 2, 3, 10, 20, 30)
	// Hann of 4, periodic: 0 ½ 1 ½; of 3, symmetric: 0 1 0.
	wantPixels(t, applySignal(t, `{"kind": "window", "length": 4, "frame": 4, "window": "hann"}`, 8, 8, 8, 8), 0, 4, 8, 4)
	wantPixels(t, applySignal(t, `{"kind": "window", "length": 3, "frame": 3, "window": "hann", "symmetric": true}`, 8, 8, 8), 0, 8, 0)
	// Spectra of a constant and of the highest frequency.
	stft := `{"kind": "stft", "sampleRate": 4, "length": 4, "frame": 4, "hop": 4, "fft": 4, "window": "rectangular", `
	wantPixels(t, applySignal(t, stft+`"power": 1}`, 1, 1, 1, 1), 4, 0, 0)
	wantPixels(t, applySignal(t, stft+`"power": 2}`, 1, -1, 1, -1), 0, 0, 16)
	// Decibels: of powers and of magnitudes alike, relative to the largest, no lower than 30 below it.
	wantPixels(t, applySignal(t, stft+`"power": 1, "log": "db", "floor": 1e-10}`, 2.5, 2.5, 2.5, 2.5), 20, -200, -200)
	wantPixels(t, applySignal(t, stft+`"power": 2, "log": "db", "floor": 1e-10, "topDB": 30}`, 2.5, 2.5, 2.5, 2.5), 20, -10, -10)
	wantPixels(t, applySignal(t, stft+`"power": 2, "log": "db", "floor": 1e-10, "topDB": 30, "refMax": true}`, 2.5, 2.5, 2.5, 2.5), 0, -30, -30)
	// Reflection mirrors without doubling the end: frames 3 2 1 2, 1 2 3 4, 3 4 3 2 have sums 8, 10 and 12.
	sums := applySignal(t, `{"kind": "stft", "sampleRate": 4, "length": 4, "frame": 4, "hop": 2, "fft": 4, "window": "rectangular", "power": 1, "padding": "reflect"}`, 1, 2, 3, 4)
	wantPixels(t, []float32{sums[0], sums[3], sums[6]}, 8, 10, 12)
	// A constant: no deviation, no shape.
	wantPixels(t, applySignal(t, `{"kind": "statistics", "length": 3, "statistics": ["mean", "std", "skewness", "kurtosis", "crest", "mean-crossings"]}`, 0.1, 0.1, 0.1),
		0.1, 0, 0, 0, 1, 0)
	wantPixels(t, applySignal(t, `{"kind": "statistics", "length": 4, "statistics": ["zero-crossings", "mean-crossings", "mean-abs-diff"], "frame": 2}`, 1, -1, 5, 6),
		1, 1, 2, 0, 1, 1)
	wantPixels(t, applySignal(t, `{"kind": "statistics", "length": 1, "statistics": ["mean-abs-diff", "zero-crossings", "crest"]}`, 0), 0, 0, 0)
}

// TestSlidingWindow: windows over a stream give what the same samples give a front end of their own; nothing stays
// from one to the next.
func TestSlidingWindow(t *testing.T) {
	x := readOne(t, "chirp").Numbers
	for _, r := range readReferences(t) {
		if !r.Spec.Signals() || r.Spec.Channels > 1 {
			continue
		}
		stream, err := frontend.New(r.Spec)
		if err != nil {
			t.Fatal(err)
		}
		got, want := make([]float32, r.Spec.Shape().Elements()), make([]float32, r.Spec.Shape().Elements())
		for _, piece := range [][]float32{x, x[100:7000], x[:1], nil, x[3000:]} {
			fresh, err := frontend.New(r.Spec)
			if err != nil {
				t.Fatal(err)
			}
			if err := stream.ApplySignal(got, piece); err != nil {
				t.Fatal(err)
			}
			if err := fresh.ApplySignal(want, piece); err != nil {
				t.Fatal(err)
			}
			for i, v := range want {
				if math.Float32bits(got[i]) != math.Float32bits(v) {
					t.Fatalf("%s: %d samples: feature %d is %v, want %v", r.Name, len(piece), i, got[i], v)
				}
			}
		}
	}
}

// TestFrames: the number of frames is what torch and TensorFlow give.
func TestFrames(t *testing.T) {
	for _, c := range []struct {
		length, frame, hop, fft int
		more                    string
		want                    int
	}{
		{16000, 400, 160, 512, ``, 98},                     // tf.signal.stft
		{16000, 400, 160, 512, `, "padding": "end"`, 100},  // its pad_end
		{16000, 400, 160, 512, `, "align": "middle"`, 97},  // torch.stft, center=False
		{16000, 400, 160, 512, `, "padding": "zero"`, 101}, // center=True
		{16000, 400, 160, 400, `, "padding": "reflect"`, 101},
		{16001, 401, 160, 405, `, "padding": "reflect"`, 1 + (16001+404-405)/160},
		{400, 400, 160, 512, ``, 1},
		{300, 400, 160, 512, `, "padding": "end"`, 2},
		{10, 1, 4, 2, `, "padding": "end"`, 3},
	} {
		s := parse(t, fmt.Sprintf(`{"kind": "stft", "sampleRate": 16000, "power": 1, "length": %d, "frame": %d, "hop": %d, "fft": %d%s}`,
			c.length, c.frame, c.hop, c.fft, c.more))
		if err := s.Check(); err != nil {
			t.Error(err)
		} else if got := s.Shape().Dim[1]; got != c.want {
			t.Errorf("%+v: %d frames", c, got)
		}
	}
}

func TestSignalCheck(t *testing.T) {
	ok := map[string]any{"kind": "mfcc", "sampleRate": 16000, "length": 16000, "frame": 400, "hop": 160, "fft": 512, "power": 2, "mels": 40,
		"melScale": "htk", "log": "ln", "floor": 1e-6, "coefficients": 13}
	for _, c := range []struct {
		change string // fields to set; null removes
		want   string // "" for no error
	}{
		{`{}`, ""},
		{`{"kind": "logmel"}`, `kind "logmel" takes no coefficients`},
		{`{"kind": "stft"}`, `kind "stft" takes no mels`},
		{`{"kind": "window"}`, `kind "window" takes no fft`},
		{`{"kind": "picture"}`, `kind "picture" takes no sampleRate`},
		{`{"width": 3}`, `kind "mfcc" takes no width`},
		{`{"statistics": ["mean"]}`, `kind "mfcc" takes no statistics`},
		{`{"sampleRate": null}`, "sampleRate 0; wanted 1 to"},
		{`{"length": 0}`, "length 0; wanted 1 to"},
		{`{"length": 20000000}`, "length 20000000"},
		{`{"channels": -1}`, "channels -1"},
		{`{"length": 399}`, "frames of 400 samples in inputs of 399"},
		{`{"length": 200, "padding": "reflect"}`, "256 samples mirrored at each end of 200"},
		{`{"preEmphasis": 2}`, "preEmphasis 2"},
		{`{"frame": 0}`, "frame 0; wanted 1"},
		{`{"hop": 0}`, "hop 0; wanted 1"},
		{`{"fft": 256}`, "fft 256; wanted 400"},
		{`{"fft": 401}`, "fft 401; wanted a number without prime factors above 7"},
		{`{"padding": "same"}`, `padding "same" unknown`},
		{`{"padding": "zero", "align": "start"}`, `align "start" does not`},
		{`{"window": "hanning"}`, `window "hanning" unknown; wanted one of ["" "rectangular" "hann"`},
		{`{"power": 3}`, "power 3; wanted 1 to 2"},
		{`{"mels": 0}`, "mels 0"},
		{`{"melScale": null}`, `melScale "" unknown; wanted one of ["htk" "slaney"]`},
		{`{"lowHz": 8000}`, "lowHz 8000; wanted less than highHz, 8000"},
		{`{"highHz": 8001}`, "highHz 8001; wanted 0 to 8000"},
		{`{"melNorm": "area"}`, `melNorm "area"`},
		{`{"log": null}`, `log "" unknown`},
		{`{"floor": null}`, "log of silence; wanted an offset or a floor"},
		{`{"floor": 1e-60}`, "log of silence"},
		{`{"offset": -1}`, "offset -1"},
		{`{"log": "none"}`, "floor, refMax and topDB are for a log"},
		{`{"topDB": 80}`, `topDB is for log "db"`},
		{`{"coefficients": 41}`, "coefficients 41; wanted 1 to 40"},
		{`{"dct": "II"}`, `dct "II"`},
		{`{"lifter": -1}`, "lifter -1"},
		{`{"mean": [1, 2]}`, "2 values of mean for 13 features"},
		{`{"layout": "nchw"}`, `layout "nchw" unknown; wanted one of ["" "time-major" "feature-major"]`},
		{`{"hop": 1, "length": 16000000, "mels": 4096, "coefficients": 1}`, "frames of 4096 features; wanted at most"},
		{`{"kind": "sound"}`, `kind "sound" unknown; wanted one of ["none" "vector" "picture" "window"`},
	} {
		fields := map[string]any{}
		for k, v := range ok {
			fields[k] = v
		}
		if err := json.Unmarshal([]byte(c.change), &fields); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		err = parse(t, string(text)).Check()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), "frontend: ") || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want %q", c.change, err, c.want)
		}
	}
	for text, want := range map[string]string{
		`{"kind": "statistics", "length": 4}`:                                           "no statistics; wanted some of [",
		`{"kind": "statistics", "length": 4, "statistics": ["median"]}`:                 `statistic "median" unknown`,
		`{"kind": "statistics", "length": 4, "statistics": ["mean"], "window": "hann"}`: `takes no window`,
		`{"kind": "window", "length": 4, "frame": 5}`:                                   "frames of 5 samples in inputs of 4",
	} {
		if err := parse(t, text).Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

func TestSignalErrors(t *testing.T) {
	f, err := frontend.New(parse(t, `{"kind": "window", "length": 4, "channels": 2}`))
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, 8)
	if err := f.ApplySignal(dst, make([]float32, 3)); err == nil || !strings.Contains(err.Error(), "3 samples; wanted a multiple of its 2 channels") {
		t.Error(err)
	}
	if err := f.ApplySignal(dst[:7], make([]float32, 8)); err == nil || !strings.Contains(err.Error(), "wanted 8 for [1 4 2]") {
		t.Error(err)
	}
	if err := f.ApplyVector(dst, dst); err == nil || !strings.Contains(err.Error(), `kind "window" wants a picture or a signal`) {
		t.Error(err)
	}
	v, err := frontend.New(frontend.Spec{Kind: frontend.KindVector})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.ApplySignal(dst, dst); err == nil || !strings.Contains(err.Error(), `kind "vector" wants none`) {
		t.Error(err)
	}
}

// FuzzSpec: what Check accepts can be made and used, whatever the samples.
func FuzzSpec(f *testing.F) {
	for _, r := range readReferences(f) {
		b, err := json.Marshal(r.Spec)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, 100)
	}
	f.Fuzz(func(t *testing.T, b []byte, samples int) {
		var s frontend.Spec
		if json.Unmarshal(b, &s) != nil || s.Check() != nil || !s.Signals() {
			return
		}
		const small = 1 << 12
		if s.Length > small || s.FFT > small || s.Mels > 256 || s.Shape().Elements() > 1<<15 || s.Shape().Dim[1] > small {
			return
		}
		fe, err := frontend.New(s)
		if err != nil {
			t.Fatal(err)
		}
		x := make([]float32, min(max(samples, 0), 2*small)/max(s.Channels, 1)*max(s.Channels, 1))
		for i := range x {
			x[i] = float32(i%7) - 3
		}
		dst := make([]float32, s.Shape().Elements())
		if err := fe.ApplySignal(dst, x); err != nil {
			t.Fatal(err)
		}
		for i, v := range dst {
			if v != v && len(s.Mean)+len(s.Std) == 0 && s.Scale == 0 {
				t.Fatalf("feature %d is %v", i, v)
			}
		}
	})
}

// BenchmarkLogMel is a second of sound at 16 kHz, 98 frames.
func BenchmarkLogMel(b *testing.B) {
	f, err := frontend.New(parse(b, `{"kind": "logmel", "sampleRate": 16000, "length": 16000, "frame": 400, "hop": 160, "fft": 512, "power": 2,
		"mels": 40, "melScale": "htk", "log": "ln", "offset": 1e-6}`))
	if err != nil {
		b.Fatal(err)
	}
	x, dst := readOne(b, "noise").Numbers, make([]float32, 98*40)
	x = append(x, x...)
	for b.Loop() {
		if err := f.ApplySignal(dst, x); err != nil {
			b.Fatal(err)
		}
	}
}
