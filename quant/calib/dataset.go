package calib

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"edgerun/rt/frontend"
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
//	x.npy          uint8, int8, int16, int32, int64, float32 or float64; the first axis counts samples. uint8 are bytes
//	x.png .jpg .bmp one sample
//	x.wav          one sample, [samples, channels], full scale being ±1
//	x.csv          one sample a line; an optional first line of names, of which "label" marks the column of labels
//	               or of names with "text": texts, and "label" or "target" marks what is wanted for them
//	x.txt          one text a line, and behind a tab what is wanted for it
//	x.jsonl        one object a line, with "text" and maybe "label" or "target"
//	folder         its .png, .jpg and .bmp pictures, its .wav files, or its .npy files one after the other, sorted by name; or sub-folders of
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
	case ".png":
		return pictures(files), nil
	case ".wav":
		return sounds(files), nil
	case ".csv":
		return openCSV(path)
	case ".txt", ".jsonl":
		return openTexts(path)
	}
	return nil, fmt.Errorf("%s: wanted a .npy, .csv, .txt, .jsonl, .wav, .png, .jpg or .bmp file or a folder", path)
}

// Single returns d, but where the samples of its .npy files do not have n elements and each file as a whole has, these are
// the samples: a network's input that was written without an axis to count.
func Single(d Dataset, n int) Dataset {
	s, ok := d.(*npy)
	if !ok {
		return d
	}
	out := &npy{files: s.files}
	for i, a := range s.arrays {
		if e := a.elements(); e == n || e*a.shape[0] != n {
			return d
		}
		whole := *a
		whole.shape = append([]int{1}, a.shape...)
		out.arrays, out.ends = append(out.arrays, &whole), append(out.ends, i+1)
	}
	return out
}

// LabelOf returns the class that a data set names for sample i, "" where it names none. A sound or picture file, whose
// folder has the name, is not read.
func LabelOf(d Dataset, i int) (string, error) {
	switch d := d.(type) {
	case sounds:
		return d[i].label, nil
	case pictures:
		return d[i].label, nil
	}
	s, err := d.Sample(i)
	return s.Label, err
}

// file is one file of a data set.
type file struct{ path, label string }

// kind is the file's extension, with one name for all pictures.
func (f file) kind() string {
	switch ext := strings.ToLower(filepath.Ext(f.path)); ext {
	case ".jpg", ".jpeg", ".bmp":
		return ".png"
	default:
		return ext
	}
}

// list returns the files of a data folder, all of one kind, or those of its sub-folders.
func list(dir string) ([]file, error) {
	files, folders, err := scan(dir, "")
	if err != nil {
		return nil, err
	}
	if len(files) > 0 && len(folders) == 0 {
		return files, sameKind(dir, files)
	}
	inside := 0
	for _, name := range folders {
		more, _, err := scan(filepath.Join(dir, name), name)
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
		inside += len(more)
	}
	if inside > 0 && inside < len(files) {
		return nil, fmt.Errorf("%s: samples both in the folder and in its sub-folders", dir)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no .png, .jpg, .bmp, .wav or .npy file in the folder", dir)
	}
	return files, sameKind(dir, files)
}

func sameKind(dir string, files []file) error {
	for _, f := range files {
		if f.kind() != files[0].kind() {
			return fmt.Errorf("%s: files of two kinds in the folder: %s, %s", dir, files[0].path, f.path)
		}
	}
	return nil
}

// scan returns a folder's data files and sub-folders, sorted by name. Hidden ones are passed over.
func scan(dir, label string) (files []file, folders []string, err error) {
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		f := file{filepath.Join(dir, e.Name()), label}
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		info, err := os.Stat(f.path) // follows links
		switch {
		case err != nil:
			return nil, nil, err
		case info.IsDir():
			folders = append(folders, e.Name())
		case f.kind() == ".npy" || f.kind() == ".png" || f.kind() == ".wav":
			files = append(files, f)
		}
	}
	return files, folders, nil
}

// open opens a regular file, which it checks first: opening a pipe would wait.
func open(path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: a %s; wanted a regular file", path, kindOf(info.Mode()))
	}
	if err == nil && info.Size() == 0 {
		err = fmt.Errorf("%s: the file is empty", path)
	}
	if err != nil {
		return nil, 0, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	return f, info.Size(), nil
}

func kindOf(m os.FileMode) string {
	switch {
	case m.IsDir():
		return "folder"
	case m&os.ModeNamedPipe != 0:
		return "pipe"
	case m&os.ModeSocket != 0:
		return "socket"
	}
	return "device"
}

// readAll returns a file of at most limit bytes.
func readAll(path string, limit int64) ([]byte, error) {
	f, size, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > limit {
		return nil, fmt.Errorf("%s: %d bytes; wanted at most %d", path, size, limit)
	}
	b := make([]byte, size)
	n, err := f.ReadAt(b, 0)
	if n < len(b) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// maxClass bounds a class's number where a network has no labels.
const maxClass = 1 << 20

// Class returns the number of the class that label names: the place of an equal name, or else the number itself, which
// must be one of a class: below len(names), where there are names.
func Class(label string, names []string) (int, error) {
	if i := slices.Index(names, label); i >= 0 {
		return i, nil
	}
	n, err := strconv.Atoi(label)
	if err != nil {
		if len(names) == 0 {
			return 0, fmt.Errorf("label %q: wanted a number, as the model has no labels", label)
		}
		return 0, fmt.Errorf("label %q is none of the model's %d", label, len(names))
	}
	return n, checkClass(int64(n), names)
}

func checkClass(n int64, names []string) error {
	limit := int64(len(names))
	if limit == 0 {
		limit = maxClass
	}
	if n < 0 || n >= limit {
		return fmt.Errorf("class %d outside [0,%d)", n, limit)
	}
	return nil
}

// Labels returns the classes that a file of labels lists: a .npy of integers, one for each sample, or a .txt or .csv
// with one name or number (see Class) a line. A .csv may have a first line of names, of which one is "label".
func Labels(path string, names []string) ([]int, error) {
	var labels []string
	var err error
	switch (file{path: path}).kind() {
	case ".npy":
		return labelsNPY(path, names)
	case ".txt":
		labels, err = lines(path)
	case ".csv":
		labels, err = labelsCSV(path)
	default:
		err = fmt.Errorf("%s: wanted a .npy, .txt or .csv file of labels", path)
	}
	if err != nil {
		return nil, err
	}
	classes := make([]int, len(labels))
	for i, l := range labels {
		if classes[i], err = Class(l, names); err != nil {
			return nil, fmt.Errorf("%s: sample %d: %w", path, i, err)
		}
	}
	return classes, nil
}

// maxLabels and maxTable bound text files, which are held in memory.
const (
	maxLabels = 1 << 24
	maxTable  = 1 << 27
)

func lines(path string) ([]string, error) {
	b, err := readAll(path, maxLabels)
	if err != nil {
		return nil, err
	}
	text := strings.TrimRight(string(b), " \t\r\n")
	if text == "" {
		return nil, fmt.Errorf("%s: no labels", path)
	}
	all := strings.Split(text, "\n")
	for i, l := range all {
		if all[i] = strings.TrimSpace(l); all[i] == "" {
			return nil, fmt.Errorf("%s: line %d is empty", path, i+1)
		}
	}
	return all, nil
}
