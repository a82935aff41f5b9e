package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"edgerun/quant/calib"
	"edgerun/rt/frontend"
	"edgerun/rt/graph"
)

// streamFlag is the value of run --stream: whether files are sequences, and which axis of the input is time.
type streamFlag struct {
	on   bool
	axis int // −1 what the model file or the shapes say
}

func (f *streamFlag) String() string {
	if f.on && f.axis >= 0 {
		return strconv.Itoa(f.axis)
	}
	return strconv.FormatBool(f.on)
}

// Set takes true, false or an axis.
func (f *streamFlag) Set(text string) error {
	f.on, f.axis = true, -1
	switch text {
	case "true":
		return nil
	case "false":
		f.on = false
		return nil
	}
	axis, err := strconv.Atoi(text)
	if err != nil || axis < 0 {
		return errors.New("want the axis of the input that is time, as in --stream=1")
	}
	f.axis = axis
	return nil
}

func (f *streamFlag) Type() string { return "axis" }

// timeAxis returns the axis of m's input along which frames follow each other, as far as the file says it: −1 otherwise.
func timeAxis(m *model) int {
	if s := m.Meta[metaStream]; s != "" {
		axis := -1
		if i := strings.LastIndex(s, axisMark); i >= 0 {
			fmt.Sscanf(s[i+len(axisMark):], "%d", &axis)
		}
		return axis
	}
	return featureAxis(m.FrontEnd, m.Graph)
}

// featureAxis returns the axis of g's first input that has the frames of a front end for signals; −1 if that is not certain.
func featureAxis(fe *frontend.Spec, g *graph.Graph) int {
	if fe == nil || !fe.Signals() {
		return -1
	}
	shape := fe.Shape()
	return frameAxis(shape.Dims(), fe.Layout == frontend.FeatureMajor, g.Inputs[0])
}

// hintAxis adds to an error what says which axis is time.
func hintAxis(err error) error {
	if errors.As(err, new(calib.AxisError)) {
		return fmt.Errorf("%w: --stream=AXIS says which axis is time", err)
	}
	return err
}
