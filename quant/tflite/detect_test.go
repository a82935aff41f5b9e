package tflite

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"edgerun/rt"
)

// flexBuffer writes a FlexBuffers map of int, bool and float32 values, everything 4 bytes wide.
func flexBuffer(values map[string]any) []byte {
	var b []byte
	word := func(v uint32) { b = binary.LittleEndian.AppendUint32(b, v) }
	keys := slices.Sorted(maps.Keys(values))
	var at []int
	for _, k := range keys {
		at = append(at, len(b))
		b = append(append(b, k...), 0)
	}
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	word(uint32(len(keys)))
	list := len(b)
	for _, pos := range at {
		word(uint32(len(b) - pos))
	}
	word(uint32(len(b) - list))
	word(4)
	word(uint32(len(keys)))
	start := len(b)
	var types []byte
	for _, k := range keys {
		kind := 0
		switch v := values[k].(type) {
		case int:
			kind = flexTypeInt
			word(uint32(v))
		case bool:
			kind = flexTypeBool
			if v {
				word(1)
			} else {
				word(0)
			}
		case float32:
			kind = flexTypeFloat
			word(math.Float32bits(v))
		}
		types = append(types, byte(kind<<2|2))
	}
	b = append(b, types...)
	word(uint32(len(b) - start))
	return append(b, flexTypeMap<<2|2, 4)
}

// detector is a model of three boxes: two that overlap by 0.82 and one apart, each where its anchor is, with scores of a
// background and two classes.
func detector(options map[string]any) *fileModel {
	f := elem("float32")
	all := map[string]any{"max_detections": 5, "max_classes_per_detection": 1, "num_classes": 2, "nms_score_threshold": float32(0.25),
		"nms_iou_threshold": float32(0.5), "y_scale": float32(10), "x_scale": float32(10), "h_scale": float32(5), "w_scale": float32(5)}
	maps.Copy(all, options)
	rows := int32(all["max_detections"].(int) * all["max_classes_per_detection"].(int))
	return &fileModel{tensors: []fileTensor{
		{name: "encodings", shape: []int32{1, 3, 4}, code: f},
		{name: "scores", shape: []int32{1, 3, 3}, code: f},
		{name: "anchors", shape: []int32{3, 4}, code: f, data: floats(0.5, 0.5, 1, 1, 0.6, 0.5, 1, 1, 10.5, 10.5, 1, 1)},
		{name: "boxes", shape: []int32{1, rows, 4}, code: f},
		{name: "classes", shape: []int32{1, rows}, code: f},
		{name: "best", shape: []int32{1, rows}, code: f},
		{name: "count", shape: []int32{1}, code: f},
	}, ops: []fileOp{{custom: "TFLite_Detection_PostProcess", in: []int32{0, 1, 2}, out: []int32{3, 4, 5, 6}, flex: flexBuffer(all)}},
		inputs: []int32{0, 1}, outputs: []int32{3, 4, 5, 6}}
}

func TestDetections(t *testing.T) {
	box := [][]float32{{0, 0, 1, 1}, {0.1, 0, 1.1, 1}, {10, 10, 11, 11}}
	for _, c := range []struct {
		name                   string
		options                map[string]any
		boxes, classes, scores []float32 // boxes by number, −1 for an empty row
		count                  float32
	}{
		{"fast", nil, []float32{0, 2, -1, -1, -1}, []float32{0, 1, 0, 0, 0}, []float32{0.9, 0.6, 0, 0, 0}, 2},
		{"fast, all overlap", map[string]any{"nms_iou_threshold": float32(0.9)}, []float32{0, 1, 2, -1, -1}, []float32{0, 0, 1, 0, 0}, []float32{0.9, 0.8, 0.6, 0, 0}, 3},
		{"fast, most", map[string]any{"max_detections": 1, "nms_iou_threshold": float32(0.9)}, []float32{0}, []float32{0}, []float32{0.9}, 1},
		{"fast, two classes", map[string]any{"max_classes_per_detection": 2, "max_detections": 3}, []float32{0, -1, -1, 0, 2, -1}, []float32{0, 0, 0, 1, 1, 0}, []float32{0.9, 0, 0, 0.2, 0.6, 0}, 4},
		{"regular", map[string]any{"use_regular_nms": true}, []float32{0, 1, 2, 2, -1}, []float32{0, 1, 1, 0, 0}, []float32{0.9, 0.7, 0.6, 0.3, 0}, 4},
		{"regular, one a class", map[string]any{"use_regular_nms": 1, "detections_per_class": 1}, []float32{0, 1, -1, -1, -1}, []float32{0, 1, 0, 0, 0}, []float32{0.9, 0.7, 0, 0, 0}, 2},
		{"regular, most", map[string]any{"use_regular_nms": true, "max_detections": 2}, []float32{0, 1}, []float32{0, 1}, []float32{0.9, 0.7}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, err := Parse(detector(c.options).bytes(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			sessions(t, g, func(t *testing.T, s *rt.Session) {
				copy(s.Input(1).F32(), []float32{1, 0.9, 0.2, 1, 0.8, 0.7, 1, 0.3, 0.6})
				s.Run()
				for row, i := range c.boxes {
					want := make([]float32, 4)
					if i >= 0 {
						want = box[int(i)]
					}
					for k, v := range s.Output(0).F32()[4*row : 4*row+4] {
						if math.Abs(float64(v-want[k])) > 1e-6 {
							t.Errorf("box %d is %v, want %v", row, s.Output(0).F32()[4*row:4*row+4], want)
							break
						}
					}
				}
				if got := s.Output(1).F32(); !slices.Equal(got, c.classes) {
					t.Errorf("classes %v, want %v", got, c.classes)
				}
				if got := s.Output(2).F32(); !slices.Equal(got, c.scores) {
					t.Errorf("scores %v, want %v", got, c.scores)
				}
				if got := s.Output(3).F32()[0]; got != c.count {
					t.Errorf("%g detections, want %g", got, c.count)
				}
				if n := testing.AllocsPerRun(5, s.Run); n != 0 {
					t.Errorf("%v allocations in Run", n)
				}
			})
		})
	}
	for name, want := range map[string]string{"max_detections": `option "max_detections" is`, "y_scale": "scale 0"} {
		m := detector(nil)
		options := map[string]any{"max_detections": 5, "max_classes_per_detection": 1, "num_classes": 2, "nms_score_threshold": float32(0),
			"nms_iou_threshold": float32(0), "y_scale": float32(1), "x_scale": float32(1), "h_scale": float32(1), "w_scale": float32(1)}
		if options[name] = float32(0); name == "max_detections" {
			options[name] = float32(1.5)
		}
		m.ops[0].flex = flexBuffer(options)
		g, err := Parse(m.bytes(), Options{})
		if err == nil {
			_, err = rt.Compile(g, rt.Options{})
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", name, err, want)
		}
	}
}
