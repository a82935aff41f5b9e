package tflite

import (
	"math"
	"slices"

	"edgerun/quant/foreign"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// customs are custom operators by name. Their options are FlexBuffers maps.
var customs = map[string]entry{
	"SignalDelay":                         {translate: importSignalDelay},
	"SignalEnergy":                        {translate: importSignalEnergy},
	"SignalFftAutoScale":                  {translate: importSignalFftAutoScale},
	"SignalFilterBank":                    {translate: importSignalFilterBank},
	"SignalFilterBankLog":                 {translate: importSignalFilterBankLog},
	"SignalFilterBankSpectralSubtraction": {translate: importSignalFilterBankSpectralSubtraction},
	"SignalFilterBankSquareRoot":          {translate: importSignalFilterBankSquareRoot},
	"SignalFramer":                        {translate: importSignalFramer},
	"SignalOverlapAdd":                    {translate: importSignalOverlapAdd},
	"SignalPCAN":                          {translate: importSignalPCAN},
	"SignalRfft":                          {translate: importSignalRfft},
	"SignalStacker":                       {translate: importSignalStacker},
	"SignalWindow":                        {translate: importSignalWindow},
	"TFLite_Detection_PostProcess":        {translate: importDetections},
}

// option names an option of a custom operator and the attribute that holds it here; none where only its type matters.
type option struct {
	name, attr string
	kind       flexKind
}

// flexOptions reads the operator's options, all of which must be there and no others, as attributes.
func (c *call) flexOptions(want ...option) op.Attrs {
	var attrs op.Attrs
	if f := c.fields.byte(6); f != 0 {
		c.unsupported("format %d of options", f)
	}
	if c.fields.uint64(9) != 0 {
		c.unsupported("options behind the tables")
	}
	given, err := flexMap(c.fields.bytes(5, "custom options"))
	if err != nil {
		c.fail("%w", err)
	}
	for _, v := range given {
		i := 0
		for i < len(want) && want[i].name != v.key {
			i++
		}
		switch {
		case i == len(want):
			c.unsupported("option %s", foreign.Quote(v.key))
		case want[i].kind != v.kind || v.i > math.MaxInt32 || v.i < math.MinInt32:
			c.fail("option %s is no number of its kind or range", foreign.Quote(v.key))
		case want[i].attr != "":
			attrs = append(attrs, op.IntAttr(want[i].attr, int(v.i)))
		case v.key == "T" && len(c.in) > 0 && c.in[0] != nil:
			if d, err := dtypeOf(byte(v.i)); err != nil || v.i != int64(byte(v.i)) || d != c.in[0].DType {
				c.fail("option %s is %d, the input %v", foreign.Quote(v.key), v.i, c.in[0].DType)
			}
		}
	}
	for _, o := range want {
		found := false
		for _, v := range given {
			found = found || v.key == o.name
		}
		if !found {
			c.fail("option %q is missing", o.name)
		}
	}
	return attrs
}

// signal translates an operator whose first output's operator gives all outputs.
func (c *call) signal(def *op.Def, inputs, outputs int, attrs op.Attrs, state ...*graph.Value) {
	if c.inputs(inputs, inputs); c.err == nil && len(c.out) != outputs {
		c.fail("%d outputs, want %d", len(c.out), outputs)
	}
	var in []*graph.Value
	for i := range inputs {
		in = append(in, c.input(i))
		if i == 0 {
			in = append(in, state...)
		}
	}
	if c.err != nil {
		return
	}
	n, err := c.im.g.Add(def, c.im.names.Name(c.name), attrs, in...)
	if err != nil {
		c.fail("%w", inner(err))
		return
	}
	for i := range outputs {
		c.set(i, n.Out[i])
	}
}

// keep makes a variable of rows for what the operator keeps, zeros at first.
func (c *call) keep(suffix string, d tensor.DType, rows, n int) *graph.Value {
	t := tensor.Type{DType: d, Shape: tensor.MakeShape(rows, n)}
	if c.err == nil && (rows < 0 || n < 0) {
		c.fail("state of %d by %d", rows, n)
	}
	if c.err == nil {
		if err := t.Shape.Check(); err != nil {
			c.fail("state: %w", err)
		}
	}
	if !c.room(t.SizeBytes()) {
		return &graph.Value{}
	}
	return graph.NewVariable(c.im.names.Name(c.name+suffix), tensor.New(t))
}

// without leaves out an option that the shapes say too.
func without(attrs op.Attrs, name string) op.Attrs {
	return slices.DeleteFunc(attrs, func(a op.Attr) bool { return a.Name == name })
}

// rows is the product of all dimensions of input 0 but the last ones.
func (c *call) rows(last int) int {
	s := c.input(0).Shape
	s.Rank = max(0, s.Rank-last)
	return s.Elements()
}

func importSignalFramer(c *call) {
	attrs := c.flexOptions(option{"frame_size", "frameSize", flexInt}, option{"frame_step", "frameStep", flexInt}, option{"prefill", "prefill", flexBool})
	size, step := attrs.Int("frameSize", 0), attrs.Int("frameStep", 0)
	if c.err == nil && (step < 1 || size < step) {
		c.unsupported("frames of %d every %d", size, step)
	}
	if c.err != nil {
		return
	}
	c.signal(op.SignalFramer, 1, 2, attrs,
		c.keep("/state", tensor.Int16, c.rows(1), op.FramerState(size, step, attrs.Int("prefill", 0) != 0)), c.keep("/steps", tensor.Int32, 1, 1))
}

func importSignalStacker(c *call) {
	attrs := c.flexOptions(option{"num_channels", "channels", flexInt}, option{"stacker_left_context", "left", flexInt},
		option{"stacker_right_context", "right", flexInt}, option{"stacker_step", "step", flexInt})
	channels, left, right := attrs.Int("channels", 0), attrs.Int("left", 0), attrs.Int("right", 0)
	if x := c.input(0); c.err == nil && (x.Shape.Elements() != channels || left < 0 || right < 0) {
		c.fail("contexts of %d and %d with %d channels for %v", left, right, channels, x.Shape)
	}
	c.signal(op.SignalStacker, 1, 2, without(attrs, "channels"), c.keep("/state", tensor.Int16, 1, (left+1+right)*channels), c.keep("/count", tensor.Int32, 1, 1))
}

func importSignalDelay(c *call) {
	attrs := c.flexOptions(option{"delay_length", "length", flexInt})
	c.signal(op.SignalDelay, 1, 1, attrs, c.keep("/state", tensor.Int16, c.rows(1), attrs.Int("length", 0)))
}

func importSignalOverlapAdd(c *call) {
	attrs := c.flexOptions(option{"T", "", flexInt}, option{"frame_step", "frameStep", flexInt})
	x := c.input(0)
	size := 0
	if x.Shape.Rank > 0 {
		size = x.Shape.Dim[x.Shape.Rank-1]
	}
	c.signal(op.SignalOverlapAdd, 1, 1, attrs, c.keep("/state", x.DType, c.rows(2), size))
}

func importSignalWindow(c *call) {
	c.signal(op.SignalWindow, 2, 1, c.flexOptions(option{"shift", "shift", flexInt}))
}

func importSignalFftAutoScale(c *call) { c.signal(op.SignalFftAutoScale, 1, 2, c.flexOptions()) }

func importSignalRfft(c *call) {
	c.signal(op.SignalRfft, 1, 1, c.flexOptions(option{"T", "", flexInt}, option{"fft_length", "fftLength", flexInt}))
}

func importSignalEnergy(c *call) {
	c.signal(op.SignalEnergy, 1, 1, c.flexOptions(option{"start_index", "startIndex", flexInt}, option{"end_index", "endIndex", flexInt}))
}

func importSignalFilterBank(c *call) {
	attrs := c.flexOptions(option{"num_channels", "channels", flexInt})
	// The channel before the first one is part of the bank but no output.
	if n := attrs.Int("channels", 0) + 1; len(c.in) > 3 && c.input(3).Shape.Elements() != n {
		c.fail("%d channels have starts %v", n-1, c.input(3).Shape)
	}
	c.signal(op.SignalFilterBank, 6, 1, nil)
}

func importSignalFilterBankSquareRoot(c *call) {
	c.signal(op.SignalFilterBankSquareRoot, 2, 1, c.flexOptions())
}

func importSignalFilterBankSpectralSubtraction(c *call) {
	attrs := c.flexOptions(option{"alternate_one_minus_smoothing", "alternateOneMinusSmoothing", flexInt}, option{"alternate_smoothing", "alternateSmoothing", flexInt},
		option{"clamping", "clamping", flexBool}, option{"min_signal_remaining", "minSignalRemaining", flexInt}, option{"num_channels", "channels", flexInt},
		option{"one_minus_smoothing", "oneMinusSmoothing", flexInt}, option{"smoothing", "smoothing", flexInt},
		option{"smoothing_bits", "smoothingBits", flexInt}, option{"spectral_subtraction_bits", "bits", flexInt})
	channels := attrs.Int("channels", 0)
	if x := c.input(0); c.err == nil && x.Shape.Elements() != channels {
		c.fail("%d channels for %v", channels, x.Shape)
	}
	c.signal(op.SignalFilterBankSpectralSubtraction, 1, 2, without(attrs, "channels"), c.keep("/state", tensor.UInt32, 1, channels))
}

func importSignalPCAN(c *call) {
	c.signal(op.SignalPCAN, 3, 1, c.flexOptions(option{"snr_shift", "snrShift", flexInt}))
}

func importSignalFilterBankLog(c *call) {
	c.signal(op.SignalFilterBankLog, 1, 1, c.flexOptions(option{"input_correction_bits", "inputCorrectionBits", flexInt}, option{"output_scale", "outputScale", flexInt}))
}
