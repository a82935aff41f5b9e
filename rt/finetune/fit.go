package finetune

import (
	"slices"

	"edgerun/kernels/fixed"
)

// Run says how long to train.
type Run struct {
	Epochs   int    // passes over the samples
	Seed     uint64 // of the order of samples
	Patience int    // epochs without a smaller loss of the hold-out after which training ends; 0: never
	// Replay are old samples to learn along: Share of each batch, at least one, is of them, in random order and over again.
	Replay []int
	Share  float32 // of (0,1); 0: a half
	// Stop is asked before each step; true ends training as if its epochs were over. May be nil.
	Stop func() bool
	// Report sees each epoch when it is over. May be nil.
	Report func(Epoch)
	// Save sees how far the run is after each step; an error ends it. May be nil.
	Save func(*Progress) error
	// From is where a run of the same samples, options and seed goes on, with the Tuner's state of that moment; nil: from the
	// beginning.
	From *Progress
}

// Progress is how far a run is.
type Progress struct {
	Epochs []Epoch // that are over

	done  int     // samples of the epoch at hand
	sum   float32 // of its losses
	steps int

	best     [][]byte
	bestLoss float32
	since    int // epochs after the best one
}

// Epoch is what one pass over the samples gave.
type Epoch struct {
	Index    int
	Loss     float32 // mean over the epoch's steps
	HoldLoss float32 // of the hold-out, after the epoch
	HoldAcc  float32 // share of the hold-out that is right, for CrossEntropy
}

// Fit trains on the samples of train in random order, step by step. With a hold-out it keeps the weights of the epoch whose
// loss on it was least, and ends early where Patience says so. It returns the epochs.
func (t *Tuner) Fit(s *Samples, train, hold []int, r Run) ([]Epoch, error) {
	order := slices.Clone(train)
	random := fixed.Random(r.Seed)
	old := slices.Clone(r.Replay)
	replayed := r.replayed(t.options.Batch)
	fresh := t.options.Batch - replayed
	mix := make([]int, 0, t.options.Batch)
	perEpoch := (len(order) + fresh - 1) / fresh
	p := r.From
	if p == nil {
		p = &Progress{}
	}
	for range len(p.Epochs) {
		shuffle(order, &random)
		shuffle(old, &random)
	}
	stopped := p.over(&r)
	for e := len(p.Epochs); e < r.Epochs && !stopped; e++ {
		shuffle(order, &random)
		shuffle(old, &random)
		for p.done < len(order) {
			if stopped = r.Stop != nil && r.Stop(); stopped {
				break
			}
			batch := order[p.done:min(p.done+fresh, len(order))]
			mix = append(mix[:0], batch...)
			for k := range replayed {
				mix = append(mix, old[(p.steps*replayed+k)%len(old)])
			}
			loss, err := t.Step(s, mix, t.options.rate(e*perEpoch+p.steps, r.Epochs*perEpoch))
			if err != nil {
				return p.Epochs, err
			}
			p.sum, p.steps, p.done = p.sum+loss, p.steps+1, p.done+len(batch)
			if r.Save != nil {
				if err := r.Save(p); err != nil {
					return p.Epochs, err
				}
			}
		}
		if p.steps == 0 {
			break
		}
		h := Epoch{Index: e, Loss: p.sum / float32(p.steps)}
		if len(hold) > 0 {
			loss, right, err := t.Loss(s, hold)
			if err != nil {
				return p.Epochs, err
			}
			h.HoldLoss, h.HoldAcc = loss, float32(right)/float32(len(hold))
			if p.since++; p.best == nil || loss < p.bestLoss {
				p.best, p.bestLoss, p.since = t.keep(p.best), loss, 0
			}
		}
		p.Epochs = append(p.Epochs, h)
		p.done, p.sum, p.steps = 0, 0, 0
		stopped = stopped || p.over(&r)
		if r.Report != nil {
			r.Report(h)
		}
	}
	if p.best != nil {
		t.restore(p.best)
	}
	return p.Epochs, nil
}

// over reports whether the run has lost its patience.
func (p *Progress) over(r *Run) bool { return r.Patience > 0 && p.since >= r.Patience }

// replayed is how many old samples a batch has.
func (r *Run) replayed(batch int) int {
	if len(r.Replay) == 0 {
		return 0
	}
	share := r.Share
	if share == 0 {
		share = 0.5
	}
	return min(max(int(float32(float32(batch)*share)+0.5), 1), batch-1)
}

// keep copies all trained parameters.
func (t *Tuner) keep(dst [][]byte) [][]byte {
	k := 0
	for _, p := range t.tail.params {
		if !p.train {
			continue
		}
		if k == len(dst) {
			dst = append(dst, make([]byte, len(p.bytes())))
		}
		copy(dst[k], p.bytes())
		k++
	}
	return dst
}

func (t *Tuner) restore(src [][]byte) {
	k := 0
	for _, p := range t.tail.params {
		if p.train {
			copy(p.bytes(), src[k])
			k++
		}
	}
	t.tail.e.changed()
}

// shuffle puts x into random order. Source: Fisher and Yates, in Durstenfeld's form.
func shuffle(x []int, r *fixed.Random) {
	for i := len(x) - 1; i > 0; i-- {
		j := int(r.Next() % uint64(i+1))
		x[i], x[j] = x[j], x[i]
	}
}
