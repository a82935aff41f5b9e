package tflite

import (
	"maps"
	"math"
	"slices"

	"edgerun/quant/foreign"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// detectOptions are the numbers among the options of TFLite_Detection_PostProcess, with what they are unless given; NaN
// must be.
var detectOptions = map[string]float64{
	"max_detections": math.NaN(), "max_classes_per_detection": math.NaN(), "num_classes": math.NaN(),
	"nms_score_threshold": math.NaN(), "nms_iou_threshold": math.NaN(),
	"y_scale": math.NaN(), "x_scale": math.NaN(), "h_scale": math.NaN(), "w_scale": math.NaN(),
	"detections_per_class": 100, "use_regular_nms": 0,
	"_output_quantized": 0, "_support_output_type_float_in_quantized_op": 0, // do not change what is computed
}

// importDetections reads quantized inputs as reals.
func importDetections(c *call) {
	if c.inputs(3, 3); c.err == nil && len(c.out) != 4 {
		c.fail("%d outputs, want 4", len(c.out))
	}
	given, err := flexMap(c.fields.bytes(5, "custom options"))
	if err != nil {
		c.fail("%w", err)
	}
	value := map[string]float64{}
	for name, v := range detectOptions {
		value[name] = v
	}
	for _, v := range given {
		switch _, known := detectOptions[v.key]; {
		case !known:
			c.unsupported("option %s", foreign.Quote(v.key))
		case v.kind == flexFloat:
			value[v.key] = v.f
		case v.kind == flexOther:
			c.fail("option %s is no number", foreign.Quote(v.key))
		default:
			value[v.key] = float64(v.i)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(detectOptions)) {
		if v := value[name]; v-v != 0 {
			c.fail("option %q is missing or not finite", name)
		}
	}
	whole := func(name string) int {
		v := value[name]
		if v != math.Trunc(v) || v < 0 || v > math.MaxInt32 {
			c.fail("option %q is %g", name, v)
		}
		return int(v)
	}
	real := func(name string) float32 { return float32(value[name]) }
	attrs := op.Attrs{op.FloatsAttr("scales", real("y_scale"), real("x_scale"), real("h_scale"), real("w_scale")),
		op.IntAttr("classes", whole("num_classes")), op.IntAttr("maxDetections", whole("max_detections")),
		op.IntAttr("classesPerBox", whole("max_classes_per_detection")), op.IntAttr("perClass", whole("detections_per_class")),
		op.IntAttr("regular", whole("use_regular_nms")&1), op.FloatAttr("scoreThreshold", real("nms_score_threshold")),
		op.FloatAttr("iouThreshold", real("nms_iou_threshold"))}
	var in []*graph.Value
	for i := range c.in {
		v := c.input(i)
		switch {
		case c.err != nil || v.DType == tensor.Float32:
		case v.Const != nil:
			v = c.dequantized(v)
		default:
			v = c.emit(op.Dequantize, []string{"/encodings", "/scores", "/anchors"}[i], nil, v)
		}
		in = append(in, v)
	}
	if c.err != nil {
		return
	}
	n, err := c.im.g.Add(op.Detections, c.im.names.Name(c.name), attrs, in...)
	if err != nil {
		c.fail("%w", inner(err))
		return
	}
	for i, v := range n.Out {
		c.set(i, v)
	}
}
