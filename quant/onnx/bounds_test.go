package onnx

import (
	"errors"
	"maps"
	"strings"
	"testing"
)

// TestTooLarge: bounds beyond a network's table of positions are refused with the dimension's name and the most that goes.
func TestTooLarge(t *testing.T) {
	const src, tgt = `dimension "src_seq": 60 is too large, it can be imported with at most 48: node "Add_13"`, `dimension "tgt_seq": 999 is too large, it can be imported with at most 48: node "Add_371"`
	for _, c := range []struct {
		dims map[string]int
		want []string
	}{
		{map[string]int{"src_seq": 60, "tgt_seq": 16}, []string{src}},
		{map[string]int{"src_seq": 32, "tgt_seq": 999}, []string{tgt}},
		{map[string]int{"src_seq": 60, "tgt_seq": 999}, []string{src, tgt}},
	} {
		_, err := Import("../../testdata/dates/seq2seq.onnx", Options{Dims: c.dims})
		if err == nil || strings.Count(err.Error(), "dimension") != len(c.want) {
			t.Errorf("%v: error %v, want %q", c.dims, err, c.want)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%v: error %v, want %q", c.dims, err, want)
			}
		}
	}
}

// TestLargestBounds: limits of their own for each dimension are found; an error that smaller bounds do not mend stays.
func TestLargestBounds(t *testing.T) {
	cause, tried := errors.New("cause"), 0
	limits := func(limits map[string]int) func(map[string]int) error {
		return func(at map[string]int) error {
			tried++
			for name, n := range at {
				if n > limits[name] {
					return errors.New("a " + name + " too many")
				}
			}
			return nil
		}
	}
	dims := map[string]int{"a": 1000, "b": 1 << 20, "c": 7, "d": 1}
	before := maps.Clone(dims)
	err := tooLarge(cause, dims, limits(map[string]int{"a": 300, "b": 9, "c": 7, "d": 1}))
	want := `dimension "a": 1000 is too large, it can be imported with at most 300: a a too many
dimension "b": 1048576 is too large, it can be imported with at most 9: a b too many`
	if err == nil || err.Error() != want || tried > 60 || !maps.Equal(dims, before) {
		t.Errorf("after %d tries: %v", tried, err)
	}
	if err := tooLarge(cause, dims, func(map[string]int) error { return errors.New("always") }); err != cause {
		t.Errorf("%v, want the cause", err)
	}
	if err := tooLarge(cause, nil, nil); err != cause {
		t.Errorf("%v, want the cause", err)
	}
}
