package tflite

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"edgerun/kernels"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op/optest"
	"edgerun/rt/tensor"
)

const preprocessor = "tflm/audio_preprocessor_int8.tflite"

// samples returns the sound of a .wav file of int16, mono, and its rate.
func samples(t testing.TB, file []byte) ([]int16, int) {
	t.Helper()
	if len(file) < 44 || string(file[:4]) != "RIFF" || string(file[36:40]) != "data" || binary.LittleEndian.Uint16(file[22:]) != 1 || binary.LittleEndian.Uint16(file[34:]) != 16 {
		t.Fatal("not a .wav file of 16 bits, mono, with a header of 44 bytes")
	}
	out := make([]int16, (len(file)-44)/2)
	for i := range out {
		out[i] = int16(binary.LittleEndian.Uint16(file[44+2*i:]))
	}
	return out, int(binary.LittleEndian.Uint32(file[24:]))
}

// features runs the front end over windows of 480 samples, step apart, from a reset session on.
func features(s *rt.Session, x []int16, step int) (all []int8) {
	s.Reset()
	for i := 0; i+480 <= len(x); i += step {
		copy(s.Input(0).I16(), x[i:])
		s.Run()
		all = append(all, s.Output(0).I8()[:40]...)
	}
	return all
}

func session(t testing.TB, g *graph.Graph, set *kernels.Set) *rt.Session {
	t.Helper()
	p, err := rt.Compile(g, rt.Options{Kernels: set})
	if err != nil {
		t.Fatal(err)
	}
	return p.NewSession(nil)
}

// TestMicroSpeech: from sound to words through two files. Features are the same bytes on every kernel set, in a reset
// session and in a new one, and no run allocates.
func TestMicroSpeech(t *testing.T) {
	front, net := importShared(t, preprocessor), importShared(t, "tflm/micro_speech_int8.tflite")
	classes := []string{"silence", "unknown", "yes", "no"}
	for _, c := range []struct{ file, want string }{{"yes", "yes"}, {"no", "no"}, {"silence", "silence"}, {"noise", "silence"}} {
		x, rate := samples(t, readShared(t, "tflm/"+c.file+"_1000ms.wav"))
		if rate != 16000 {
			t.Fatalf("%d Hz", rate)
		}
		var first []int8
		for _, set := range optest.Sets(emulated()) {
			a, b := session(t, front, set), session(t, net, set)
			got := features(a, x, 320)
			if len(got) != b.Input(0).Len() || len(got) != 49*40 {
				t.Fatalf("%d features for %d places", len(got), b.Input(0).Len())
			}
			if first == nil {
				first = got
			}
			if !slices.Equal(got, first) {
				t.Errorf("%s, %s: features differ from those of %s", c.file, set.Name, optest.Sets(emulated())[0].Name)
			}
			if again := features(a, x, 320); !slices.Equal(again, got) {
				t.Errorf("%s, %s: a reset session gives other features", c.file, set.Name)
			}
			copy(b.Input(0).I8(), got)
			b.Run()
			y := b.Output(0).I8()
			best := slices.Index(y, slices.Max(y))
			t.Logf("%s, %s: %s of %v", c.file, set.Name, classes[best], y)
			if classes[best] != c.want {
				t.Errorf("%s is %s, want %s", c.file, classes[best], c.want)
			}
			if n := testing.AllocsPerRun(5, func() { a.Run(); b.Run() }); n != 0 {
				t.Errorf("%s: %g allocations a run", set.Name, n)
			}
		}
	}
	// Of one window each TFLite Micro says the features. Source: examples/micro_speech/micro_speech_test.cc.
	for _, c := range []struct {
		file string
		at   int
		want []int8
	}{
		{"yes", 8000, []int8{124, 105, 126, 103, 125, 101, 123, 100, 116, 98, 115, 97, 113, 90, 91, 82, 104, 96, 117, 97,
			121, 103, 126, 101, 125, 104, 126, 104, 125, 101, 116, 90, 81, 74, 80, 71, 83, 76, 82, 71}},
		{"no", 8960, []int8{126, 103, 124, 102, 124, 102, 123, 100, 118, 97, 118, 100, 118, 98, 121, 100, 121, 98, 117, 91,
			96, 74, 54, 87, 100, 87, 109, 92, 91, 80, 64, 55, 83, 74, 74, 78, 114, 95, 101, 81}},
	} {
		x, _ := samples(t, readShared(t, "tflm/"+c.file+"_1000ms.wav"))
		if got := features(session(t, front, nil), x[c.at:][:480], 480); !slices.Equal(got, c.want) {
			t.Errorf("%s: features %v, want %v", c.file, got, c.want)
		}
	}
	// The state makes a window's features depend on those before it.
	x, _ := samples(t, readShared(t, "tflm/yes_1000ms.wav"))
	s := session(t, front, nil)
	whole := features(s, x, 320)
	if alone := features(s, x[20*320:][:480], 320); slices.Equal(alone, whole[20*40:21*40]) {
		t.Error("features do not depend on the windows before them")
	}
}

