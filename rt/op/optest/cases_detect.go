package optest

import (
	"math"
	"sort"

	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// detectCases are searches for the best, and writes at computed places.
func detectCases() []*Case {
	var all []*Case
	add := func(def *op.Def, name string, want func([][]float64, *Case) []float64, attrs op.Attrs, in ...tensor.Shape) *Case {
		c := &Case{Name: def.Name + "/" + name, Def: def, Attrs: attrs, In: in, Want: want}
		all = append(all, c)
		return c
	}
	add(op.TopK, "3 of rows", topK, op.Attrs{op.IntAttr("k", 3)}, shape(30, 12))
	add(op.TopK, "all", topK, op.Attrs{op.IntAttr("k", 9)}, shape(2, 9))
	add(op.TopK, "ties", topK, op.Attrs{op.IntAttr("k", 20)}, shape(300)).As = []tensor.DType{tensor.Int32}
	add(op.TopK, "one", topK, op.Attrs{op.IntAttr("k", 1)}, shape(4, 3, 8))

	scatter := func(name string, at, x tensor.Shape, as tensor.DType, dims ...int) {
		add(op.ScatterND, name, scatterND, op.Attrs{ints("shape", dims...)}, at, x).As = []tensor.DType{as, tensor.Float32}
	}
	scatter("rows", shape(5, 1), shape(5, 7), tensor.Int32, 2, 7)
	scatter("elements", shape(3, 4, 2), shape(3, 4), tensor.Int64, 3, 2)
	scatter("some outside", shape(6, 2), shape(6, 3, 2), tensor.Int32, 1, 5, 3, 2)

	update := func(name string, x, u tensor.Shape, as tensor.DType) {
		add(op.UpdateSlice, name, updateSlice, nil, x, u, shape(x.Rank)).As = []tensor.DType{tensor.Float32, tensor.Float32, as}
	}
	update("block", shape(4, 5, 6), shape(2, 3, 4), tensor.Int32)
	update("column", shape(4, 5), shape(3, 1), tensor.Int64)
	update("all", shape(3, 7), shape(3, 7), tensor.Int32)
	update("vector", shape(40000), shape(30000), tensor.Int32)

	add(op.Rescale, "codes", func(in [][]float64, c *Case) []float64 { return in[0] }, nil, shape(3, 67))

	detect := func(name string, boxes, scores, classes int, more ...op.Attr) {
		attrs := append(op.Attrs{op.FloatsAttr("scales", 10, 10, 5, 5), op.IntAttr("classes", classes), op.FloatAttr("iouThreshold", 0.05)}, more...)
		add(op.Detections, name, detections, attrs, shape(1, boxes, 4), shape(1, boxes, scores), shape(boxes, 4)).Const = []bool{false, false, true}
	}
	detect("fast", 300, 4, 4, op.IntAttr("maxDetections", 250), op.FloatAttr("scoreThreshold", 0.5))
	detect("fast, background, two classes", 60, 5, 4, op.IntAttr("maxDetections", 50), op.IntAttr("classesPerBox", 2))
	detect("regular", 300, 4, 3, op.IntAttr("maxDetections", 500), op.IntAttr("regular", 1), op.IntAttr("perClass", 140))
	detect("regular, few", 30, 2, 2, op.IntAttr("maxDetections", 90), op.IntAttr("regular", 1), op.FloatAttr("scoreThreshold", 1.5))
	return all
}

func whole(x []float64) []float64 { return apply(x, math.Trunc) }

func topK(in [][]float64, c *Case) []float64 {
	x := in[0]
	if c.As != nil {
		x = whole(x)
	}
	n := c.In[0].Dim[c.In[0].Rank-1]
	var y []float64
	for first := 0; first < len(x); first += n {
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		sort.SliceStable(order, func(i, j int) bool { return x[first+order[i]] > x[first+order[j]] })
		for _, i := range order[:c.Attrs.Int("k", 0)] {
			y = append(y, float64(i))
		}
	}
	return y
}

func scatterND(in [][]float64, c *Case) []float64 {
	at, o := whole(in[0]), OutShape(c)
	k := c.In[0].Dim[c.In[0].Rank-1]
	rest := len(in[1]) / (len(at) / k)
	y := make([]float64, o.Elements())
update:
	for i, v := range in[1] {
		var to [tensor.MaxRank]int
		for a := range k {
			to[a] = int(at[i/rest*k+a])
			if to[a] < 0 || to[a] >= o.Dim[a] {
				continue update
			}
		}
		inner := tensor.MakeShape(o.Dim[k:o.Rank]...)
		within := index(inner, i%rest)
		copy(to[k:], within[:inner.Rank])
		y[place(o, to)] += v
	}
	return y
}

func updateSlice(in [][]float64, c *Case) []float64 {
	x, u, at := c.In[0], c.In[1], whole(in[2])
	y := append([]float64(nil), in[0]...)
	for i, v := range in[1] {
		to := index(u, i)
		for a := range x.Rank {
			to[a] += int(math.Min(math.Max(at[a], 0), float64(x.Dim[a]-u.Dim[a])))
		}
		y[place(x, to)] = v
	}
	return y
}

// detections are the boxes found.
func detections(in [][]float64, c *Case) []float64 {
	type box struct{ y0, x0, y1, x1 float64 }
	type candidate struct {
		box, class int
		score      float64
	}
	scales, anchors, stride, classes := c.Attrs.Floats("scales"), in[2], c.In[1].Dim[2], c.Attrs.Int("classes", 0)
	limit, per := c.Attrs.Int("maxDetections", 0), c.Attrs.Int("classesPerBox", 1)
	boxes := make([]box, c.In[0].Dim[1])
	for i := range boxes {
		e, a := in[0][4*i:], anchors[4*i:]
		cy, cx := e[0]/float64(scales[0])*a[2]+a[0], e[1]/float64(scales[1])*a[3]+a[1]
		h, w := math.Exp(e[2]/float64(scales[2]))*a[2], math.Exp(e[3]/float64(scales[3]))*a[3]
		boxes[i] = box{cy - h/2, cx - w/2, cy + h/2, cx + w/2}
	}
	area := func(b box) float64 { return (b.y1 - b.y0) * (b.x1 - b.x0) }
	overlap := func(a, b box) float64 {
		if area(a) <= 0 || area(b) <= 0 {
			return 0
		}
		both := max(0, min(a.y1, b.y1)-max(a.y0, b.y0)) * max(0, min(a.x1, b.x1)-max(a.x0, b.x0))
		return both / (area(a) + area(b) - both)
	}
	best := func(list []candidate, n int) []candidate {
		sort.SliceStable(list, func(i, j int) bool { return list[i].score > list[j].score })
		return list[:min(n, len(list))]
	}
	suppress := func(list []candidate, n int) (kept []candidate) {
		gone := map[int]bool{}
		for i, a := range best(list, len(list)) {
			if gone[i] || len(kept) == n {
				continue
			}
			kept = append(kept, a)
			for k, b := range list {
				if overlap(boxes[a.box], boxes[b.box]) > float64(c.Attrs.Float("iouThreshold", 0)) {
					gone[k] = true
				}
			}
		}
		return kept
	}
	of := func(i, class int) candidate {
		return candidate{i, class, in[1][i*stride+stride-classes+class]}
	}
	above := func(list []candidate) (some []candidate) {
		for _, d := range list {
			if d.score >= float64(c.Attrs.Float("scoreThreshold", 0)) {
				some = append(some, d)
			}
		}
		return some
	}
	y := make([]float64, 4*limit*per)
	put := func(row, i int) {
		if b := boxes[i]; row < limit*per {
			copy(y[4*row:], []float64{b.y0, b.x0, b.y1, b.x1})
		}
	}
	if c.Attrs.Int("regular", 0) != 0 {
		var found []candidate
		for class := range classes {
			var list []candidate
			for i := range boxes {
				list = append(list, of(i, class))
			}
			found = append(found, suppress(above(list), c.Attrs.Int("perClass", 100))...)
		}
		for row, d := range best(found, limit) {
			put(row, d.box)
		}
		return y
	}
	var list []candidate
	for i := range boxes {
		var own []candidate
		for class := range classes {
			own = append(own, of(i, class))
		}
		list = append(list, best(own, 1)...)
	}
	written := 0
	for _, d := range suppress(above(list), limit) {
		for r := range min(per, classes) {
			put(per*written+r, d.box)
			written++
		}
	}
	return y
}
