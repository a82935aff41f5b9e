package task

import (
	"math"
	"slices"
	"testing"
)

func TestSampler(t *testing.T) {
	nan := float32(math.NaN())
	logits := []float32{1, 3, 2, 3, nan, 0}
	greedy, err := NewSampler(Sampling{}, len(logits))
	if err != nil {
		t.Fatal(err)
	}
	if got := greedy.Next(logits); got != 1 {
		t.Errorf("greedy token %d, want 1", got)
	}
	draw := func(s Sampling) []int {
		t.Helper()
		k, err := NewSampler(s, len(logits))
		if err != nil {
			t.Fatal(err)
		}
		count := make([]int, len(logits))
		for range 4000 {
			count[k.Next(logits)]++
		}
		if n := testing.AllocsPerRun(10, func() { k.Next(logits) }); n != 0 {
			t.Errorf("Next allocates %v times", n)
		}
		return count
	}
	// exp(1), exp(3), exp(2), exp(3), 0, exp(0) of their sum.
	all := draw(Sampling{Temperature: 1, Seed: 5})
	sum := math.Exp(1) + 2*math.Exp(3) + math.Exp(2) + 1
	for i, v := range []float64{math.Exp(1), math.Exp(3), math.Exp(2), math.Exp(3), 0, 1} {
		if want := 4000 * v / sum; math.Abs(float64(all[i])-want) > 4*math.Sqrt(want)+1 {
			t.Errorf("token %d was drawn %d times, want about %.0f", i, all[i], want)
		}
	}
	if again := draw(Sampling{Temperature: 1, Seed: 5}); !slices.Equal(all, again) {
		t.Errorf("%v with one seed, then %v", all, again)
	}
	if other := draw(Sampling{Temperature: 1, Seed: 6}); slices.Equal(all, other) {
		t.Error("another seed draws the same")
	}
	zeros := func(name string, count []int, want ...bool) {
		t.Helper()
		for i, c := range count {
			if (c == 0) != want[i] {
				t.Errorf("%s: %v", name, count)
				return
			}
		}
	}
	zeros("top 3", draw(Sampling{Temperature: 2, TopK: 3, Seed: 1}), true, false, false, false, true, true)
	zeros("half", draw(Sampling{Temperature: 1, TopP: 0.5, Seed: 1}), true, false, true, false, true, true)
	zeros("cold", draw(Sampling{Temperature: 0.01, Seed: 1}), true, false, true, false, true, true)
	infinite := []float32{0, float32(math.Inf(1)), 5}
	if hot, err := NewSampler(Sampling{Temperature: 1}, 3); err != nil || hot.Next(infinite) != 1 || hot.Next([]float32{nan, nan, nan}) != 0 {
		t.Error("an infinite logit, or none, is not handled")
	}
	for _, bad := range []Sampling{{Temperature: -1}, {Temperature: nan}, {TopK: -1}, {TopP: 1.5}} {
		if _, err := NewSampler(bad, 3); err == nil {
			t.Errorf("%+v passes", bad)
		}
	}
}

func TestSequences(t *testing.T) {
	var s Sequences
	s.Add([]int32{1, 2, 3}, []int32{1, 2, 3})
	s.Add([]int32{1, 2, 3, 4}, []int32{1, 3, 4}) // one deletion; the first of four at its place
	s.Add([]int32{5}, nil)
	s.Add([]int32{9, 8}, []int32{7, 8, 6}) // one replacement, one insertion
	if s.Samples() != 4 || s.Exact() != 0.25 || s.TokenAccuracy() != 5.0/11 || s.EditDistance() != 1 {
		t.Errorf("%d sequences, %v exact, %v of tokens, distance %v", s.Samples(), s.Exact(), s.TokenAccuracy(), s.EditDistance())
	}
}

func TestSequenceSpec(t *testing.T) {
	if err := (Spec{Kind: KindSequence, StartToken: 1, EndToken: NoToken, MaxTokens: 9, Tokenizer: "word"}).Check(); err != nil {
		t.Error(err)
	}
	for _, bad := range []Spec{{Kind: KindSequence, StartToken: -1}, {Kind: KindSequence, EndToken: -2}, {Kind: KindSequence, MaxTokens: -1},
		{Kind: KindClassify, OutputIs: Logits, StartToken: 1}, {Kind: KindSequence, TopK: 3}} {
		if bad.Check() == nil {
			t.Errorf("%+v passes", bad)
		}
	}
}
