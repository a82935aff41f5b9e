package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"edgerun/loader"
	"edgerun/quant/calib"
	"edgerun/rt/frontend"
)

// featuresCommand writes what a front end makes of samples, to train a network on.
func featuresCommand() *cobra.Command {
	var f featuresOptions
	var spec, labels, names string
	c := &cobra.Command{
		Use:   "features [MODEL.edge] DATA... -o FEATURES.npy",
		Short: "Compute a front end's features of sounds, signals or pictures, to train on",
		Long: `Compute what a front end makes of samples, as one .npy array of float32 whose first
axis counts samples: what the network gets when it runs on the board. Train on it,
then give the same specification to quantize --frontend.

The front end is that of MODEL.edge, or the JSON file of --frontend:

  {"kind": "logmel", "sampleRate": 16000, "length": 16000, "frame": 400, "hop": 160,
   "fft": 512, "power": 2, "mels": 40, "lowHz": 20, "highHz": 7600,
   "melScale": "htk", "log": "ln", "offset": 1e-6}

gives [N, 98, 40] for sounds of one second. DATA are .wav, .npy, .csv or picture files
or folders of such; sub-folders are classes. With --labels the classes are written too,
as int64: numbers where all sub-folders have numbers for names, else the places of
their names in sorted order (or among the model's labels).

` + frontEndHelp,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if f.output == "" {
				return usagef("features: no output: give -o FEATURES.npy")
			}
			err := keepInputs([]string{f.output, labels, names}, append(args, spec)...)
			if err != nil {
				return err
			}
			switch {
			case spec != "":
				f.spec, err = readFrontEnd(spec)
			case !strings.HasSuffix(strings.ToLower(args[0]), ".edge"):
				err = usagef("features: no front end: give --frontend SPEC.json, or a model file first")
			case len(args) == 1:
				err = usagef("features: no data behind %s", args[0])
			default:
				err = f.fromModel(args[0])
				args = args[1:]
			}
			if err != nil {
				return err
			}
			for _, path := range args {
				if err := f.open(path); err != nil {
					return err
				}
			}
			classes, classNames, err := f.classes()
			if err != nil && labels+names != "" {
				return err
			}
			if err := f.write(c); err != nil {
				return err
			}
			if labels != "" {
				if err := loader.WriteAtomic(labels, func(w io.Writer) error { return calib.WriteLabelsNPY(w, classes) }); err != nil {
					return err
				}
			}
			if names != "" {
				if err := loader.WriteAtomic(names, func(w io.Writer) error {
					_, err := io.WriteString(w, strings.Join(classNames, "\n")+"\n")
					return err
				}); err != nil {
					return err
				}
			}
			return f.report(c.OutOrStdout(), len(classNames))
		},
	}
	flags := c.Flags()
	flags.StringVar(&spec, "frontend", "", "JSON file that describes the front end")
	flags.StringVarP(&f.output, "output", "o", "", "file to write the features to")
	flags.StringVar(&labels, "labels", "", "file to write the classes to (.npy)")
	flags.StringVar(&names, "names", "", "text file to write the classes' names to, one a line, as quantize --labels reads it")
	flags.IntVar(&f.limit, "samples", 0, "samples of each DATA to use (default: all)")
	return c
}

// frontEndHelp lists the specification's fields for the command line's help.
const frontEndHelp = `Fields of a specification, by kind:
  all but none   scale, mean, std: a number v becomes (v*scale - mean)/std; lists hold one
                 value for all, or one for each channel or feature
  picture        width, height, channels (1 or 3), layout (nchw or nhwc),
                 resize (squash, fit-shortest or fit-longest), pad (of fit-longest),
                 crop (of fit-shortest: 0.875 keeps 224 of 256), order (rgb or bgr)
  window         length, channels, frame, hop, window, symmetric: samples, maybe in frames
  statistics     length, channels, frame, hop, statistics: a list of mean, std, min, max,
                 peak-to-peak, rms, crest, skewness, kurtosis, mean-abs, mean-abs-diff,
                 zero-crossings and mean-crossings
  stft           sampleRate, length, channels, preEmphasis, frame (win_length), hop,
                 fft (n_fft), power (1 or 2), window (hann, hamming, blackman or
                 rectangular), symmetric, padding (reflect or zero: centred; end; none),
                 align (middle or start: of the window in a longer fft), log
  logmel         those of stft, and mels, lowHz, highHz, melScale (htk or slaney),
                 melNorm (slaney), melSlopes (hz or mel)
  mfcc           those of logmel, and coefficients, dct (ortho or htk), lifter
  log            none, ln, log10 or db; offset is added before, floor is the least,
                 refMax makes it relative to the largest, topDB limits the range
  signals        layout (time-major or feature-major), preEmphasis
librosa:    padding zero, melScale slaney, melNorm slaney, log db, floor 1e-10, topDB 80
torchaudio: padding reflect, melScale htk
TensorFlow: align start (the default without centring), melScale htk, melSlopes mel`

