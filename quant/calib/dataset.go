package calib

import (
	"fmt"
	"os"

	"edgerun/rt/frontend"
	"edgerun/rt/graph"
	"edgerun/rt/tensor"
)

// Dataset is a list of samples. Sample reads its sample anew each time, so a data set's memory does not grow with the
// number of samples (but for .csv, which is held), and keeps no file open.
type Dataset interface {
	Len() int
	Sample(i int) (Sample, error)
}

// Sample is one sample: bytes or float32 numbers in an array of the given shape.
type Sample struct {
	Name    string // file and place, for messages
	Label   string // its class by name, where the data set says it
	Shape   []int
	DType   tensor.DType // what the file holds
	Bytes   []uint8      // of UInt8; nil for all other types
	Numbers []float32    // of all other types
	Rate    int          // samples a second of a sound file
	Text    string       // of a sample that is a text: see IsText
	decoded bool         // out of a picture or sound file
	isText  bool
	Arrays  []Array // of a sample of named arrays, which has nothing of the above but its name and label
}

// Picture returns the sample's bytes as a picture: [h w], [1 h w], [h w 1], [h w 3] or [3 h w], maybe after a batch
// axis of 1. Planes of colours are interleaved, which allocates.
func (s *Sample) Picture() (frontend.Picture, error) {
	d := s.Shape
	if len(d) == 4 && d[0] == 1 {
		d = d[1:]
	}
	switch {
	case s.Bytes == nil:
		return frontend.Picture{}, fmt.Errorf("%s: numbers; wanted a picture of bytes", s.Name)
	case len(d) == 2:
		d = []int{d[0], d[1], 1}
	case len(d) == 3 && (d[2] == 1 || d[2] == 3):
	case len(d) == 3 && d[0] == 1:
		d = []int{d[1], d[2], 1}
	case len(d) == 3 && d[0] == 3:
		h, w := d[1], d[2]
		pix := make([]uint8, len(s.Bytes))
		for i := range h * w {
			for c := range 3 {
				pix[3*i+c] = s.Bytes[c*h*w+i]
			}
		}
		return frontend.Picture{Pix: pix, W: w, H: h, C: 3, Stride: 3 * w}, nil
	default:
		return frontend.Picture{}, fmt.Errorf("%s: shape %v; wanted a picture, [h w], [h w 1], [h w 3], [1 h w] or [3 h w]", s.Name, s.Shape)
	}
	return frontend.Picture{Pix: s.Bytes, W: d[1], H: d[0], C: d[2], Stride: d[1] * d[2]}, nil
}

// PictureFile reports whether the sample was decoded from a picture.
func (s *Sample) PictureFile() bool { return s.decoded && s.Rate == 0 }

