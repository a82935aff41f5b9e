package op

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// Detections finds objects among boxes that a single-shot detector proposes: it decodes them, drops those below
// scoreThreshold, and of two that overlap by more than iouThreshold (intersection over union) the one of the lower score.
//
// Inputs, float32: encodings [1,B,4] (y, x, h, w relative to the anchors, each divided by its one of scales), scores
// [1,B,C] and constant anchors [B,4] (y, x, h, w of centres and sizes). C is classes, or one more for a background that
// comes first and is left out.
//
// Outputs: boxes [1,N,4] (top, left, bottom, right), classes [1,N] and scores [1,N] by falling score, equal ones in the
// order of classes and boxes, and how many there are [1]; all are float32, and rows beyond are 0. N is
// maxDetections·classesPerBox.
//
// With regular, each class is searched on its own for up to perClass boxes, and the best maxDetections remain. Without, a
// box counts by its best class; each box found takes classesPerBox rows, where row r of box i is number
// classesPerBox·(classesPerBox·i + r) + r as in the reference: past the first box there are rows of 0 between if that is
// not 1, and those behind the last row are left out.
//
// Centres and sizes are computed in float64 and rounded once. A box without area overlaps none; a NaN score is dropped.
// Source: TFLite TFLite_Detection_PostProcess.
var Detections = register(Def{
	Code: 36, Name: "Detections", MinIn: 3, MaxIn: 3, Outs: 4,
	Attrs: []AttrSpec{{Name: "scales", Kind: Floats, Required: true}, {Name: "classes", Kind: Int, Required: true},
		{Name: "maxDetections", Kind: Int, Required: true}, {Name: "classesPerBox", Kind: Int}, {Name: "perClass", Kind: Int},
		{Name: "regular", Kind: Int}, {Name: "scoreThreshold", Kind: Float}, {Name: "iouThreshold", Kind: Float}},
	Infer: func(n *Node) error {
		e, c, a := &n.In[0], &n.In[1], &n.In[2]
		boxes := e.Shape.Dim[1]
		if e.DType != tensor.Float32 || c.DType != tensor.Float32 || a.DType != tensor.Float32 {
			return fmt.Errorf("inputs of %v, %v and %v, want float32: %w", e.DType, c.DType, a.DType, ErrUnsupported)
		}
		classes := n.Attrs.Int("classes", 0)
		if e.Shape != tensor.MakeShape(1, boxes, 4) || a.Shape != tensor.MakeShape(boxes, 4) || classes < 1 || c.Shape.Rank != 3 ||
			c.Shape != tensor.MakeShape(1, boxes, c.Shape.Dim[2]) || c.Shape.Dim[2] != classes && c.Shape.Dim[2] != classes+1 {
			return fmt.Errorf("encodings %v, scores %v and anchors %v for %d classes, want [1,B,4], [1,B,%d] and [B,4]", e.Shape, c.Shape, a.Shape, classes, classes)
		}
		limit, per := n.Attrs.Int("maxDetections", 0), n.Attrs.Int("classesPerBox", 1)
		if limit < 1 || limit > maxDetections || per < 1 || per > maxDetections || limit*per > maxDetections {
			return fmt.Errorf("%d detections with %d classes each, want 1 to %d in all", limit, per, maxDetections)
		}
		rows := limit * per
		for i, s := range []tensor.Shape{tensor.MakeShape(1, rows, 4), tensor.MakeShape(1, rows), tensor.MakeShape(1, rows), tensor.MakeShape(1)} {
			n.Out[i].DType, n.Out[i].Shape = tensor.Float32, s
		}
		return nil
	},
	Prepare: func(p *Prepare) (Step, error) {
		anchors, scales := p.In[2].Const, p.Attrs.Floats("scales")
		if anchors == nil {
			return nil, fmt.Errorf("anchors that are not constant: %w", ErrUnsupported)
		}
		if len(scales) != 4 {
			return nil, fmt.Errorf("%d scales, want 4", len(scales))
		}
		for _, v := range scales {
			if v == 0 || v-v != 0 {
				return nil, fmt.Errorf("scale %g", v)
			}
		}
		s := &detectionsStep{encodings: p.In[0].Slot, scores: p.In[1].Slot, anchors: anchors.Data.F32(), scales: [4]float32(scales),
			boxes: anchors.Shape.Dim[0], stride: p.In[1].Shape.Dim[2], classes: p.Attrs.Int("classes", 0), limit: p.Attrs.Int("maxDetections", 0),
			perBox: p.Attrs.Int("classesPerBox", 1), regular: p.Attrs.Int("regular", 0) != 0,
			least: p.Attrs.Float("scoreThreshold", 0), overlap: p.Attrs.Float("iouThreshold", 0)}
		if s.perClass = p.Attrs.Int("perClass", 100); s.perClass < 1 {
			return nil, fmt.Errorf("%d detections of a class", s.perClass)
		}
		for i := range s.out {
			s.out[i] = p.Out[i].Slot
		}
		return s, nil
	},
})

// maxDetections bounds the rows of an output.
const maxDetections = 1 << 16

// detectionsStep is one task: each choice depends on those before it.
type detectionsStep struct {
	encodings, scores int
	out               [4]int // boxes, classes, scores, count
	anchors           []float32
	scales            [4]float32

	boxes, stride   int // stride counts scores of a box
	classes         int
	limit, perClass int
	perBox          int
	regular         bool
	least, overlap  float32
}

