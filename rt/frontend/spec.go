// Package frontend turns samples, as sensors and files give them, into a network's input tensors.
//
//	Spec (in the model file) ──New──▶ FrontEnd ──Apply──▶ float32 input
//	                                     ▲
//	               Picture or vector ────┘
//
// All of it is integer arithmetic or float32 in a stated order: equal samples give equal bytes on every machine.
package frontend

import (
	"fmt"

	"edgerun/rt/tensor"
)

// Kinds of front end.
const (
	KindNone    = "none"    // numbers go into the network as they are
	KindVector  = "vector"  // numbers are normalised
	KindPicture = "picture" // pictures are brought to size and normalised
)

// Layouts of a picture's tensor.
const (
	NCHW = "nchw"
	NHWC = "nhwc"
)

// Ways to bring a picture of w×h to Width×Height. Where the ratio of the sides is kept, the smaller excess lies left
// and above.
const (
	Squash      = "squash"       // stretch both sides on their own
	FitShortest = "fit-shortest" // cover the target, cut off the middle's surroundings: torchvision's Resize and CenterCrop
	FitLongest  = "fit-longest"  // fit into the target, fill the rest with Pad: letterbox
)

// Spec describes a front end. It travels in the model file.
//
// A pixel or number v of channel c becomes (v·Scale − Mean[c])/Std[c], each operation rounded to float32.
type Spec struct {
	Kind string `json:"kind"`

	// Of pictures only.
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
	Layout string `json:"layout,omitempty"`
	Resize string `json:"resize,omitempty"`
	Pad    uint8  `json:"pad,omitempty"` // pixel around the picture, for FitLongest

	// Channels of a picture: 1 grey, 3 red, green and blue; of a vector its innermost extent, 0 standing for 1.
	Channels int       `json:"channels,omitempty"`
	Scale    float32   `json:"scale,omitempty"` // 0 stands for 1
	Mean     []float32 `json:"mean,omitempty"`  // one for each channel, or one for all; none stands for 0
	Std      []float32 `json:"std,omitempty"`   // likewise; none stands for 1
}

// maxSide bounds a tensor's width and height, maxSource a picture's.
const (
	maxSide   = 1 << 13
	maxSource = 1 << 16
)

// Check reports the first thing that is wrong with the specification.
func (s Spec) Check() error {
	var err error
	switch s.Kind {
	case KindPicture:
		err = s.checkPicture()
	case KindNone, KindVector:
		if s.Width != 0 || s.Height != 0 || s.Layout != "" || s.Resize != "" || s.Pad != 0 {
			return fmt.Errorf("frontend: kind %q takes no width, height, layout, resize or pad", s.Kind)
		}
		if s.Kind == KindNone && (s.Channels != 0 || s.Scale != 0 || len(s.Mean)+len(s.Std) != 0) {
			return fmt.Errorf("frontend: kind %q takes no channels, scale, mean or std", s.Kind)
		}
		if s.Channels < 0 || s.Channels > tensor.MaxDim {
			return fmt.Errorf("frontend: %d channels outside [0,%d]", s.Channels, tensor.MaxDim)
		}
	default:
		return fmt.Errorf("frontend: kind %q unknown; wanted %q, %q or %q", s.Kind, KindNone, KindVector, KindPicture)
	}
	if err != nil {
		return err
	}
	return s.checkNumbers()
}

func (s *Spec) checkPicture() error {
	if s.Width < 1 || s.Width > maxSide || s.Height < 1 || s.Height > maxSide {
		return fmt.Errorf("frontend: %dx%d pixels; wanted 1x1 to %dx%d", s.Width, s.Height, maxSide, maxSide)
	}
	if s.Channels != 1 && s.Channels != 3 {
		return fmt.Errorf("frontend: %d channels; wanted 1 (grey) or 3 (RGB)", s.Channels)
	}
	if s.Layout != NCHW && s.Layout != NHWC {
		return fmt.Errorf("frontend: layout %q unknown; wanted %q or %q", s.Layout, NCHW, NHWC)
	}
	if s.Resize != Squash && s.Resize != FitShortest && s.Resize != FitLongest {
		return fmt.Errorf("frontend: resize %q unknown; wanted %q, %q or %q", s.Resize, Squash, FitShortest, FitLongest)
	}
	if s.Pad != 0 && s.Resize != FitLongest {
		return fmt.Errorf("frontend: pad is for resize %q only", FitLongest)
	}
	return nil
}

func (s *Spec) checkNumbers() error {
	channels := max(s.Channels, 1)
	if !finite(s.Scale) {
		return fmt.Errorf("frontend: scale %g", s.Scale)
	}
	if n := len(s.Mean); n > 1 && n != channels {
		return fmt.Errorf("frontend: %d values of mean for %d channels", n, channels)
	}
	if n := len(s.Std); n > 1 && n != channels {
		return fmt.Errorf("frontend: %d values of std for %d channels", n, channels)
	}
	for c, v := range s.Mean {
		if !finite(v) {
			return fmt.Errorf("frontend: mean[%d] is %g", c, v)
		}
	}
	for c, v := range s.Std {
		if !finite(v) || v <= 0 {
			return fmt.Errorf("frontend: std[%d] is %g; wanted more than 0", c, v)
		}
	}
	if s.Kind == KindPicture {
		for c := range channels {
			if lo, hi := s.normalise(0, c), s.normalise(255, c); !finite(lo) || !finite(hi) {
				return fmt.Errorf("frontend: scale, mean and std take pixels of channel %d to [%g, %g]", c, lo, hi)
			}
		}
	}
	return nil
}

func finite(v float32) bool { return v-v == 0 }

// Shape returns the shape of a picture's tensor, batch 1; other kinds leave it to the network.
func (s Spec) Shape() tensor.Shape {
	switch {
	case s.Kind != KindPicture:
		return tensor.Shape{}
	case s.Layout == NCHW:
		return tensor.MakeShape(1, s.Channels, s.Height, s.Width)
	}
	return tensor.MakeShape(1, s.Height, s.Width, s.Channels)
}

// normalise is the number that v of channel c becomes.
func (s *Spec) normalise(v float32, c int) float32 {
	if s.Scale != 0 {
		v = float32(v * s.Scale)
	}
	v = float32(v - channel(s.Mean, c, 0))
	return v / channel(s.Std, c, 1)
}

func channel(list []float32, c int, none float32) float32 {
	switch len(list) {
	case 0:
		return none
	case 1:
		return list[0]
	}
	return list[c]
}
