package calib_test

import (
	"encoding/binary"
	"reflect"
	"strings"
	"testing"

	"edgerun/quant/calib"
	"edgerun/rt/frontend"
	"edgerun/rt/tensor"
)

// sound16 is a .wav file of 16-bit samples.
func sound16(rate, channels int, samples ...int16) []byte {
	le := binary.LittleEndian
	var data []byte
	for _, v := range samples {
		data = le.AppendUint16(data, uint16(v))
	}
	b := append([]byte("RIFF"), le.AppendUint32(nil, uint32(36+len(data)))...)
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00"...)
	b = le.AppendUint16(b, uint16(channels))
	b = le.AppendUint32(le.AppendUint32(b, uint32(rate)), uint32(2*rate*channels))
	b = le.AppendUint16(le.AppendUint16(b, uint16(2*channels)), 16)
	return append(le.AppendUint32(append(b, "data"...), uint32(len(data))), data...)
}

func TestWindows(t *testing.T) {
	dir := t.TempDir()
	raw := frontend.Spec{Kind: frontend.KindNone}
	mel := frontend.Spec{Kind: frontend.KindWindow, Signal: frontend.Signal{Length: 3, SampleRate: 8000}}
	floats := func(dims ...int) tensor.Type {
		return tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(dims...)}
	}
	codes := tensor.Type{DType: tensor.Int16, Shape: tensor.MakeShape(1, 2)}
	for _, c := range []struct {
		name      string
		path      string
		fe        frontend.Spec
		t         tensor.Type
		axis      int
		hop, rate int
		want      [][]float32
		rest      int
	}{
		{"rows", write(t, dir, "a.csv", []byte("1,2\n3,4\n5,6\n7,8\n9,10\n")), raw, floats(1, 2, 2), 1, 0, 0, [][]float32{{1, 2, 3, 4}, {5, 6, 7, 8}}, 1},
		{"overlap", dir + "/a.csv", raw, floats(1, 2, 2), 1, 1, 0, [][]float32{{1, 2, 3, 4}, {3, 4, 5, 6}, {5, 6, 7, 8}, {7, 8, 9, 10}}, 0},
		{"time is last", dir + "/a.csv", raw, floats(1, 2, 2), 2, 0, 0, [][]float32{{1, 3, 2, 4}, {5, 7, 6, 8}}, 1},
		{"time is last by shape", dir + "/a.csv", raw, floats(1, 2, 3), -1, 1, 0, [][]float32{{1, 3, 5, 2, 4, 6}, {3, 5, 7, 4, 6, 8}, {5, 7, 9, 6, 8, 10}}, 0},
		{"time is last, single frames", dir + "/a.csv", raw, floats(1, 2, 1), 2, 4, 0, [][]float32{{1, 2}, {9, 10}}, 0},
		{"half frames", dir + "/a.csv", raw, floats(1, 2, 2), 0, 2, 0, [][]float32{{1, 2, 3, 4}, {5, 6, 7, 8}}, 1},
		{"a long sample, time last", write(t, dir, "g.npy", npyFile(1, dict("|u1", "(1, 2, 4)"), 1, 2, 3, 4, 5, 6, 7, 8)), raw, floats(1, 2, 3), -1, 1, 0, [][]float32{{1, 2, 3, 5, 6, 7}, {2, 3, 4, 6, 7, 8}}, 0},
		{"a long sample of rows, time last", write(t, dir, "h.npy", npyFile(1, dict("|i1", "(1, 4, 2)"), 1, 2, 3, 4, 5, 6, 7, 8)), raw, floats(1, 2, 3), -1, 1, 0, [][]float32{{1, 3, 5, 2, 4, 6}, {3, 5, 7, 4, 6, 8}}, 0},
		{"gaps", dir + "/a.csv", raw, floats(1, 2), -1, 3, 0, [][]float32{{1, 2}, {7, 8}}, 1},
		{"numbers", write(t, dir, "b.npy", npyFile(1, dict("|i1", "(3,)"), 1, 255, 3)), raw, floats(2), -1, 0, 0, [][]float32{{1, -1}}, 1},
		{"a batch of one", write(t, dir, "f.npy", npyFile(1, dict("|i1", "(1, 3, 2)"), 1, 2, 3, 4, 5, 6)), raw, floats(1, 2, 2), -1, 1, 0, [][]float32{{1, 2, 3, 4}, {3, 4, 5, 6}}, 0},
		{"codes of a sound", write(t, dir, "c.wav", sound16(8000, 1, -32768, 32767, 1, 2, 3)), raw, codes, -1, 0, 0, [][]float32{{-32768, 32767}, {1, 2}}, 1},
		{"mixed channels", write(t, dir, "d.wav", sound16(8000, 2, 10, 20, -4, -2)), raw, codes, -1, 0, 0, [][]float32{{15, -3}}, 0},
		{"reals of a sound", dir + "/c.wav", raw, floats(1, 4), -1, 0, 0, [][]float32{{-1, 32767.0 / 32768, 1.0 / 32768, 2.0 / 32768}}, 1},
		{"resampled", write(t, dir, "e.wav", sound16(8000, 1, make([]int16, 40)...)), raw, codes, -1, 30, 16000, [][]float32{{0, 0}, {0, 0}, {0, 0}}, 18},
		{"a front end's signal", dir + "/c.wav", mel, floats(1, 99), -1, 1, 0, [][]float32{{-1, 32767.0 / 32768, 1.0 / 32768}, {32767.0 / 32768, 1.0 / 32768, 2.0 / 32768}, {1.0 / 32768, 2.0 / 32768, 3.0 / 32768}}, 0},
	} {
		d, err := calib.Open(c.path)
		if err != nil {
			t.Fatal(err)
		}
		w, err := calib.NewWindows(d, &c.fe, c.t, c.axis, c.hop, c.rate)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got [][]float32
		for i := range w.Len() {
			s, err := w.Sample(i)
			if err != nil {
				t.Fatal(err)
			}
			v := append([]float32(nil), s.Numbers...)
			for _, b := range s.Bytes {
				v = append(v, float32(b))
			}
			got = append(got, v)
		}
		if !reflect.DeepEqual(got, c.want) || w.Rest() != c.rest {
			t.Errorf("%s: %v and %d left, want %v and %d", c.name, got, w.Rest(), c.want, c.rest)
		}
	}
	write(t, dir, "a.txt", []byte("words\n"))
	for _, c := range []struct {
		path string
		t    tensor.Type
		hop  int
		want string
	}{
		{"a.csv", floats(1, 2, 2), 0, "frames along axes [1 2]"},
		{"a.csv", floats(1, 4, 5), 0, "frames along axes []"},
		{"a.csv", floats(1, 3), 0, "rows of 2 values"},
		{"a.csv", floats(1, 12), 0, "5 rows; the network takes 6 at once"},
		{"a.csv", floats(2), -1, "hop of -1"},
		{"a.txt", floats(2), 0, "a text; wanted a sequence"},
	} {
		d, err := calib.Open(dir + "/" + c.path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := calib.NewWindows(d, &raw, c.t, -1, c.hop, 0); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.path, err, c.want)
		}
	}
}
