package finetune_test

import (
	"slices"
	"testing"

	"edgerun/loader"
	"edgerun/quant/calib"
	"edgerun/rt/finetune"
	"edgerun/rt/frontend"
	"edgerun/rt/graph"
	"edgerun/rt/tensor"
)

// testdata reads a network with its calibration set, to learn from, and its test set.
func testdata(t testing.TB, dir, name string) *lesson {
	t.Helper()
	m, err := loader.ReadFile("../../testdata/"+dir+"/"+name, loader.Options{})
	if err != nil {
		t.Fatal(err)
	}
	fe, err := frontend.New(*m.FrontEnd)
	if err != nil {
		t.Fatal(err)
	}
	l := &lesson{graph: m.Graph}
	for _, part := range []string{"calib", "test"} {
		set, err := calib.Open("../../testdata/" + dir + "/" + part + "_x.npy")
		if err != nil {
			t.Fatal(err)
		}
		labels, err := calib.Labels("../../testdata/"+dir+"/"+part+"_y.npy", m.Labels)
		if err != nil {
			t.Fatal(err)
		}
		for i := range set.Len() {
			s, err := set.Sample(i)
			if err != nil {
				t.Fatal(err)
			}
			x := make([]float32, m.Graph.Inputs[0].Shape.Elements())
			if err := calib.Feed(fe, s, x); err != nil {
				t.Fatal(err)
			}
			if part == "calib" {
				l.learn = append(l.learn, len(l.x))
			} else {
				l.test = append(l.test, len(l.x))
			}
			l.x, l.labels = append(l.x, x), append(l.labels, int32(labels[i]))
		}
	}
	return l
}

// without returns the lesson for a network that lacks a class, which becomes the last one.
func (l *lesson) without(t testing.TB, class int) *lesson {
	t.Helper()
	g := l.graph.Clone()
	all := finetune.Trainable(g)
	head := all[len(all)-1]
	w, b := head.In[1], head.In[2]
	size := w.Shape.Dim[1]
	ws, bs := w.Type, b.Type
	ws.Shape.Dim[0]--
	bs.Shape.Dim[0]--
	ws.Quant = tensor.Quant{Scale: slices.Delete(slices.Clone(w.Quant.Scale), class, class+1), Zero: w.Quant.Zero[1:]}
	nw, nb := tensor.New(ws), tensor.New(bs)
	copy(nw.Data.I8(), slices.Delete(slices.Clone(w.Const.Data.I8()), class*size, (class+1)*size))
	copy(nb.Data.I32(), slices.Delete(slices.Clone(b.Const.Data.I32()), class, class+1))
	head.In[1], head.In[2] = graph.NewConst(w.Name, nw), graph.NewConst(b.Name, nb)
	if err := g.Infer(); err != nil {
		t.Fatal(err)
	}
	less := *l
	less.graph, less.labels = g, slices.Clone(l.labels)
	for i, c := range less.labels {
		switch {
		case int(c) == class:
			less.labels[i] = int32(g.Outputs[0].Shape.Elements())
		case int(c) > class:
			less.labels[i]--
		}
	}
	return &less
}

// TestImprint: a class that a network never had is found after five samples of it, and the others keep what they had.
func TestImprint(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	for _, c := range []struct {
		dir, name string
		weights   finetune.Weights
		shots     int
		find      float64
		lose      float64
	}{
		{"keywords", "dscnn.edge", finetune.Float32, 5, 80, 1},
		{"keywords", "dscnn.edge", finetune.Int8Scaled, 5, 80, 1},
		{"keywords", "dscnn.edge", finetune.Float32, 1, 75, 1},
		{"digits", "cnn.edge", finetune.Float32, 5, 90, 1.5},
	} {
		whole := testdata(t, c.dir, c.name)
		whole.test = whole.test[:min(1000, len(whole.test))]
		classes := whole.graph.Outputs[0].Shape.Elements()
		var s *finetune.Samples
		var found, lost, worst float64
		for class := range classes {
			l := whole.without(t, class)
			last := int32(classes - 1)
			before := l.accuracy(t, l.graph, func(c int32) bool { return c != last })
			tuner, err := finetune.New(l.graph, finetune.Options{NewClasses: 1, Weights: c.weights, Seed: 3})
			if err != nil {
				t.Fatal(err)
			}
			if s == nil {
				s = l.features(t, tuner)
			}
			s.Labels = l.labels
			var some, others []int
			for _, i := range l.learn {
				if l.labels[i] != last {
					others = append(others, i)
				} else if len(some) < c.shots {
					some = append(some, i)
				}
			}
			if err := tuner.Imprint(classes-1, s, some, others); err != nil {
				t.Fatal(err)
			}
			g, err := tuner.Result(s, append(others, some...))
			if err != nil {
				t.Fatal(err)
			}
			new := l.accuracy(t, g, func(c int32) bool { return c == last })
			loss := before - l.accuracy(t, g, func(c int32) bool { return c != last })
			found, lost, worst = found+new/float64(classes), lost+loss/float64(classes), max(worst, loss)
		}
		t.Logf("%s/%s, weights %d, samples %d: %.1f %% of a new class found, the others lose %.2f points, %.1f at most", c.dir, c.name, c.weights, c.shots, found, lost, worst)
		if found < c.find || lost > c.lose {
			t.Errorf("%s/%s: %.1f %% of a new class found, the others lose %.2f points", c.dir, c.name, found, lost)
		}
	}
}

// TestNewClass: a class that a network never had is learned beside the others by training, best after it was imprinted.
func TestNewClass(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	l := testdata(t, "keywords", "dscnn.edge").without(t, 3)
	const last = 10
	isOld := func(c int32) bool { return c != last }
	before := l.accuracy(t, l.graph, isOld)
	for _, w := range []finetune.Weights{finetune.Float32, finetune.Int8Scaled} {
		var old [2]float64
		for i, imprint := range []bool{false, true} {
			tuner, err := finetune.New(l.graph, finetune.Options{NewClasses: 1, Weights: w, Rate: 0.002, Momentum: 0.9, Seed: 3})
			if err != nil {
				t.Fatal(err)
			}
			s := l.features(t, tuner)
			if imprint {
				var some, others []int
				for _, i := range l.learn {
					if l.labels[i] == last {
						some = append(some, i)
					} else {
						others = append(others, i)
					}
				}
				if err := tuner.Imprint(last, s, some, others); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := tuner.Fit(s, l.learn, nil, finetune.Run{Epochs: 15, Seed: 4}); err != nil {
				t.Fatal(err)
			}
			g, err := tuner.Result(s, l.learn)
			if err != nil {
				t.Fatal(err)
			}
			if got := g.Outputs[0].Shape; got != tensor.MakeShape(1, 11) {
				t.Fatalf("output %v, want [1 11]", got)
			}
			found := l.accuracy(t, g, func(c int32) bool { return c == last })
			old[i] = l.accuracy(t, g, isOld)
			t.Logf("weights %d, imprinted %v: %.1f %% of the new class found, the others from %.1f to %.1f %%", w, imprint, found, before, old[i])
			if found < 80 {
				t.Errorf("weights %d, imprinted %v: %.1f %% of the new class found", w, imprint, found)
			}
		}
		if old[1] < before-2.5 || old[1] < old[0] {
			t.Errorf("weights %d: other classes from %.1f to %.1f %%, not imprinted %.1f %%", w, before, old[1], old[0])
		}
	}
}