func (s *detectionsStep) Info() Info {
	return Info{Kernel: "portable", PackedBytes: 4 * len(s.anchors), ScratchBytes: 4*(4+1+1+1)*s.boxes + 8*s.limit + abi.Slack}
}

func (s *detectionsStep) Tasks(f *Frame) int { return 1 }

func (s *detectionsStep) Run(f *Frame, w *Worker, _ int) {
	d := detecting{detectionsStep: s, all: f.Buf[s.scores].F32()}
	reals, b := w.Scratch.F32(), s.boxes
	d.box, d.score, d.found = reals[:4*b], reals[4*b:5*b], reals[7*b:][:s.limit]
	ints := w.Scratch.I32()
	d.order, d.kept, d.id = ints[5*b:6*b], ints[6*b:7*b], ints[7*b+s.limit:][:s.limit]
	d.decode(f.Buf[s.encodings].F32())
	for _, slot := range s.out {
		clear(f.Buf[slot].Bytes())
	}
	boxes, classes, scores, count := f.Buf[s.out[0]].F32(), f.Buf[s.out[1]].F32(), f.Buf[s.out[2]].F32(), f.Buf[s.out[3]].F32()
	put := func(row, box, class int, score float32) {
		if row < len(scores) {
			copy(boxes[4*row:4*row+4], d.box[4*box:])
			classes[row], scores[row] = float32(class), score
		}
	}
	if s.regular {
		n := d.eachClass()
		for i := range n {
			put(i, int(d.id[i])/s.classes, int(d.id[i])%s.classes, d.found[i])
		}
		count[0] = float32(n)
		return
	}
	for i := range b {
		d.score[i] = slices.Max(d.of(i))
	}
	per, row := min(s.perBox, s.classes), 0
	for _, i := range d.suppress(s.limit) {
		row = d.classesOf(int(i), per, row, put)
	}
	count[0] = float32(row)
}

// detecting is a run.
type detecting struct {
	*detectionsStep
	all         []float32 // scores of all classes
	box         []float32 // decoded
	score       []float32 // that boxes are ranked by
	order, kept []int32

	found []float32 // scores and numbers box·classes + class of what all classes gave so far
	id    []int32
}

// of returns a box's scores without the background's.
func (d *detecting) of(box int) []float32 {
	return d.all[(box+1)*d.stride-d.classes : (box+1)*d.stride]
}

func (d *detecting) decode(e []float32) {
	for i := range d.boxes {
		e, a := e[4*i:4*i+4], d.anchors[4*i:4*i+4]
		for k := range 2 { // y, x
			size := float64(a[2+k])
			centre := float32(float64(float64(float64(e[k])/float64(d.scales[k]))*size) + float64(a[k]))
			half := float32(float64(float64(0.5*fixed.ExpF64(float64(e[2+k])/float64(d.scales[2+k]))) * size))
			d.box[4*i+k], d.box[4*i+2+k] = centre-half, centre+half
		}
	}
}

// suppress returns up to n boxes by falling score that do not overlap, valid until the next call.
func (d *detecting) suppress(n int) []int32 {
	m := 0
	for i, v := range d.score {
		if v >= d.least {
			d.order[m] = int32(i)
			m++
		}
	}
	order := d.order[:m]
	slices.SortFunc(order, func(a, b int32) int {
		if c := cmp.Compare(d.score[b], d.score[a]); c != 0 {
			return c
		}
		return int(a - b)
	})
	kept := d.kept[:0]
next:
	for _, i := range order {
		if len(kept) == n {
			break
		}
		for _, k := range kept {
			if iou((*[4]float32)(d.box[4*k:]), (*[4]float32)(d.box[4*i:])) > d.overlap {
				continue next
			}
		}
		kept = append(kept, i)
	}
	return kept
}

// iou is the intersection over the union of two boxes.
func iou(a, b *[4]float32) float32 {
	areaA, areaB := float32((a[2]-a[0])*(a[3]-a[1])), float32((b[2]-b[0])*(b[3]-b[1]))
	if areaA <= 0 || areaB <= 0 {
		return 0
	}
	both := float32(max(min(a[2], b[2])-max(a[0], b[0]), 0) * max(min(a[3], b[3])-max(a[1], b[1]), 0))
	return both / (areaA + areaB - both)
}

// eachClass fills found and id, and returns how many there are.
func (d *detecting) eachClass() int {
	n := 0
	for class := range d.classes {
		for i := range d.score {
			d.score[i] = d.of(i)[class]
		}
		for _, i := range d.suppress(min(d.perClass, d.boxes)) {
			v, at := d.score[i], n
			for at > 0 && d.found[at-1] < v {
				at--
			}
			if at == d.limit {
				break // and so are the rest
			}
			n = min(n+1, d.limit)
			copy(d.found[at+1:n], d.found[at:])
			copy(d.id[at+1:n], d.id[at:])
			d.found[at], d.id[at] = v, i*int32(d.classes)+int32(class)
		}
	}
	return n
}

// classesOf puts a box's best classes, of which the first is row's, and returns the row behind.
func (d *detecting) classesOf(box, per, row int, put func(row, box, class int, score float32)) int {
	scores := d.of(box)
	last, at := float32(math.Inf(1)), -1
	for c := range per {
		best := -1
		for i, v := range scores {
			// Behind the one before, and the first of what is left.
			if (v < last || v == last && i > at) && (best < 0 || v > scores[best]) {
				best = i
			}
		}
		if best < 0 {
			break // NaN
		}
		put(per*row+c, box, best, scores[best])
		last, at = scores[best], best
		row++
	}
	return row
}
