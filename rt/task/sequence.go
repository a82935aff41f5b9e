package task

import (
	"fmt"
	"slices"

	"edgerun/kernels/fixed"
)

// KindSequence is a network that writes tokens one after the other.
const KindSequence = "sequence"

// NoToken stands for an end token where there is none.
const NoToken = -1

// maxSequence bounds a sequence's tokens, and their numbers.
const maxSequence = 1 << 18

func (s *Spec) checkSequence() error {
	if s.StartToken < 0 || s.StartToken > maxSequence || s.EndToken < NoToken || s.EndToken > maxSequence {
		return fmt.Errorf("task: start token %d and end token %d; wanted numbers of tokens up to %d, or an end of %d for none", s.StartToken, s.EndToken, maxSequence, NoToken)
	}
	if s.MaxTokens < 0 || s.MaxTokens > maxSequence {
		return fmt.Errorf("task: %d tokens at most outside [0,%d]", s.MaxTokens, maxSequence)
	}
	return nil
}

// Sampling says how a token is chosen. The zero value takes the likeliest.
type Sampling struct {
	Temperature float32 // what logits are divided by; 0 takes the likeliest token, the first of equals
	TopK        int     // only that many likeliest tokens; 0: all
	TopP        float32 // only the fewest likeliest tokens whose probabilities add up to it; 0 or 1: all
	Seed        uint64
}

// Sampler chooses tokens. One goroutine at a time may use it.
type Sampler struct {
	sampling Sampling
	random   fixed.Random
	order    []int32 // candidates, likeliest first
	weight   []float32
}

// NewSampler returns a sampler for logits of that many tokens.
func NewSampler(s Sampling, tokens int) (*Sampler, error) {
	if !(s.Temperature >= 0 && s.Temperature <= 1e3) || s.TopK < 0 || !(s.TopP >= 0 && s.TopP <= 1) {
		return nil, fmt.Errorf("task: temperature %g, top %d, top %g; wanted [0,1000], 0 or more, [0,1]", s.Temperature, s.TopK, s.TopP)
	}
	if tokens < 1 {
		return nil, fmt.Errorf("task: %d tokens", tokens)
	}
	return &Sampler{sampling: s, random: fixed.Random(s.Seed), order: make([]int32, tokens), weight: make([]float32, tokens)}, nil
}

// Next returns a token for logits, of which NaN are left out, and the likeliest one where another is +Inf. Weights are
// exp((x − max)/temperature) in float32; their sums ascend over the tokens, likeliest first, in float64. It allocates nothing.
func (s *Sampler) Next(logits []float32) int {
	best := -1
	for i, v := range logits {
		if v == v && (best < 0 || v > logits[best]) {
			best = i
		}
	}
	top := float32(0)
	if best >= 0 {
		top = logits[best]
	}
	if best < 0 || s.sampling.Temperature == 0 || top-top != 0 {
		return max(best, 0)
	}
	order := s.order[:0]
	for i, v := range logits[:min(len(logits), cap(order))] {
		if v == v {
			order = append(order, int32(i))
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		switch x, y := logits[a], logits[b]; {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return int(a - b)
	})
	if k := s.sampling.TopK; k > 0 && k < len(order) {
		order = order[:k]
	}
	sum := 0.0
	for i, t := range order {
		s.weight[i] = fixed.ExpF32((logits[t] - top) / s.sampling.Temperature)
		sum += float64(s.weight[i])
	}
	if p := s.sampling.TopP; p > 0 && p < 1 {
		limit, part := float64(float64(p)*sum), 0.0
		for i := range order {
			part += float64(s.weight[i])
			if part >= limit {
				order, sum = order[:i+1], part
				break
			}
		}
	}
	at, part := float64(s.random.Float64()*sum), 0.0
	for i, t := range order {
		part += float64(s.weight[i])
		if at < part {
			return int(t)
		}
	}
	return int(order[len(order)-1])
}

// Sequences sums up how near written sequences are to those that were wanted.
type Sequences struct {
	samples, exact    int
	tokens, right     int
	distance          int
	previous, current []int
}

// Add counts a sequence, without start and end tokens.
func (s *Sequences) Add(want, got []int32) {
	s.samples++
	if slices.Equal(want, got) {
		s.exact++
	}
	s.tokens += max(len(want), len(got))
	for i := range min(len(want), len(got)) {
		if want[i] == got[i] {
			s.right++
		}
	}
	s.distance += s.edits(want, got)
}

// edits is the Levenshtein distance.
func (s *Sequences) edits(a, b []int32) int {
	s.previous, s.current = slices.Grow(s.previous[:0], len(b)+1)[:len(b)+1], slices.Grow(s.current[:0], len(b)+1)[:len(b)+1]
	for j := range s.previous {
		s.previous[j] = j
	}
	for i, x := range a {
		s.current[0] = i + 1
		for j, y := range b {
			d := s.previous[j]
			if x != y {
				d = 1 + min(d, s.previous[j+1], s.current[j])
			}
			s.current[j+1] = d
		}
		s.previous, s.current = s.current, s.previous
	}
	return s.previous[len(b)]
}

// Samples returns how many sequences were counted.
func (s *Sequences) Samples() int { return s.samples }

// Exact is the share of sequences that are wholly right.
func (s *Sequences) Exact() float64 { return float64(s.exact) / float64(max(1, s.samples)) }

// TokenAccuracy is the share of tokens that are right at their place, of as many as the longer of the two sequences has.
func (s *Sequences) TokenAccuracy() float64 { return float64(s.right) / float64(max(1, s.tokens)) }

// EditDistance is the mean number of tokens to insert, delete or replace for the wanted sequence.
func (s *Sequences) EditDistance() float64 { return float64(s.distance) / float64(max(1, s.samples)) }
