package task_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"edgerun/rt/task"
)

func TestDetect(t *testing.T) {
	in, out := []float32{1, 2, 3, 4}, []float32{1, 2.5, 1, 4}
	for _, c := range []struct {
		score     string
		threshold float32
		want      task.Anomaly
	}{
		{task.ScoreMSE, 1, task.Anomaly{Score: 4.25 / 4, Anomalous: true}},
		{task.ScoreMSE, 4.25 / 4, task.Anomaly{Score: 4.25 / 4}}, // what is level with the threshold is normal
		{task.ScoreMAE, 0.7, task.Anomaly{Score: 2.5 / 4}},
		{task.ScoreMax, 1.9, task.Anomaly{Score: 2, Anomalous: true}},
	} {
		d, err := task.NewDetector(task.Spec{Kind: task.KindAnomaly, Score: c.score, Threshold: c.threshold}, 4, 4)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := d.Detect(in, out); err != nil || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", c.score, got, err, c.want)
		}
		if n := testing.AllocsPerRun(10, func() { d.Detect(in, out) }); n != 0 {
			t.Errorf("%s: Detect allocates %v times", c.score, n)
		}
		if got, _ := d.Detect(in, []float32{1, float32(math.NaN()), 3, 4}); !got.Anomalous {
			t.Errorf("%s: NaN is normal", c.score)
		}
		if _, err := d.Detect(in[:3], out); err == nil || !strings.Contains(err.Error(), "3 inputs and 4 outputs, wanted 4 and 4") {
			t.Errorf("%s: short input: %v", c.score, err)
		}
	}
	d, err := task.NewDetector(task.Spec{Kind: task.KindAnomaly, Score: task.ScoreOutput, Threshold: -1}, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := d.Detect(nil, []float32{-0.5}); err != nil || got != (task.Anomaly{Score: -0.5, Anomalous: true}) {
		t.Errorf("output: %+v, %v", got, err)
	}
}

