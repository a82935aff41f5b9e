package main

import (
	"strings"
	"testing"

	"edgerun/rt/graph"
	"edgerun/rt/task"
	"edgerun/rt/tensor"
)

// classified is a measurement of two classes, with so many right of each.
func classified(t *testing.T, right0, all0, right1, all1 int) *measured {
	t.Helper()
	k := task.NewConfusion(2)
	for class, n := range [][2]int{{right0, all0}, {right1, all1}} {
		for i := range n[1] {
			answer := class
			if i >= n[0] {
				answer = 1 - class
			}
			if err := k.Add(class, answer); err != nil {
				t.Fatal(err)
			}
		}
	}
	r := &evaluation{}
	(&classScorer{confusion: k}).finish(r)
	return &measured{evaluation: r}
}

func TestGate(t *testing.T) {
	share := func(score, within float64) *measured {
		return &measured{evaluation: &evaluation{}, Score: &score, Within: &within}
	}
	errors := func(mse, rmse float64) *measured {
		return &measured{evaluation: &evaluation{Regress: &regressEvaluation{Errors: task.Errors{MSE: mse, RMSE: rmse}}}}
	}
	for name, c := range map[string]struct {
		gate                               string
		before, after, oldBefore, oldAfter *measured
		refused                            string // "" passes
	}{
		"better":                  {"1", classified(t, 5, 10, 5, 10), classified(t, 9, 10, 9, 10), nil, nil, ""},
		"the same":                {"1", classified(t, 5, 10, 5, 10), classified(t, 6, 10, 4, 10), nil, nil, ""},
		"worse":                   {"1", classified(t, 5, 10, 5, 10), classified(t, 5, 10, 4, 10), nil, nil, "new samples: accuracy 50.00 % to 45.00 %"},
		"worse, no gate":          {"none", classified(t, 5, 10, 5, 10), classified(t, 0, 10, 0, 10), nil, nil, ""},
		"no hold-out":             {"1", nil, nil, nil, nil, ""},
		"a point of an old class": {"1", classified(t, 5, 10, 5, 10), classified(t, 9, 10, 9, 10), classified(t, 90, 100, 70, 100), classified(t, 89, 100, 90, 100), ""},
		"two points":              {"1", classified(t, 5, 10, 5, 10), classified(t, 9, 10, 9, 10), classified(t, 90, 100, 70, 100), classified(t, 88, 100, 90, 100), `class "zero" lost 2.00 points`},
		"two points of five":      {"5", classified(t, 5, 10, 5, 10), classified(t, 9, 10, 9, 10), classified(t, 90, 100, 70, 100), classified(t, 88, 100, 90, 100), ""},
		"none allowed":            {"0", classified(t, 5, 10, 5, 10), classified(t, 9, 10, 9, 10), classified(t, 90, 100, 70, 100), classified(t, 90, 100, 69, 100), `class "one" lost 1.00 points`},
		"error less":              {"1", errors(4, 2), errors(1, 1), errors(4, 2), errors(4, 2.01), ""},
		"error more":              {"1", errors(4, 2), errors(5, 2.2), nil, nil, "MSE 4 to 5"},
		"old error more":          {"1", errors(4, 2), errors(1, 1), errors(4, 2), errors(4, 2.1), "RMSE 2 to 2.1"},
		"scores less":             {"1", share(4, 0.9), share(3, 0.9), share(4, 0.99), share(4, 0.985), ""},
		"scores more":             {"1", share(4, 0.9), share(4.5, 0.9), nil, nil, "mean score 4 to 4.5"},
		"old ones not normal":     {"1", share(4, 0.9), share(3, 0.9), share(4, 0.99), share(4, 0.97), "within the threshold 99.00 % to 97.00 %"},
	} {
		g, err := parseGate(c.gate)
		if err != nil {
			t.Fatal(err)
		}
		v := g.judge(c.before, c.after, c.oldBefore, c.oldAfter, []string{"zero", "one"})
		if v.Passed != (c.refused == "") || !strings.Contains(strings.Join(v.Reasons, ";"), c.refused) {
			t.Errorf("%s: %+v, want %q", name, v, c.refused)
		}
	}
}

// TestGuard: values that grew out of all measure are refused, whatever the samples say.
func TestGuard(t *testing.T) {
	net := func(scale float32) *graph.Graph {
		v := &graph.Value{Name: "y", Type: tensor.Type{DType: tensor.Int8, Quant: tensor.PerTensor(scale, 0)}}
		return &graph.Graph{Nodes: []*graph.Node{{Out: []*graph.Value{v}}}}
	}
	for scale, passed := range map[float32]bool{0.1: true, 50: true, 200: false} {
		v := &verdict{Passed: true}
		gate{}.guard(v, net(0.1), net(scale))
		if v.Passed != passed || len(v.Reasons) != 1 != passed {
			t.Errorf("scale %g: %+v", scale, v)
		}
	}
}
