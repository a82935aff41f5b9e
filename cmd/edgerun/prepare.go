package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"edgerun/quant/calib"
	"edgerun/rt"
	"edgerun/rt/frontend"
	"edgerun/rt/graph"
	"edgerun/rt/tensor"
)

// preprocessing are the flags that describe a front end where a model file does not.
type preprocessing struct {
	file                             string // a whole specification
	vocabulary                       string // file of its tokens
	scale, mean, std, resize, layout string

	command *cobra.Command
}

// given returns the name of one of the flags that was set, or "".
func (p *preprocessing) given() string {
	return p.changed("frontend", "vocab", "scale", "mean", "std", "resize", "layout")
}

// changed returns the first of some flags that was set, or "".
func (p *preprocessing) changed(names ...string) string {
	if p == nil || p.command == nil {
		return ""
	}
	for _, name := range names {
		if p.command.Flags().Changed(name) {
			return name
		}
	}
	return ""
}

func (p *preprocessing) flags(c *cobra.Command) {
	p.command = c
	c.Flags().StringVar(&p.file, "frontend", "", "JSON file that describes the whole front end, see 'edgerun features --help', in place of --scale, --mean, --std, --resize and --layout")
	c.Flags().StringVar(&p.vocabulary, "vocab", "", "text file with one token a line: the vocabulary of a front end of kind tokens, where --frontend has none")
	c.Flags().StringVar(&p.scale, "scale", "1/255", "factor of a pixel before mean and std, as a number or a fraction; with none of the three, pixels are the codes of an integer input")
	c.Flags().StringVar(&p.mean, "mean", "", "mean of each channel after scaling, comma-separated (default 0)")
	c.Flags().StringVar(&p.std, "std", "", "standard deviation of each channel, comma-separated (default 1)")
	c.Flags().StringVar(&p.resize, "resize", frontend.Squash, "how pictures reach the input's size: squash, fit-shortest or fit-longest")
	c.Flags().StringVar(&p.layout, "layout", "", "layout of a picture input, nchw or nhwc (default: what the input's shape says)")
}

var errNoVocabulary = errors.New("no vocabulary")

// checkText refuses a text without a front end that takes it apart.
func (p *preprocessing) checkText(s *calib.Sample) error {
	if !s.IsText() || p != nil && p.file != "" {
		return nil
	}
	return usagef("%s: a text: give --frontend FILE, a specification of kind %q, and with --vocab its tokens", s.Name, frontend.KindTokens)
}

// spec builds the front end for input v: what a file says, or of pictures if the samples are, else none. Bytes that come
// out of no picture file go into an input of integers as they are, unless it has the shape of a picture or a flag is given.
func (p *preprocessing) spec(v *graph.Value, pictures, files bool) (*frontend.Spec, error) {
	if p.file != "" {
		if name := p.changed("scale", "mean", "std", "resize", "layout"); name != "" {
			return nil, usagef("--%s: %s says how samples become inputs", name, p.file)
		}
		var vocabulary []string
		if p.vocabulary != "" {
			var err error
			if vocabulary, err = readLines(p.vocabulary); err != nil {
				return nil, err
			}
		}
		s, err := readFrontEnd(p.file, vocabulary...)
		if errors.Is(err, errNoVocabulary) {
			return nil, usagef("%w: give --vocab FILE, a token a line", err)
		}
		if err != nil && vocabulary != nil {
			err = fmt.Errorf("%w (with the tokens of --vocab %s)", err, p.vocabulary)
		}
		if err == nil && s.Kind == frontend.KindTokens && v.Shape.Elements() == 1 && v.Sym != nil {
			return nil, usagef("--dim: input %q would take texts of one token: give --dim %s=TOKENS", v.Name, v.Sym[v.Shape.Rank-1])
		}
		return s, err
	}
	if p.vocabulary != "" {
		return nil, usagef("--vocab: give --frontend FILE too, a specification of kind %q", frontend.KindTokens)
	}
	given := p.given() != ""
	if !pictures || !given && !files && v.DType != tensor.Float32 && v.Shape.Rank != 4 {
		return &frontend.Spec{Kind: frontend.KindNone}, nil
	}
	s := &frontend.Spec{Kind: frontend.KindPicture, Resize: p.resize, Layout: p.layout}
	d := v.Shape.Dim
	switch {
	case v.Shape.Rank == 4:
	case v.Shape.Rank == 3 && d[0] == 1: // one channel
		d[1], d[2], d[3] = 1, d[1], d[2]
		s.Layout = frontend.NCHW
	default:
		return nil, fmt.Errorf("input %q has shape %v; pictures want [N,C,H,W] or [N,H,W,C]", v.Name, v.Shape)
	}
	if s.Layout == "" {
		s.Layout = frontend.NCHW
		if d[1] != 1 && d[1] != 3 {
			s.Layout = frontend.NHWC
		}
	}
	if s.Channels, s.Height, s.Width = d[1], d[2], d[3]; s.Layout == frontend.NHWC {
		s.Height, s.Width, s.Channels = d[1], d[2], d[3]
	}
	if p.changed("scale", "mean", "std") == "" && isCodes(v) {
		pixelCodes(s, v)
		return s, s.Check()
	}
	var err error
	if s.Scale, err = fraction(p.scale); err != nil {
		return nil, usagef("--scale: %w", err)
	}
	if s.Mean, err = floats(p.mean); err != nil {
		return nil, usagef("--mean: %w", err)
	}
	if s.Std, err = floats(p.std); err != nil {
		return nil, usagef("--std: %w", err)
	}
	if err := s.Check(); err != nil {
		return nil, usageError{err}
	}
	return s, nil
}

