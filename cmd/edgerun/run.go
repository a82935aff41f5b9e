package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"edgerun/quant/calib"
	"edgerun/rt"
	"edgerun/rt/frontend"
	"edgerun/rt/graph"
	"edgerun/rt/task"
)

// runCommand runs a model over files.
func runCommand() *cobra.Command {
	var e engine
	var pre preprocessing
	var dims []string
	var top int
	var asJSON, warming bool
	var stream streamFlag
	var hop, rate int
	var write generateFlags
	var output string
	var named []string
	c := &cobra.Command{
		Use:   "run MODEL INPUT...",
		Short: "Run a model on .npy, .npz, .png, .jpg, .bmp, .wav, .csv, .txt or .jsonl files",
		Long: `Run a model on .npy, .npz, .png, .jpg, .bmp, .wav, .csv, .txt or .jsonl files.

A model of several inputs takes .npz files (numpy.savez) with an array for each input, by its name, or --input NAME=FILE.npy
for each. Such arrays go into the network as they are, past any front end. An array is the input's value; or one more axis,
the first, counts samples, in the place of a batch of one. What is one sample only goes with all samples of the others.

Texts are lines of a .txt file, the column "text" of a .csv file or that field of a .jsonl file. With --generate a model that
writes sequences answers each text with another one, or continues it; --output then takes the texts (.txt) or the tokens
(.npy: int32, a row for each text, filled up with -1). - stands for texts of the standard input, one a line.

A model that keeps a state (a streaming keyword spotter, say) starts anew with each sample. With --stream each file is one
long sequence instead: it goes into the model window by window, and the state lives on to the end of the file. The rows of
a sequence are those of a .npy or .csv file, or the samples of a .wav file; a window is as many as fill the model's input,
along the axis that is time: the one that a file in step form names, or that fits the rows, or --stream=AXIS.
A network in step form ('edgerun quantize --stream') that answers for a window of frames gives no answer before it has seen
so many.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(named) == 0 {
				return cobra.MinimumNArgs(2)(c, args)
			}
			return cobra.ExactArgs(1)(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if top < 1 {
				return usagef("--top %d must be positive", top)
			}
			if warming && !stream.on {
				return usagef("--warming goes with --stream")
			}
			for name, n := range map[string]int{"hop": hop, "rate": rate} {
				switch {
				case c.Flags().Changed(name) && !stream.on:
					return usagef("--%s goes with --stream", name)
				case c.Flags().Changed(name) && n < 1:
					return usagef("--%s %d must be positive", name, n)
				}
			}
			files, err := inputFiles(named)
			if err != nil {
				return err
			}
			read := append(args, pre.file)
			for _, f := range files {
				read = append(read, f.Path)
			}
			if err := keepInputs([]string{output}, read...); err != nil {
				return err
			}
			if err := checkDims(dims, args[0]); err != nil {
				return err
			}
			m, err := openModel(args[0], dims...)
			if err != nil {
				return err
			}
			if err := write.check(m, &pre, output); err != nil {
				return err
			}
			r, err := e.runner(m, &pre)
			if err != nil {
				return err
			}
			defer r.pool.Close()
			if write.on {
				return runGenerate(c, r, &write, args[1:], asJSON, output)
			}
			r.stream, r.hop, r.rate, r.files = stream, hop, rate, files
			out, err := newOutputFile(output, m.Graph)
			if err != nil {
				return err
			}
			if !stream.on && m.Meta[metaStream] != "" {
				fmt.Fprintf(c.ErrOrStderr(), "%s: is in step form, and each sample a step: --stream takes files as sequences\n", m.path)
			}
			silent := 0 // steps without an answer
			if stream.on && !warming {
				silent = stepsBefore(m)
			}
			answers, err := newAnswerer(m, top)
			if err != nil {
				return err
			}
			w := bufio.NewWriter(c.OutOrStdout())
			p := &printer{w: w, json: asJSON, answers: answers}
			paths := args[1:]
			if len(files) > 0 {
				paths = []string{inputsPath(files)}
			}
			for _, path := range paths {
				steps := 0
				err := r.each(c, path, 0, func(i int, y []float32) error {
					if steps = i + 1; i < silent {
						return nil
					}
					if out != nil {
						out.whole = r.whole
						if err := out.add(r.session); err != nil {
							return err
						}
					}
					return p.print(path, i, r.in, y, r.session)
				})
				if err != nil {
					return errors.Join(w.Flush(), err) // what was answered is not lost
				}
				if silent > 0 {
					fmt.Fprintf(c.ErrOrStderr(), "%s: no answer to the first %d of %d steps, until the network has seen a whole window (--warming prints them)\n",
						path, min(silent, steps), steps)
				}
			}
			if err := w.Flush(); err != nil {
				return err
			}
			if out == nil {
				return nil
			}
			return out.write()
		},
	}
	e.flags(c)
	pre.flags(c)
	dimFlag(c, &dims)
	write.flags(c)
	c.Flags().IntVar(&top, "top", 3, "classes to print")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a sample")
	c.Flags().Var(&stream, "stream", "take each file as one sequence, window by window, and keep the model's state from one to the next; --stream=AXIS says which axis of the input is time")
	c.Flags().Lookup("stream").NoOptDefVal = "true"
	c.Flags().BoolVar(&warming, "warming", false, "print answers of --stream from the first step on, those before a whole window too")
	c.Flags().IntVar(&hop, "hop", 0, "rows from one window of --stream to the next (default what a file in step form says, else a window's length)")
	c.Flags().IntVar(&rate, "rate", 0, "samples a second to bring the sound files of --stream to, for a model that takes samples itself (default the file's own)")
	c.Flags().StringArrayVar(&named, "input", nil, "take an input of a model from a file, as NAME=FILE.npy; repeated for each input, in place of INPUT")
	c.Flags().StringVar(&output, "output", "", "write the outputs of all samples to this .npy file, or to a .npz file by their names, in the types that the network gives")
	return c
}

// runner runs a model over data sets, sample by sample.
type runner struct {
	model   *model
	pre     *preprocessing
	session *rt.Session
	pool    *rt.Pool
	in, out []float32 // of the sample at hand; in is a copy, as the session reuses its input's memory

	stream streamFlag // a file is one sequence, cut into windows
	hop    int
	rate   int // of sounds; 0 as they are

	files []calib.InputFile // of --input
	whole bool              // the data at hand are one sample of arrays without an axis that counts samples
}

func (e *engine) runner(m *model, pre *preprocessing) (*runner, error) {
	prog, pool, err := e.compile(m.Graph)
	if err != nil {
		return nil, m.fail(err)
	}
	return &runner{model: m, pre: pre, session: prog.NewSession(pool), pool: pool}, nil
}

// each calls f with the first output, as reals, of each sample of the data at path, at most limit of them where limit
// is positive. f must not keep the slice.
func (r *runner) each(c *cobra.Command, path string, limit int, f func(i int, out []float32) error) error {
	ds, err := r.open(c, path)
	if err != nil {
		return err
	}
	spec, err := frontEndOf(ds, path, r.model, r.pre)
	if err != nil {
		return err
	}
	r.whole = calib.HasOne(ds)
	if r.stream.on {
		if calib.HasArrays(ds) {
			return usagef("--stream: %s holds inputs by their names, want a sequence: a .npy, .csv or .wav file", path)
		}
		if st, err := os.Stat(path); err == nil && st.IsDir() {
			return usagef("--stream: %s is a folder: give its files, each of which is a sequence", path)
		}
		if ds, err = r.windows(c, path, ds, spec); err != nil {
			return err
		}
		r.session.Reset()
	}
	feed, err := newFeeder(r.model.Graph, spec, ds, limit)
	if err != nil {
		return r.model.fail(err)
	}
	if feed.text != nil {
		defer feed.text.cut.print(c.ErrOrStderr())
	}
	show := progress(path, feed.Len())
	for i := range feed.Len() {
		if err := c.Context().Err(); err != nil {
			return err
		}
		if err := feed.Fill(i, r.session); err != nil {
			if n := r.model.Graph.Inputs[0].Shape.Elements(); !r.stream.on && len(r.model.Graph.Variables()) > 0 && !feed.holds(i, n) {
				err = fmt.Errorf("%w (the model keeps a state: run --stream takes a file as a sequence)", err)
			}
			return err
		}
		if r.in, err = appendReals(r.in[:0], r.model.Graph.Inputs[0], r.session.Input(0)); err != nil {
			return r.model.fail(err)
		}
		if !r.stream.on {
			r.session.Reset() // each sample is a sequence of its own
		}
		r.session.Run()
		if r.out, err = reals(r.out[:0], r.session); err != nil {
			return r.model.fail(err)
		}
		if err := f(i, r.out); err != nil {
			return err
		}
		show(i+1, feed.Len())
	}
	return nil
}

// open opens the data at path, - being the standard input, and tells what of it is no sample.
func (r *runner) open(c *cobra.Command, path string) (ds calib.Dataset, err error) {
	switch {
	case r.model.task().Kind == task.KindSequence && strings.EqualFold(filepath.Ext(path), ".npz"):
		return nil, fmt.Errorf("%s: holds arrays; %s writes sequences for texts", path, r.model.path)
	case len(r.files) > 0:
		if ds, err = calib.OpenInputs(r.files); err == nil {
			ds, err = bindInputs(ds, r.model.Graph)
		}
	case path == stdinPath:
		ds, err = readStdin(c.Context())
	default:
		ds, err = openDataset(path, r.model.Graph)
	}
	if err != nil {
		switch fe := r.model.FrontEnd; {
		case fe == nil || fe.Kind != frontend.KindTokens:
		case errors.Is(err, fs.ErrNotExist):
			err = fmt.Errorf("%w (a text by itself comes through the standard input: echo TEXT | edgerun run MODEL -)", err)
		case strings.EqualFold(filepath.Ext(path), ".csv"):
			err = fmt.Errorf("%w (texts want a first line of names, one of them \"text\")", err)
		}
		return nil, err
	}
	noteBlank(c.ErrOrStderr(), path, ds)
	return ds, nil
}

// windows cuts a sequence for the model's input and says what is left over.
func (r *runner) windows(c *cobra.Command, path string, ds calib.Dataset, spec *frontend.Spec) (calib.Dataset, error) {
	hop := r.hop
	if hop == 0 {
		first, err := ds.Sample(0)
		if err != nil {
			return nil, err
		}
		if hop, err = stepHop(r.model, first.Rate); err != nil {
			return nil, err
		}
	}
	if r.rate != 0 && spec.Signals() {
		return nil, usagef("--rate: the model's front end says what it takes")
	}
	axis := r.stream.axis
	if axis < 0 {
		axis = timeAxis(r.model)
	}
	w, err := calib.NewWindows(ds, spec, r.model.Graph.Inputs[0].Type, axis, hop, r.rate)
	if err != nil {
		return nil, hintAxis(err)
	}
	if n := w.Rest(); n > 0 {
		fmt.Fprintf(c.ErrOrStderr(), "%s: the last %d rows fill no window and are not used\n", path, n)
	}
	return w, nil
}

// openSamples opens the data at path with the front end that brings them into m: the model's own, or that of the flags.
func openSamples(path string, m *model, pre *preprocessing) (calib.Dataset, *frontend.Spec, error) {
	ds, err := openDataset(path, m.Graph)
	if err != nil {
		return nil, nil, err
	}
	spec, err := frontEndOf(ds, path, m, pre)
	return ds, spec, err
}

// frontEndOf returns the front end that brings the samples of ds, the data at path, into m.
func frontEndOf(ds calib.Dataset, path string, m *model, pre *preprocessing) (*frontend.Spec, error) {
	flag := pre.given()
	if calib.HasArrays(ds) {
		if flag != "" {
			return nil, usagef("--%s: %s holds a network's inputs as they are", flag, path)
		}
		return &frontend.Spec{Kind: frontend.KindNone}, nil
	}
	if m.FrontEnd != nil {
		if flag != "" {
			return nil, usagef("--%s: the model file says how samples become inputs", flag)
		}
		return m.FrontEnd, nil
	}
	first, err := ds.Sample(0)
	if err != nil {
		return nil, err
	}
	if err := pre.checkText(&first); err != nil {
		return nil, err
	}
	if flag != "" && flag != "frontend" && first.Bytes == nil {
		return nil, usagef("--%s: %s holds numbers, which go into the network as they are", flag, path)
	}
	spec, err := pre.spec(m.Graph.Inputs[0], first.Bytes != nil, first.PictureFile())
	if err != nil {
		return nil, m.fail(err)
	}
	return spec, nil
}

// openDataset opens the data at path. A .npy file that holds g's input without an axis to count is one sample.
func openDataset(path string, g *graph.Graph) (calib.Dataset, error) {
	ds, err := calib.Open(path)
	if err != nil {
		return nil, err
	}
	if calib.HasArrays(ds) {
		return bindInputs(ds, g)
	}
	if len(g.Inputs) != 1 {
		return ds, nil
	}
	return calib.Single(ds, g.Inputs[0]), nil
}

// reals appends the session's first output as float32.
func reals(dst []float32, s *rt.Session) ([]float32, error) {
	return appendReals(dst, s.Program().Graph().Outputs[0], s.Output(0))
}
