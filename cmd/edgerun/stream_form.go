package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"edgerun/loader"
	"edgerun/quant/pass"
	"edgerun/rt/graph"
	"edgerun/rt/task"
)

// stepForm is the flag --stream of commands that write model files.
type stepForm struct {
	text string // "" not asked for
	info *pass.Streamed
	hop  int   // samples from one step's signal to the next, where the front end takes signals
	lost error // why the file has no front end
}

const stepFormHelp = `

--stream writes the network in step form: it takes a few frames at a time, keeps what it has to know of earlier ones, and
answers as it would for the window of frames that it was made for ('edgerun run --stream' runs it). [INPUT=][AXIS][:STEP]
says which input's axis is time and how many frames a step has, if the network leaves a choice.`

func (f *stepForm) flag(c *cobra.Command) {
	c.Long += stepFormHelp
	c.Flags().StringVar(&f.text, "stream", "", "write the network in step form: --stream, or --stream=[INPUT=][AXIS][:STEP]")
	c.Flags().Lookup("stream").NoOptDefVal = "auto"
}

// options reads the flag for a network whose frames the front end may tell.
func (f *stepForm) options(m *loader.Model) (pass.StreamOptions, error) {
	o := pass.StreamOptions{Axis: -1}
	text := f.text
	if text == "auto" {
		text = ""
	}
	if i := strings.LastIndex(text, "="); i >= 0 {
		o.Input, text = text[:i], text[i+1:]
	}
	axis, step, given := strings.Cut(text, ":")
	for _, n := range []struct {
		to   *int
		text string
		set  bool
		min  int
	}{{&o.Axis, axis, axis != "", 0}, {&o.Step, step, given, 1}} {
		if !n.set {
			continue
		}
		v, err := strconv.Atoi(n.text)
		if err != nil || v < n.min {
			return o, usagef("--stream=%s, want [INPUT=][AXIS][:STEP], as in --stream=1:2", f.text)
		}
		*n.to = v
	}
	if o.Axis < 0 {
		o.Axis = featureAxis(m.FrontEnd, m.Graph)
	}
	return o, nil
}

// frameAxis finds the axis of in that has a front end's frames, given the features' shape [1,frames,features] or, with last,
// [1,features,frames]; −1 if it could be another.
func frameAxis(features []int, last bool, in *graph.Value) int {
	frames := features[1]
	if last {
		frames = features[2]
	}
	axis := slices.Index(in.Shape.Dims(), frames)
	if axis < 0 || slices.Contains(in.Shape.Dims()[axis+1:], frames) {
		return -1
	}
	return axis
}

// stepsBefore returns how many steps a network in step form takes before it has seen a whole window: its answers to them are
// of no use. Networks that remember all of a sequence answer from the first step on.
func stepsBefore(m *model) int {
	n, err := strconv.Atoi(m.Meta[metaWarmup])
	if err != nil {
		return 0
	}
	return max(0, n-1)
}

// Keys of what a model file in step form says of itself.
const (
	metaStream = "stream"
	metaWarmup = "stream warm-up steps" // until a window is there
	metaHop    = "stream hop"           // samples of a sound from one step to the next

	axisMark = ", axis " // of metaStream, before the axis
)

// stepHop returns how many samples of a sound, at rate samples a second, come from one step to the next; 0 if the file does
// not say.
func stepHop(m *model, rate int) (int, error) {
	hop, err := strconv.Atoi(m.Meta[metaHop])
	if err != nil || m.FrontEnd == nil || rate == 0 {
		return 0, nil
	}
	if own := m.FrontEnd.SampleRate; own != 0 {
		if hop*rate%own != 0 {
			return 0, usagef("a step is %d samples at %d a second, no whole number of them at %d: give --hop", hop, own, rate)
		}
		hop = hop * rate / own
	}
	return hop, nil
}

// check refuses step form for a network that writes sequences.
func (f *stepForm) check(kind string) error {
	if f.text != "" && kind == task.KindSequence {
		return usagef("--stream: a network of --task %s runs token by token anyway", kind)
	}
	return nil
}

// apply brings a finished model into step form, if the flag asks for it.
func (f *stepForm) apply(m *loader.Model) error {
	if f.text == "" {
		return nil
	}
	o, err := f.options(m)
	if err != nil {
		return err
	}
	if m.Graph, f.info, err = pass.Stream(m.Graph, o); err != nil {
		if errors.Is(err, pass.ErrChoice) {
			return usagef("--stream: %w: --stream=[INPUT=][AXIS]", err)
		}
		return fmt.Errorf("--stream: %w", err)
	}
	if fe := m.FrontEnd; fe != nil && fe.Signals() {
		step, hop, err := fe.Steps(f.info.Step)
		if err != nil {
			f.lost, m.FrontEnd = err, nil
		} else {
			f.hop, m.FrontEnd = hop, &step
		}
	}
	if m.Meta == nil {
		m.Meta = map[string]string{}
	}
	if f.hop > 0 {
		m.Meta[metaHop] = strconv.Itoa(f.hop)
	}
	m.Meta[metaStream] = fmt.Sprintf("input %s"+axisMark+"%d, %d frames a step, window of %d", f.info.Input, f.info.Axis, f.info.Step, f.info.Window)
	if !f.info.Sequence {
		m.Meta[metaWarmup] = strconv.Itoa(f.info.Warmup())
	}
	return nil
}

func frameCount(n int) string {
	if n == 1 {
		return "1 frame"
	}
	return fmt.Sprintf("%d frames", n)
}

// print tells what the step form is.
func (f *stepForm) print(w io.Writer) {
	if f.info == nil {
		return
	}
	s := f.info
	fmt.Fprintf(w, "  steps of %s along axis %d of input %s; a window of %d is there after %d steps\n",
		frameCount(s.Step), s.Axis, s.Input, s.Window, s.Warmup())
	if s.Sequence {
		fmt.Fprintln(w, "  it remembers the whole sequence: later answers are those of one longer window from the start on")
		if n := s.Skipped(); n > 0 {
			fmt.Fprintf(w, "  a sequence begins after %s of the first step, so that the window ends with a step\n", frameCount(n))
		}
	}
	fmt.Fprintf(w, "  in step form: %s\n", strings.Join(s.Turned, ", "))
	if len(s.Collected) > 0 {
		fmt.Fprintf(w, "  on whole windows, from their frames kept: %s\n", strings.Join(s.Collected, ", "))
	}
	switch {
	case f.lost != nil:
		fmt.Fprintf(w, "  no front end in the file, steps take features: %v\n", f.lost)
	case f.hop > 0:
		fmt.Fprintf(w, "  a step begins %d samples after the one before\n", f.hop)
	}
}