func fraction(s string) (float32, error) {
	num, den, isFraction := strings.Cut(s, "/")
	a, err := strconv.ParseFloat(num, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no number", s)
	}
	if isFraction {
		b, err := strconv.ParseFloat(den, 64)
		if err != nil || b == 0 {
			return 0, fmt.Errorf("%q is no fraction", s)
		}
		a /= b
	}
	return float32(a), nil
}

func floats(s string) ([]float32, error) {
	if s == "" {
		return nil, nil
	}
	var out []float32
	for _, f := range strings.Split(s, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(f), 32)
		if err != nil {
			return nil, fmt.Errorf("%q is no number", f)
		}
		out = append(out, float32(v))
	}
	return out, nil
}

// feeder writes the samples of a data set through a front end into a session's only input.
type feeder struct {
	data calib.Dataset
	fe   *frontend.FrontEnd
	text *textFeeder // of a front end of kind tokens
	n    int         // samples used

	reals []float32 // of the sample at hand, for a network that takes codes
}

// newFeeder checks that the network has one input, of float32, of integers, or of codes with one scale.
func newFeeder(g *graph.Graph, spec *frontend.Spec, data calib.Dataset, limit int) (*feeder, error) {
	if calib.HasArrays(data) {
		return newArraysFeeder(data, limit), nil
	}
	if spec != nil && spec.Kind == frontend.KindTokens {
		return newTokensFeeder(g, spec, data, limit, nil, nil)
	}
	if len(g.Inputs) != 1 {
		return nil, errInputs(g)
	}
	if v := g.Inputs[0]; v.DType != tensor.Float32 && !isCodes(v) && !isPlain(v) {
		return nil, fmt.Errorf("input %q is %v; wanted float32, integers, or codes with one scale", v.Name, v.Type)
	}
	if spec == nil {
		spec = &frontend.Spec{Kind: frontend.KindNone}
	}
	fe, err := frontend.New(*spec)
	if err != nil {
		return nil, err
	}
	if err := fits(spec, g.Inputs[0]); err != nil {
		return nil, err
	}
	f := &feeder{data: data, fe: fe, n: data.Len()}
	if limit > 0 {
		f.n = min(f.n, limit)
	}
	return f, nil
}

// fits checks that features have the shape of the network's input, where extents of 1 do not count, or that the input
// is one row of as many numbers.
func fits(spec *frontend.Spec, in *graph.Value) error {
	if !spec.Signals() {
		return nil
	}
	got := spec.Shape()
	one := func(d int) bool { return d == 1 }
	want := slices.DeleteFunc(slices.Clone(in.Shape.Dims()), one)
	if got.Elements() != in.Shape.Elements() || len(want) > 1 && !slices.Equal(want, slices.DeleteFunc(slices.Clone(got.Dims()), one)) {
		return fmt.Errorf("the front end gives %v; input %q wants %v", got, in.Name, in.Shape)
	}
	return nil
}

func (f *feeder) Len() int { return f.n }

// continues reports whether sample i goes on with the sequence of the one before.
func (f *feeder) continues(i int) bool {
	s, ok := f.data.(*calib.Sequences)
	return ok && s.Continues(i)
}

// holds reports whether sample i has n values.
func (f *feeder) holds(i, n int) bool {
	s, err := f.data.Sample(i)
	return err == nil && len(s.Bytes)+len(s.Numbers) == n
}

func (f *feeder) Fill(i int, s *rt.Session) error {
	sample, err := f.data.Sample(i)
	if err == nil {
		err = f.fill(&sample, s)
	}
	if err != nil {
		return err
	}
	return checkIndices(s, sample.Name)
}

func (f *feeder) fill(sample *calib.Sample, s *rt.Session) error {
	if sample.Arrays != nil {
		return fillArrays(s, sample)
	}
	in := s.Program().Graph().Inputs[0]
	if f.text != nil {
		if sample.IsText() {
			return f.text.fill(s, sample)
		}
		if len(f.text.inputs) != 1 {
			return fmt.Errorf("%s: no text, which a network of %d inputs wants", sample.Name, len(f.text.inputs))
		}
	}
	spec := f.fe.Spec()
	if err := fitSample(s, sample, &spec); err != nil {
		return err
	}
	dst := s.Input(0)
	if in.DType == tensor.Float32 {
		return calib.Feed(f.fe, *sample, dst.F32())
	}
	switch n := dst.Len() / in.DType.SizeBytes(1); {
	case takesCodes(in, sample, &spec, n) && sample.Bytes != nil:
		copy(dst.Bytes(), sample.Bytes)
	case takesCodes(in, sample, &spec, n):
		putCodes(dst, in.DType, sample.Numbers)
	default:
		f.reals = slices.Grow(f.reals[:0], n)[:n]
		if err := calib.Feed(f.fe, *sample, f.reals); err != nil {
			return err
		}
		if isPlain(in) {
			if err := putPlain(dst, in.DType, f.reals); err != nil {
				return fmt.Errorf("%s: %w", sample.Name, err)
			}
			return nil
		}
		quantizeReals(in.Quant, f.reals)
		putCodes(dst, in.DType, f.reals)
	}
	return nil
}