// speak returns what espeak-ng says at 16 kHz, between half seconds of silence.
func speak(t *testing.T, voice, text string) []int16 {
	t.Helper()
	name := filepath.Join(t.TempDir(), "speech.wav")
	if out, err := exec.Command("espeak-ng", "-v", voice, "-s", "150", "-w", name, text).CombinedOutput(); err != nil {
		t.Fatalf("espeak-ng: %v\n%s", err, out)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	x, rate := samples(t, b)
	y := make([]int16, 8000, 8000+len(x))
	for i := 0; ; i++ {
		at := float64(i) * float64(rate) / 16000
		k := int(at)
		if k+1 >= len(x) {
			break
		}
		y = append(y, int16(float64(x[k])+(at-float64(k))*(float64(x[k+1])-float64(x[k]))))
	}
	return append(y, make([]int16, 8000)...)
}

// TestWakeWord runs streaming networks over synthetic speech, through the front end with a window every 10 ms, three of
// which are one step. Every kernel set gives the same bytes, whatever else runs in between, also after Reset; no step
// allocates.
func TestWakeWord(t *testing.T) {
	front := importShared(t, preprocessor)
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		t.Skip("espeak-ng is not installed (Debian package espeak-ng): no speech for the wake word")
	}
	for _, file := range []string{"okay_nabu", "vad"} {
		g := importShared(t, "micro_wake_word/"+file+".tflite")
		if in := g.Inputs[0]; in.DType != tensor.Int8 || in.Shape != tensor.MakeShape(1, 3, 40) || g.Outputs[0].DType != tensor.UInt8 {
			t.Fatalf("%v gives %v", in.Type, g.Outputs[0].Type)
		}
		for _, c := range []struct{ voice, text string }{
			{"en-us", "okay nabu"}, {"en-us+f3", "okay nabu"}, {"en-us", "the weather is fine today, let us go for a walk"},
		} {
			x := speak(t, c.voice, c.text)
			var first []byte
			for _, set := range optest.Sets(emulated()) {
				a, s, other := session(t, front, set), session(t, g, set), session(t, g, set)
				f := features(a, x, 160)
				step := func(s *rt.Session, i int) byte {
					copy(s.Input(0).I8(), f[120*i:])
					s.Run()
					return s.Output(0).Bytes()[0]
				}
				run := func(interrupted bool) (all []byte) {
					for i := range len(f) / 120 {
						all = append(all, step(s, i))
						if interrupted {
							step(other, len(f)/120-1-i)
						}
					}
					return all
				}
				got := run(false)
				if s.Reset(); !bytes.Equal(run(true), got) {
					t.Errorf("%s, %s: a reset session, or one beside another, gives other bytes", file, set.Name)
				}
				if first == nil {
					first = got
				}
				if !bytes.Equal(got, first) {
					t.Errorf("%s, %s: bytes differ from those of %s", file, set.Name, optest.Sets(emulated())[0].Name)
				}
				if n := testing.AllocsPerRun(5, func() { a.Run(); s.Run() }); n != 0 {
					t.Errorf("%s, %s: %g allocations a step", file, set.Name, n)
				}
			}
			t.Log(fmt.Sprintf("%s, %q by %s: %s", file, c.text, c.voice, summary(first)))
		}
	}
}

// summary describes probabilities: the largest, and the largest mean of five in a row, as the network's users decide by.
func summary(p []byte) string {
	mean := 0
	for i := range max(0, len(p)-4) {
		sum := 0
		for _, v := range p[i : i+5] {
			sum += int(v)
		}
		mean = max(mean, sum)
	}
	return fmt.Sprintf("%d steps, at most %.3f, %.3f over five", len(p), float64(slices.Max(p))/255, float64(mean)/5/255)
}
