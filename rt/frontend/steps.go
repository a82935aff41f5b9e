package frontend

import "fmt"

// Steps returns the front end that gives the next n frames, and how many samples its signals start after one another: each
// step's features are then the same as those frames of a longer signal's. It is an error where a frame's features depend on
// more of the signal than the frame.
func (s Spec) Steps(n int) (Spec, int, error) {
	f := s.filled()
	if !s.Signals() || n < 1 || n > f.frames() {
		return s, 0, fmt.Errorf("frontend: steps of %d frames; wanted at most the %d of a signal", n, f.frames())
	}
	for _, whole := range []struct {
		name string
		set  bool
	}{{"padding", s.Padding != ""}, {"preEmphasis", s.PreEmphasis != 0}, {"refMax", s.RefMax}, {"topDB", s.TopDB != 0}} {
		if whole.set {
			return s, 0, fmt.Errorf("frontend: %s depends on where a signal begins or ends, or on all of it; wanted a front end without", whole.name)
		}
	}
	s.Length = f.span() + (n-1)*f.Hop
	if s.Kind == KindStatistics {
		s.Frame = f.Frame
	}
	return s, n * f.Hop, s.Check()
}
