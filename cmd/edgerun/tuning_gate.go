package main

import (
	"fmt"
	"strconv"

	"edgerun/rt/graph"
)

// gate decides whether a tuned network takes the old one's place.
type gate struct {
	off    bool
	points float64 // that an old class may lose
}

func parseGate(s string) (gate, error) {
	if s == "none" {
		return gate{off: true}, nil
	}
	points, err := strconv.ParseFloat(s, 64)
	if err != nil || !(points >= 0 && points <= 100) {
		return gate{}, usagef("--gate %q, want points of percent in [0,100], or none", s)
	}
	return gate{points: points}, nil
}

// verdict is what a gate decided, and why.
type verdict struct {
	Passed  bool     `json:"passed"`
	Reasons []string `json:"reasons"` // against it
	Notes   []string `json:"notes,omitempty"`
}

// judge compares a network before and after on new samples, which must not be worse, and on old ones, where each class may
// lose so many points. Old ones may be nil.
func (g gate) judge(before, after, oldBefore, oldAfter *measured, labels []string) *verdict {
	v := &verdict{Reasons: []string{}}
	if g.off {
		v.Passed, v.Notes = true, []string{"--gate none: nothing is checked"}
		return v
	}
	if before == nil {
		v.Notes = append(v.Notes, "no hold-out: the new samples are not checked")
	} else if text, ok := notWorse(before, after); !ok {
		v.Reasons = append(v.Reasons, "new samples: "+text)
	} else {
		v.Notes = append(v.Notes, "new samples: "+text)
	}
	switch {
	case oldBefore == nil:
		v.Notes = append(v.Notes, "old samples are not checked: --replay gives some")
	case oldBefore.classEvaluation != nil:
		worst, class := 0.0, -1
		for k := range oldBefore.confusion.Classes() {
			b, n := oldBefore.confusion.Class(k)
			a, _ := oldAfter.confusion.Class(k)
			lost := 100 * (b.Recall - a.Recall)
			if n > 0 && (class < 0 || lost > worst) {
				worst, class = lost, k
			}
			if n > 0 && lost > g.points+1e-9 {
				v.Reasons = append(v.Reasons, fmt.Sprintf("old samples: class %s lost %.2f points (%s to %s of %d), %g are allowed", className(k, labels), lost, percent(b.Recall), percent(a.Recall), n, g.points))
			}
		}
		if class >= 0 && worst <= g.points+1e-9 {
			v.Notes = append(v.Notes, fmt.Sprintf("old samples: accuracy %s to %s, most lost by class %s, %.2f points", percent(oldBefore.Accuracy), percent(oldAfter.Accuracy), className(class, labels), max(worst, 0)))
		}
	case oldBefore.Within != nil:
		lost := 100 * (*oldBefore.Within - *oldAfter.Within)
		text := fmt.Sprintf("old samples: within the threshold %s to %s", percent(*oldBefore.Within), percent(*oldAfter.Within))
		if lost > g.points+1e-9 {
			v.Reasons = append(v.Reasons, fmt.Sprintf("%s, %g points less are allowed", text, g.points))
		} else {
			v.Notes = append(v.Notes, text)
		}
	case oldBefore.Regress != nil:
		b, a := oldBefore.Regress.RMSE, oldAfter.Regress.RMSE
		text := fmt.Sprintf("old samples: RMSE %.6g to %.6g", b, a)
		if a > b*(1+g.points/100) {
			v.Reasons = append(v.Reasons, fmt.Sprintf("%s, %g %% more are allowed", text, g.points))
		} else {
			v.Notes = append(v.Notes, text)
		}
	}
	v.Passed = len(v.Reasons) == 0
	return v
}

// widest is how much larger than before values may become. More is a training that went astray, whatever a few samples say.
const widest = 1000

// guard adds to a verdict which values of the network have left all measure.
func (g gate) guard(v *verdict, before, after *graph.Graph) {
	if g.off {
		return
	}
	for i, n := range before.Nodes {
		if i >= len(after.Nodes) {
			break
		}
		for k, old := range n.Out {
			now := after.Nodes[i].Out[k]
			if len(old.Quant.Scale) == 1 && len(now.Quant.Scale) == 1 && now.Quant.Scale[0] > widest*old.Quant.Scale[0] {
				v.Passed = false
				v.Reasons = append(v.Reasons, fmt.Sprintf("values of %q are %.3g times as large as before", now.Name, now.Quant.Scale[0]/old.Quant.Scale[0]))
			}
		}
	}
}

// notWorse says how the figure changed and whether that will do.
func notWorse(before, after *measured) (string, bool) {
	name, b, larger := before.figure()
	_, a, _ := after.figure()
	if larger {
		return fmt.Sprintf("%s %s to %s", name, percent(b), percent(a)), a >= b
	}
	return fmt.Sprintf("%s %.6g to %.6g", name, b, a), a <= b
}

func className(k int, labels []string) string {
	if k < len(labels) {
		return strconv.Quote(labels[k])
	}
	return fmt.Sprint(k)
}
