package calib

import (
	"errors"
	"sort"

	"edgerun/rt/frontend"
	"edgerun/rt/tensor"
)

// Sequences is a data set for a network that keeps a state: a sample that is longer than the network's input is a sequence, cut
// into consecutive windows as Windows does, and each window is a sample that continues the one before.
type Sequences struct {
	data   Dataset
	fe     *frontend.Spec
	t      tensor.Type
	axis   int
	starts []int // window that each sequence begins with, and their number

	at      int      // sequence at hand
	windows *Windows // of it, nil: it is one window as it is
}

// NewSequences looks at d's samples, at most limit of them where limit is positive; fe, t and axis are those of NewWindows.
func NewSequences(d Dataset, fe *frontend.Spec, t tensor.Type, axis, limit int) (*Sequences, error) {
	s := &Sequences{data: d, fe: fe, t: t, axis: axis, starts: []int{0}, at: -1}
	n := d.Len()
	if limit > 0 {
		n = min(n, limit)
	}
	for i := range n {
		if err := s.open(i); err != nil {
			return nil, err
		}
		windows := 1
		if s.windows != nil {
			windows = s.windows.Len()
		}
		s.starts = append(s.starts, s.starts[i]+windows)
	}
	return s, nil
}

// open brings sequence i to hand. What cannot be cut is left to whoever feeds the network, for it to accept or to refuse.
func (s *Sequences) open(i int) error {
	if s.at == i {
		return nil
	}
	x, err := s.data.Sample(i)
	if err != nil {
		return err
	}
	s.at, s.windows = i, nil
	kind := s.fe.Kind
	features := kind == frontend.KindNone || kind == frontend.KindVector
	if long := len(x.Numbers) + len(x.Bytes); x.IsText() || x.Rate == 0 && !(features && long > s.t.Shape.Elements()) {
		return nil
	}
	w, err := NewWindows(one{x}, s.fe, s.t, s.axis, 0, 0)
	if errors.As(err, new(AxisError)) {
		return err
	}
	if err == nil && w.Len() > 1 {
		s.windows = w
	}
	return nil
}

// Len is the number of windows of all sequences.
func (s *Sequences) Len() int { return s.starts[len(s.starts)-1] }

func (s *Sequences) sequence(i int) int { return sort.SearchInts(s.starts, i+1) - 1 }

// Continues reports whether window i is not the first one of a sequence.
func (s *Sequences) Continues(i int) bool { return s.starts[s.sequence(i)] != i }

// Sample reads window i; reading them in order keeps one sequence in memory.
func (s *Sequences) Sample(i int) (Sample, error) {
	k := s.sequence(i)
	if err := s.open(k); err != nil {
		return Sample{}, err
	}
	if s.windows == nil {
		return s.data.Sample(k)
	}
	return s.windows.Sample(i - s.starts[k])
}

// one is a data set of a single sample.
type one struct{ sample Sample }

func (o one) Len() int                   { return 1 }
func (o one) Sample(int) (Sample, error) { return o.sample, nil }
