package task

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// ROC collects scores of samples of which it is known whether they are positive: how well a threshold can tell the two
// apart. A NaN counts as the highest score.
type ROC struct {
	samples []scored
	sorted  bool
}

type scored struct {
	score    float32
	positive bool
}

// Add counts one sample. It holds 8 bytes of each.
func (r *ROC) Add(score float32, positive bool) {
	if score != score {
		score = float32(math.Inf(1))
	}
	r.samples = append(r.samples, scored{score, positive})
	r.sorted = false
}

// order sorts by score and returns the number of positive samples.
func (r *ROC) order() (positives int) {
	if !r.sorted {
		slices.SortFunc(r.samples, func(a, b scored) int { return cmp.Compare(a.score, b.score) })
		r.sorted = true
	}
	for _, s := range r.samples {
		if s.positive {
			positives++
		}
	}
	return positives
}

// AUC returns the area under the ROC curve: the probability that a positive sample scores above a negative one, a tie
// counting one half. It is exact but for one division. Without samples of both kinds it is not defined, and ok false.
func (r *ROC) AUC() (auc float64, ok bool) {
	positives := r.order()
	negatives := len(r.samples) - positives
	if positives == 0 || negatives == 0 {
		return 0, false
	}
	// Twice the number of pairs won, in integers: a positive sample beats all negative ones below, half of those level.
	wins, below := uint64(0), 0
	for i := 0; i < len(r.samples); {
		j, pos, neg := i, 0, 0
		for ; j < len(r.samples) && r.samples[j].score == r.samples[i].score; j++ {
			if r.samples[j].positive {
				pos++
			} else {
				neg++
			}
		}
		wins += uint64(pos) * uint64(2*below+neg)
		below += neg
		i = j
	}
	return float64(wins) / float64(2*uint64(positives)*uint64(negatives)), true
}

// Binary counts a threshold's answers: those above it are positive.
type Binary struct {
	TruePositives  int `json:"true_positives"`
	FalsePositives int `json:"false_positives"`
	TrueNegatives  int `json:"true_negatives"`
	FalseNegatives int `json:"false_negatives"`
}

// Metrics returns precision, recall and F1 of the positive samples; 0/0 counts as 0.
func (b Binary) Metrics() Metrics {
	hit, answered, samples := uint64(b.TruePositives), uint64(b.TruePositives+b.FalsePositives), uint64(b.TruePositives+b.FalseNegatives)
	return Metrics{ratio(hit, answered), ratio(hit, samples), ratio(2*hit, answered+samples)}
}

// Accuracy is the share of samples that the threshold answers rightly.
func (b Binary) Accuracy() float64 {
	right := uint64(b.TruePositives + b.TrueNegatives)
	return ratio(right, right+uint64(b.FalsePositives+b.FalseNegatives))
}

// At counts the answers of a threshold.
func (r *ROC) At(threshold float32) (b Binary) {
	for _, s := range r.samples {
		switch above := s.score > threshold; {
		case above && s.positive:
			b.TruePositives++
		case above:
			b.FalsePositives++
		case s.positive:
			b.FalseNegatives++
		default:
			b.TrueNegatives++
		}
	}
	return b
}

// BestF1 returns the threshold whose answers have the largest F1, and their counts: the score of a sample, or one below
// all scores; the highest of equals. It was chosen on these very samples, so on others expect less.
func (r *ROC) BestF1() (threshold float32, b Binary) {
	positives := r.order()
	negatives := len(r.samples) - positives
	if len(r.samples) == 0 {
		return 0, b
	}
	threshold = math.Nextafter32(r.samples[0].score, float32(math.Inf(-1)))
	b = Binary{TruePositives: positives, FalsePositives: negatives}
	now, best := b, b.Metrics().F1
	for i, s := range r.samples {
		if s.positive {
			now.TruePositives--
			now.FalseNegatives++
		} else {
			now.FalsePositives--
			now.TrueNegatives++
		}
		if i+1 < len(r.samples) && r.samples[i+1].score == s.score {
			continue
		}
		if f := now.Metrics().F1; f >= best {
			threshold, b, best = s.score, now, f
		}
	}
	return threshold, b
}

// OneVsRest collects the probabilities of all classes: how well each class's own tells it from the rest.
type OneVsRest struct {
	classes       int
	probabilities []float32
	truth         []int
}

// NewOneVsRest returns an empty collection for that many classes.
func NewOneVsRest(classes int) *OneVsRest { return &OneVsRest{classes: classes} }

// Add counts one sample, which it holds.
func (o *OneVsRest) Add(truth int, probabilities []float32) error {
	if truth < 0 || truth >= o.classes || len(probabilities) != o.classes {
		return fmt.Errorf("task: class %d of %d probabilities, wanted %d classes", truth, len(probabilities), o.classes)
	}
	o.truth = append(o.truth, truth)
	o.probabilities = append(o.probabilities, probabilities...)
	return nil
}

// MacroAUC returns the plain average of the classes' areas under the ROC curve, and over how many classes it runs: a class
// that no sample, or every sample, is of has none.
func (o *OneVsRest) MacroAUC() (auc float64, classes int) {
	for k := range o.classes {
		r := ROC{samples: make([]scored, 0, len(o.truth))}
		for i, c := range o.truth {
			r.Add(o.probabilities[i*o.classes+k], c == k)
		}
		if a, ok := r.AUC(); ok {
			auc += a
			classes++
		}
	}
	return auc / float64(max(classes, 1)), classes
}
