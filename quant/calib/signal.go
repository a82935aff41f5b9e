package calib

import (
	"fmt"
	"slices"

	"edgerun/rt/frontend"
	"edgerun/rt/tensor"
)

// feedSignal writes a sample's features to dst. With c channels in the specification, the sample's shape, without
// extents of 1, may be
//
//	[samples]            samples, those of all channels side by side; a sound file's channels are mixed down to one
//	[samples, c]         samples of several channels
//	[frames, features]   of a float type and the shape of the network's input: ready features, which stay as they are
//	[frames·features]    likewise, where that is not just the signal's length: a row of a .csv, say
//
// Integers of 16 bits are sound, full scale being ±1, but for statistics. A sound file of another
// sample rate than the specification's is resampled.
func feedSignal(fe *frontend.FrontEnd, s Sample, dst []float32) error {
	spec := fe.Spec()
	if s.Bytes != nil {
		return fmt.Errorf("%s: %v of shape %v; wanted a signal of another type or ready features for kind %q", s.Name, s.DType, s.Shape, spec.Kind)
	}
	for i, v := range s.Numbers {
		if v-v != 0 {
			return fmt.Errorf("%s: value %d is %v", s.Name, i, v)
		}
	}
	channels := max(spec.Channels, 1)
	x := s.Numbers
	input := spec.Shape()
	shape, features := squeezed(s.Shape), squeezed(input.Dims())
	float := s.DType == tensor.Float32 || s.DType == tensor.Float64
	switch {
	case s.Rate != 0:
		switch c := s.Shape[1]; channels {
		case c:
		case 1:
			x = mixed(x, c)
		default:
			return fmt.Errorf("%s: %d channels; wanted %d", s.Name, c, channels)
		}
		if spec.SampleRate != 0 && s.Rate != spec.SampleRate {
			var err error
			if x, err = resampled(x, channels, s.Rate, spec.SampleRate, spec.Length); err != nil {
				return fmt.Errorf("%s: %w", s.Name, err)
			}
		}
	case float && len(x) == len(dst) && len(x) != spec.Length*channels && (len(shape) < 2 || slices.Equal(shape, features)):
		copy(dst, x)
		return nil
	case len(shape) > 2 || len(shape) == 2 && shape[1] != channels:
		return fmt.Errorf("%s: shape %v; wanted samples of %d channels, or features %v of a float type", s.Name, s.Shape, channels, input)
	case s.DType == tensor.Int16 && spec.Kind != frontend.KindStatistics:
		x = slices.Clone(x)
		for i := range x {
			x[i] /= 1 << 15
		}
	}
	if err := fe.ApplySignal(dst, x); err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	for i, v := range dst {
		if v-v != 0 {
			return fmt.Errorf("%s: feature %d is %v", s.Name, i, v)
		}
	}
	return nil
}

// squeezed are the extents other than 1.
func squeezed(shape []int) []int {
	return slices.DeleteFunc(slices.Clone(shape), func(d int) bool { return d == 1 })
}