// readFrontEnd reads a specification in JSON.
func readFrontEnd(path string, vocabulary ...string) (*frontend.Spec, error) {
	const limit = 1 << 20
	st, err := os.Stat(path)
	if err == nil && st.Size() > limit {
		err = fmt.Errorf("%s: %d bytes, want a specification of at most %d", path, st.Size(), limit)
	}
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &frontend.Spec{}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err = d.Decode(s); err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("text behind the specification")
		} else {
			if len(vocabulary) > 0 && s.Vocabulary == nil {
				s.Vocabulary = vocabulary
			}
			if s.Kind == frontend.KindTokens && len(s.Vocabulary) == 0 {
				return nil, fmt.Errorf("%s: %w", path, errNoVocabulary)
			}
			err = s.Check()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// featuresOptions are what the command has been told, and the data it opened.
type featuresOptions struct {
	spec   *frontend.Spec
	labels []string // of a model
	output string
	limit  int
	sets   []calib.Dataset
	counts []int // samples to use of each

	shape     []int
	mean, std float64 // of all features
}

func (f *featuresOptions) fromModel(path string) error {
	m, err := openModel(path)
	if err != nil {
		return err
	}
	f.spec, f.labels = m.FrontEnd, m.Labels
	if f.spec == nil {
		err = m.fail(errors.New("no front end in the model file; give --frontend SPEC.json"))
	}
	return err
}

func (f *featuresOptions) open(path string) error {
	if f.limit < 0 {
		return usagef("--samples %d is negative", f.limit)
	}
	ds, err := calib.Open(path)
	if err != nil {
		return err
	}
	n := ds.Len()
	if f.limit > 0 {
		n = min(n, f.limit)
	}
	f.sets, f.counts = append(f.sets, ds), append(f.counts, n)
	return nil
}

// each calls do with every sample to use.
func (f *featuresOptions) each(do func(i int, s calib.Sample) error) error {
	i := 0
	for k, ds := range f.sets {
		for j := range f.counts[k] {
			s, err := ds.Sample(j)
			if err == nil {
				err = do(i, s)
			}
			if err != nil {
				return err
			}
			i++
		}
	}
	return nil
}

// classes returns the class of each sample and the classes' names.
func (f *featuresOptions) classes() (classes []int, names []string, err error) {
	var labels []string
	for k, ds := range f.sets {
		for j := range f.counts[k] {
			l, err := calib.LabelOf(ds, j)
			if err == nil && l == "" {
				err = errors.New("features: no labels: a folder with a sub-folder for each class has them")
			}
			if err != nil {
				return nil, nil, err
			}
			labels = append(labels, l)
		}
	}
	names = f.labels
	if names == nil {
		numbers := true
		for _, l := range labels {
			_, err := strconv.Atoi(l)
			numbers = numbers && err == nil
		}
		if names = slices.Compact(slices.Sorted(slices.Values(labels))); numbers {
			names = nil
		}
	}
	top := 0
	for _, l := range labels {
		n, err := calib.Class(l, names)
		if err != nil {
			return nil, nil, err
		}
		classes, top = append(classes, n), max(top, n)
	}
	if names == nil {
		for i := range top + 1 {
			names = append(names, strconv.Itoa(i))
		}
	}
	return classes, names, nil
}

// write computes and writes the features, sample by sample.
func (f *featuresOptions) write(c *cobra.Command) error {
	fe, err := frontend.New(*f.spec)
	if err != nil {
		return err
	}
	total := 0
	for _, n := range f.counts {
		total += n
	}
	first, err := f.sets[0].Sample(0)
	if err != nil {
		return err
	}
	f.shape = append([]int{total}, first.Shape...)
	if s := f.spec.Shape(); s.Rank > 0 {
		f.shape = append([]int{total}, s.Dims()[1:]...)
	}
	elements := 1
	for _, d := range f.shape[1:] {
		elements *= d
	}
	dst := make([]float32, elements)
	show := progress("features", total)
	var sum, squares float64
	err = loader.WriteAtomic(f.output, func(w io.Writer) error {
		out, err := calib.NewNPYWriter(w, f.shape)
		if err != nil {
			return err
		}
		err = f.each(func(i int, s calib.Sample) error {
			if err := c.Context().Err(); err != nil {
				return err
			}
			if err := calib.Feed(fe, s, dst); err != nil {
				return err
			}
			for _, v := range dst {
				sum += float64(v)
				squares += float64(float64(v) * float64(v))
			}
			show(i+1, total)
			return out.Write(dst)
		})
		if err != nil {
			return err
		}
		return out.Close()
	})
	n := float64(total) * float64(elements)
	f.mean = sum / n
	f.std = math.Sqrt(max(0, squares/n-float64(f.mean*f.mean)))
	return err
}

func (f *featuresOptions) report(w io.Writer, classes int) error {
	text := ""
	if classes > 0 {
		text = fmt.Sprintf(", %d classes", classes)
	}
	_, err := fmt.Fprintf(w, "%s: float32 %v%s, mean %.6g, standard deviation %.6g\n", f.output, f.shape, text, f.mean, f.std)
	return err
}
