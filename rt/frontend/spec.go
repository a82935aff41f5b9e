// Package frontend turns samples, as sensors and files give them, into a network's input tensors.
//
//	Spec (in the model file) ──New──▶ FrontEnd ──Apply──▶ float32 input
//	                                     ▲
//	        Picture, signal or vector ───┘
//
// All of it is integer or floating-point arithmetic in a stated order, with the sines, logarithms and transforms of
// kernels/fixed: equal samples give equal bytes on every machine.
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
) // and those of signals, and KindTokens

// Layouts of a picture's tensor.
const (
	NCHW = "nchw"
	NHWC = "nhwc"
)

// Orders of a picture's colours in the tensor. Mean and Std are in the tensor's order.
const (
	RGB = "rgb"
	BGR = "bgr" // OpenCV's, as networks of Caffe's time want it
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
	Layout string `json:"layout,omitempty"` // of signals too
	Resize string `json:"resize,omitempty"`
	Pad    uint8  `json:"pad,omitempty"` // pixel around the picture, for FitLongest

	// Crop, for FitShortest, is how much of the covered square the target keeps: 224 of 256 pixels with 0.875. The picture
	// covers Width/Crop×Height/Crop, rounded down. 0 stands for 1.
	Crop  float64 `json:"crop,omitempty"`
	Order string  `json:"order,omitempty"` // of three channels: "" stands for RGB

	Signal
	Text
	Statistics []string `json:"statistics,omitempty"` // of KindStatistics, in the order of the features

	// Channels of a picture: 1 grey, 3 red, green and blue; of a vector its innermost extent, of a signal what stands
	// side by side in its samples; 0 stands for 1 there.
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
	if err := oneOf("kind", s.Kind, KindNone, KindVector, KindPicture, KindWindow, KindSTFT, KindLogMel, KindMFCC, KindStatistics, KindTokens); err != nil {
		return err
	}
	if name := s.foreign(); name != "" {
		return fmt.Errorf("frontend: kind %q takes no %s", s.Kind, name)
	}
	var err error
	switch {
	case s.Kind == KindPicture:
		err = s.checkPicture()
	case isSignal(s.Kind):
		err = s.checkSignal()
	case s.Kind == KindTokens:
		err = s.checkTokens()
	case s.Channels < 0 || s.Channels > tensor.MaxDim:
		err = fmt.Errorf("frontend: %d channels outside [0,%d]", s.Channels, tensor.MaxDim)
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
	if s.Crop != 0 && (s.Resize != FitShortest || !(s.Crop >= 1.0/16 && s.Crop <= 1)) {
		return fmt.Errorf("frontend: crop %g with resize %q; wanted 1/16 to 1 with %q", s.Crop, s.Resize, FitShortest)
	}
	if s.Order != "" && s.Channels != 3 {
		return fmt.Errorf("frontend: order %q of %d channels; wanted 3", s.Order, s.Channels)
	}
	return oneOf("order", s.Order, "", RGB, BGR)
}

func (s *Spec) checkNumbers() error {
	channels := s.normalised()
	if !finite(s.Scale) {
		return fmt.Errorf("frontend: scale %g", s.Scale)
	}
	if n := len(s.Mean); n > 1 && n != channels {
		return fmt.Errorf("frontend: %d values of mean for %d %s", n, channels, s.each())
	}
	if n := len(s.Std); n > 1 && n != channels {
		return fmt.Errorf("frontend: %d values of std for %d %s", n, channels, s.each())
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

// normalised is how many channels or features have a mean and a deviation of their own.
func (s *Spec) normalised() int {
	if isSignal(s.Kind) {
		f := s.filled()
		return f.width() * f.Channels
	}
	return max(s.Channels, 1)
}

func (s *Spec) each() string {
	if isSignal(s.Kind) {
		return "features"
	}
	return "channels"
}

// Shape returns the shape of a picture's or a signal's tensor, batch 1; other kinds leave it to the network. The
// specification must be one that Check accepts.
func (s Spec) Shape() tensor.Shape {
	switch {
	case isSignal(s.Kind):
		f := s.filled()
		frames, features := f.frames(), f.width()*f.Channels
		if s.Layout == FeatureMajor {
			return tensor.MakeShape(1, features, frames)
		}
		return tensor.MakeShape(1, frames, features)
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