// Feed writes a sample into a network's input dst by way of the front end:
//
//	front end   bytes                          numbers
//	picture     brought to size, normalised    as they are: already prepared, so of a float type
//	signal      refused                        features are computed; or as they are: see feedSignal
//	vector      as numbers, normalised         normalised
//	none        as numbers                     as they are
//
// Numbers must be as many as dst holds, in the network's own order, and finite. A picture file needs a front end for
// pictures, a sound file one for signals. Numbers from a .csv count as floats.
func Feed(fe *frontend.FrontEnd, s Sample, dst []float32) error {
	kind := fe.Spec().Kind
	if s.Arrays != nil {
		return fmt.Errorf("%s: named arrays; wanted a single one", s.Name)
	}
	if s.isText {
		return fmt.Errorf("%s: a text; wanted a front end of kind %q, got %q", s.Name, frontend.KindTokens, kind)
	}
	if fe.Spec().Signals() {
		return feedSignal(fe, s, dst)
	}
	if kind == frontend.KindPicture && s.Bytes != nil {
		p, err := s.Picture()
		if err == nil {
			if err = fe.Apply(dst, p); err != nil {
				err = fmt.Errorf("%s: %w", s.Name, err)
			}
		}
		return err
	}
	if kind == frontend.KindPicture && s.DType != tensor.Float32 && s.DType != tensor.Float64 {
		return fmt.Errorf("%s: %v; wanted pixels of uint8, or prepared inputs of float32", s.Name, s.DType)
	}
	if s.Rate != 0 {
		return fmt.Errorf("%s: sound; wanted a front end for signals, got kind %q", s.Name, kind)
	}
	if s.decoded {
		return fmt.Errorf("%s: a picture; wanted a front end of kind %q, got %q", s.Name, frontend.KindPicture, kind)
	}
	if n := len(s.Bytes) + len(s.Numbers); n != len(dst) {
		return fmt.Errorf("%s: %d values, shape %v; wanted %d", s.Name, n, s.Shape, len(dst))
	}
	for i, v := range s.Bytes {
		dst[i] = float32(v)
	}
	for i, v := range s.Numbers {
		if v-v != 0 {
			return fmt.Errorf("%s: value %d is %v", s.Name, i, v)
		}
		dst[i] = v
	}
	if kind == frontend.KindVector {
		if err := fe.ApplyVector(dst, dst); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		for i, v := range dst {
			if v-v != 0 {
				return fmt.Errorf("%s: value %d is %v after normalisation", s.Name, i, v)
			}
		}
	}
	return nil
}

// Open returns the data set at path:
//
//	x.npy          uint8, int8, int16, int32, int64, bool, float32 or float64; the first axis counts samples. uint8 are bytes
//	x.npz          such arrays by name, of which Bind makes samples
//	x.png .jpg .bmp one sample
//	x.wav          one sample, [samples, channels], full scale being ±1
//	x.csv          one sample a line; an optional first line of names, of which "label" marks the column of labels
//	               or of names with "text": texts, and "label" or "target" marks what is wanted for them
//	x.ts           one time series a line, [time, dimensions], with its class: the format of the UEA archive
//	x.txt          one text a line, and behind a tab what is wanted for it
//	x.jsonl        one object a line, with "text" and maybe "label" or "target"
//	folder         its .png, .jpg and .bmp pictures, its .wav files, or its .npy or .npz files one after the other, sorted by name; or sub-folders of
//	               such, whose names are the labels
//
// Other files in a folder are passed over. Open looks at the headers of all .npy files.
func Open(path string) (Dataset, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	var files []file
	if info.IsDir() {
		if files, err = list(path); err != nil {
			return nil, err
		}
	} else {
		files = []file{{path: path}}
	}
	switch kind := files[0].kind(); kind {
	case ".npy":
		return openNPY(files)
	case ".npz":
		return openNPZ(files)
	case ".png":
		return pictures(files), nil
	case ".wav":
		return sounds(files), nil
	case ".csv":
		return openCSV(path)
	case ".txt", ".jsonl":
		return openTexts(path)
	case ".ts":
		return openSeries(path)
	}
	return nil, fmt.Errorf("%s: wanted a .npy, .npz, .csv, .ts, .txt, .jsonl, .wav, .png, .jpg or .bmp file or a folder", path)
}

// Single returns d, but where the samples of its .npy files do not have as many elements as an input v and each file as a
// whole has, or the extents of v within the bounds of its symbolic dimensions, these are the samples: a network's input that
// was written without an axis to count.
func Single(d Dataset, v *graph.Value) Dataset {
	s, ok := d.(*npy)
	if !ok {
		return d
	}
	out := &npy{files: s.files}
	for i, a := range s.arrays {
		if e, n := a.elements(), v.Shape.Elements(); e == n {
			return d
		} else if e*a.shape[0] != n {
			_, part := Extents(a.shape[1:], v)
			if _, all := Extents(a.shape, v); part || !all {
				return d
			}
		}
		whole := *a
		whole.shape = append([]int{1}, a.shape...)
		out.arrays, out.ends = append(out.arrays, &whole), append(out.ends, i+1)
	}
	return out
}