func TestValues(t *testing.T) {
	r, err := task.NewRegressor(task.Spec{Kind: task.KindRegress, Scales: []float32{2}, Offsets: []float32{0.5, -1}, Units: []string{"°C", "hPa"}}, 2)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Values([]float32{10, 20}); err != nil || got[0] != 20.5 || got[1] != 39 || r.Unit(0) != "°C" || r.Unit(1) != "hPa" {
		t.Errorf("%v, %v", got, err)
	}
	if n := testing.AllocsPerRun(10, func() { r.Values([]float32{10, 20}) }); n != 0 {
		t.Errorf("Values allocates %v times", n)
	}
	if _, err := r.Values([]float32{1}); err == nil {
		t.Error("short output: no error")
	}
	plain, err := task.NewRegressor(task.Spec{Kind: task.KindRegress}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := plain.Values([]float32{7}); got[0] != 7 || plain.Unit(0) != "" {
		t.Errorf("plain: %v %q", got, plain.Unit(0))
	}
}

func TestSpecKinds(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		spec task.Spec
		want string
	}{
		{task.Spec{Kind: task.KindAnomaly}, `score "" unknown`},
		{task.Spec{Kind: task.KindAnomaly, Score: "mse", Threshold: inf}, "threshold +Inf"},
		{task.Spec{Kind: task.KindAnomaly, Score: "mse", OutputIs: task.Logits}, "takes no outputIs"},
		{task.Spec{Kind: task.KindRegress, Threshold: 1}, "takes no threshold"},
		{task.Spec{Kind: task.KindRegress, Scales: []float32{1, 0}}, "scale[1] is 0"},
		{task.Spec{Kind: task.KindRegress, Offsets: []float32{inf}}, "offset[0] is +Inf"},
		{task.Spec{Kind: task.KindRegress, Units: []string{strings.Repeat("x", 65)}}, "65 bytes"},
		{task.Spec{Kind: task.KindClassify, OutputIs: task.Logits, Units: []string{"m"}}, "takes no scales, offsets or units"},
	} {
		if err := c.spec.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.spec, err, c.want)
		}
	}
	for _, c := range []struct {
		err  func() error
		want string
	}{
		{func() error {
			_, err := task.NewDetector(task.Spec{Kind: task.KindAnomaly, Score: "mse"}, 4, 3)
			return err
		}, "3 outputs for 4 inputs"},
		{func() error {
			_, err := task.NewDetector(task.Spec{Kind: task.KindAnomaly, Score: "output"}, 4, 4)
			return err
		}, "4 outputs, wanted one"},
		{func() error { _, err := task.NewDetector(task.Spec{Kind: task.KindNone}, 4, 4); return err }, "no detector"},
		{func() error {
			_, err := task.NewRegressor(task.Spec{Kind: task.KindRegress, Units: []string{"a", "b"}}, 3)
			return err
		}, "2 units for 3 outputs"},
		{func() error { _, err := task.NewRegressor(task.Spec{Kind: task.KindNone}, 4); return err }, "no regressor"},
		{func() error { _, err := task.NewRegressor(task.Spec{Kind: task.KindRegress}, 0); return err }, "0 outputs"},
	} {
		if err := c.err(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

// TestAUC compares with the definition: the share of pairs of a positive and a negative sample that are in order.
func TestAUC(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for n := 2; n < 60; n++ {
		var roc task.ROC
		score, positive := make([]float32, n), make([]bool, n)
		for i := range score {
			score[i], positive[i] = float32(r.IntN(8)), r.IntN(3) == 0 // many ties
			roc.Add(score[i], positive[i])
		}
		wins, pairs := 0.0, 0.0
		for i := range score {
			for j := range score {
				if positive[i] && !positive[j] {
					pairs++
					if score[i] > score[j] {
						wins++
					} else if score[i] == score[j] {
						wins += 0.5
					}
				}
			}
		}
		got, ok := roc.AUC()
		if ok != (pairs > 0) || ok && got != wins/pairs {
			t.Errorf("%d samples: %v, %v; want %v of %v pairs", n, got, ok, wins, pairs)
		}
		threshold, b := roc.BestF1()
		best := 0.0
		for k := float32(-1); k < 9; k++ {
			best = max(best, roc.At(k).Metrics().F1)
		}
		if b != roc.At(threshold) || b.Metrics().F1 != best {
			t.Errorf("%d samples: best F1 %v at %v, a search finds %v", n, b.Metrics().F1, threshold, best)
		}
	}
	var roc task.ROC // worked by hand
	for i, s := range []float32{0.1, 0.4, 0.35, 0.8} {
		roc.Add(s, i >= 2)
	}
	if auc, _ := roc.AUC(); auc != 0.75 {
		t.Errorf("AUC %v, want 0.75", auc)
	}
	if b := roc.At(0.35); b != (task.Binary{TruePositives: 1, FalsePositives: 1, TrueNegatives: 1, FalseNegatives: 1}) || b.Accuracy() != 0.5 {
		t.Errorf("at 0.35: %+v", b)
	}
	roc.Add(float32(math.NaN()), false)
	if auc, _ := roc.AUC(); auc != 0.5 {
		t.Errorf("with a NaN above all: AUC %v, want 0.5", auc)
	}
}

func TestOneVsRest(t *testing.T) {
	o := task.NewOneVsRest(3)
	for _, s := range []struct {
		truth int
		p     []float32
	}{{0, []float32{0.8, 0.2, 0}}, {0, []float32{0.4, 0.6, 0}}, {1, []float32{0.5, 0.5, 0}}, {1, []float32{0.1, 0.9, 0}}} {
		if err := o.Add(s.truth, s.p); err != nil {
			t.Fatal(err)
		}
	}
	if auc, n := o.MacroAUC(); auc != 0.75 || n != 2 {
		t.Errorf("AUC %v over %d classes, want 0.75 over 2", auc, n)
	}
	if err := o.Add(3, make([]float32, 3)); err == nil {
		t.Error("class 3 of 3: no error")
	}
}

// TestRank: the rank is the place in Classify's list.
func TestRank(t *testing.T) {
	x := []float32{0.1, 0.3, 0.3, float32(math.NaN()), 0.2, 0.05}
	list, _ := classifier(t, task.Spec{OutputIs: task.Probabilities, TopK: 6}, 6).Classify(x)
	for i, a := range list {
		if got := task.Rank(x, a.Class); got != i {
			t.Errorf("class %d: rank %d, want %d", a.Class, got, i)
		}
	}
	if got := task.Rank(x, 3); got != 6 {
		t.Errorf("NaN: rank %d", got)
	}
}

// TestProbabilities: all of them add up to 1, for logits and for log-probabilities whose codes do not.
func TestProbabilities(t *testing.T) {
	for _, kind := range []string{task.Logits, task.LogProbabilities} {
		c := classifier(t, task.Spec{OutputIs: kind, TopK: 4}, 4)
		out, p := []float32{-0.0625, -2.5, -15.9375, -15.9375}, make([]float32, 4)
		c.Probabilities(p, out)
		sum := float32(0)
		for _, v := range p {
			sum += v
		}
		if math.Abs(float64(sum)-1) > 1e-6 {
			t.Errorf("%s: sum %v", kind, sum)
		}
		list, _ := c.Classify(out)
		for _, a := range list {
			if a.Probability != p[a.Class] {
				t.Errorf("%s: class %d is %v in the list, %v in all", kind, a.Class, a.Probability, p[a.Class])
			}
		}
	}
}

func TestRegression(t *testing.T) {
	r := task.NewRegression(2)
	for _, s := range [][2][]float32{{{1, 5}, {1.5, 5}}, {{2, 5}, {2, 5}}, {{3, 5}, {2, 5}}} {
		if err := r.Add(s[0], s[1]); err != nil {
			t.Fatal(err)
		}
	}
	near := func(a, b task.Errors) bool {
		return fmt.Sprintf("%.12g", []float64{a.MSE, a.RMSE, a.MAE, a.R2, a.Max}) == fmt.Sprintf("%.12g", []float64{b.MSE, b.RMSE, b.MAE, b.R2, b.Max})
	}
	mse := 1.25 / 3
	if got, want := r.Output(0), (task.Errors{MSE: mse, RMSE: math.Sqrt(mse), MAE: 0.5, R2: 1 - 1.25/2, Max: 1}); !near(got, want) {
		t.Errorf("output 0: %+v, want %+v", got, want)
	}
	if got, want := r.Output(1), (task.Errors{R2: 1}); got != want {
		t.Errorf("constant truth, met: %+v, want %+v", got, want)
	}
	if got, want := r.All(), (task.Errors{MSE: mse / 2, RMSE: math.Sqrt(mse / 2), MAE: 0.25, R2: (1 - 1.25/2 + 1) / 2, Max: 1}); !near(got, want) {
		t.Errorf("all: %+v, want %+v", got, want)
	}
	if err := r.Add([]float32{1}, []float32{1, 2}); err == nil {
		t.Error("short truth: no error")
	}
	// A truth far from 0 keeps its small variance.
	far := task.NewRegression(1)
	for i := range 1000 {
		v := float32(1e6) + float32(i%2)
		if err := far.Add([]float32{v}, []float32{1e6 + 0.5}); err != nil {
			t.Fatal(err)
		}
	}
	if r2 := far.Output(0).R2; math.Abs(r2) > 1e-9 {
		t.Errorf("R² of the mean is %v, want 0", r2)
	}
}
