package calib_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"edgerun/quant/calib"
	"edgerun/rt/frontend"
	"edgerun/rt/tensor"
)

func TestFeedSignal(t *testing.T) {
	sound := frontEnd(t, frontend.Spec{Kind: frontend.KindWindow, Signal: frontend.Signal{SampleRate: 8000, Length: 6, Frame: 3}, Scale: 2})
	series := frontEnd(t, frontend.Spec{Kind: frontend.KindStatistics, Signal: frontend.Signal{Length: 2}, Channels: 2, Statistics: []string{"max"}})
	n := func(v ...float32) []float32 { return v }
	for _, c := range []struct {
		name string
		fe   *frontend.FrontEnd
		s    calib.Sample
		want string // numbers, or an error
	}{
		{"a waveform", sound, calib.Sample{Shape: []int{6}, DType: tensor.Float32, Numbers: n(1, 2, 3, 4, 5, 6)}, "[2 4 6 8 10 12]"},
		{"a short one", sound, calib.Sample{Shape: []int{4, 1}, DType: tensor.Float32, Numbers: n(1, 2, 3, 4)}, "[2 4 6 8 0 0]"},
		{"a long one", sound, calib.Sample{Shape: []int{1, 7}, DType: tensor.Float32, Numbers: n(1, 2, 3, 4, 5, 6, 7)}, "[2 4 6 8 10 12]"},
		{"int16", sound, calib.Sample{Shape: []int{2}, DType: tensor.Int16, Numbers: n(16384, -32768)}, "[1 -2 0 0 0 0]"},
		{"stereo", sound, calib.Sample{Shape: []int{2, 2}, DType: tensor.Float32, Rate: 8000, Numbers: n(1, 2, 3, 5)}, "[3 8 0 0 0 0]"},
		{"series", series, calib.Sample{Shape: []int{2, 2}, DType: tensor.Float32, Numbers: n(1, 9, 3, 5)}, "[3 9]"},
		{"series in a row", series, calib.Sample{Shape: []int{4}, DType: tensor.Float32, Numbers: n(1, 9, 3, 5)}, "[3 9]"},
		{"series of int16", series, calib.Sample{Shape: []int{4}, DType: tensor.Int16, Numbers: n(1, 9, 3, 5)}, "[3 9]"},
		{"ready features", series, calib.Sample{Shape: []int{1, 2}, DType: tensor.Float32, Numbers: n(7, 8)}, "[7 8]"},
		{"ready features in a row", series, calib.Sample{Shape: []int{2}, DType: tensor.Float32, Numbers: n(7, 8)}, "[7 8]"},
		{"another rate", sound, calib.Sample{Shape: []int{4, 1}, DType: tensor.Float32, Rate: 1 << 24, Numbers: n(0, 0, 0, 0)}, "[0 0 0 0 0 0]"},
		{"channels", series, calib.Sample{Shape: []int{1, 3}, DType: tensor.Float32, Rate: 16000, Numbers: n(1, 2, 3)}, "3 channels; wanted 2"},
		{"shape", sound, calib.Sample{Shape: []int{2, 2}, DType: tensor.Float32, Numbers: n(1, 2, 3, 4)}, "shape [2 2]; wanted samples of 1 channels, or features [1 2 3]"},
		{"bytes", sound, calib.Sample{Shape: []int{6}, DType: tensor.UInt8, Bytes: make([]byte, 6)}, "uint8 of shape [6]; wanted a signal"},
		{"NaN", sound, calib.Sample{Shape: []int{2}, DType: tensor.Float32, Numbers: n(1, float32(math.NaN()))}, "value 1 is NaN"},
		{"overflow", sound, calib.Sample{Shape: []int{1}, DType: tensor.Float32, Numbers: n(3e38)}, "feature 0 is +Inf"},
	} {
		shape := c.fe.Spec().Shape()
		dst := make([]float32, shape.Elements())
		before := fmt.Sprint(c.s.Numbers)
		got := fmt.Sprint(calib.Feed(c.fe, c.s, dst))
		if strings.HasPrefix(c.want, "[") && got == "<nil>" {
			got = fmt.Sprint(dst)
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if after := fmt.Sprint(c.s.Numbers); after != before {
			t.Errorf("%s: the sample was changed: %s", c.name, after)
		}
	}
	vector := frontEnd(t, frontend.Spec{Kind: frontend.KindVector})
	if err := calib.Feed(vector, calib.Sample{Shape: []int{1, 1}, DType: tensor.Float32, Rate: 8000, Numbers: n(1)}, n(0)); err == nil || !strings.Contains(err.Error(), "wanted a front end for signals") {
		t.Error(err)
	}
}
