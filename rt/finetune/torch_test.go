package finetune

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"edgerun/kernels"
	"edgerun/rt/op"
)

// torchCase is training that testdata/gen/finetune_torch.py did with PyTorch: what was set, and the loss of every step.
type torchCase struct {
	Net, Name, Loss, Method, Schedule   string
	Rate, Momentum, Decay, Beta1, Beta2 float32
	Epsilon, Smoothing, Clip            float32
	Nesterov, Biases                    bool
	Weights                             []float32
	Losses                              []float64
}

func (c *torchCase) options() Options {
	return Options{Layers: 2, BiasOnly: c.Biases, Batch: 16,
		Loss:         map[string]Loss{"": CrossEntropy, "bce": BinaryCrossEntropy, "mse": MeanSquaredError}[c.Loss],
		ClassWeights: c.Weights, Smoothing: c.Smoothing,
		Method: map[string]Method{"": SGD, "adam": Adam}[c.Method], Rate: c.Rate,
		Schedule: map[string]Schedule{"": Constant, "cosine": Cosine, "linear": Linear}[c.Schedule],
		Momentum: c.Momentum, Nesterov: c.Nesterov, Beta1: c.Beta1, Beta2: c.Beta2, Epsilon: c.Epsilon,
		Decay: c.Decay, Clip: c.Clip}
}

// torchNet makes the script's network and samples: the sizes of layers, and everything random, come in the same order.
func torchNet(t testing.TB, name string) (n *net, x [][]float32, labels []int32, targets [][]float32) {
	shape := []int{1, 20}
	if name == "cnn" {
		shape = []int{1, 6, 6, 2}
	}
	n = newNet(t, shape...)
	n.r = 11
	add := func(def *op.Def, attrs op.Attrs, shape ...int) {
		k := 1
		for _, d := range shape[1:] {
			k *= d
		}
		w := n.constant(1.5/math.Sqrt(float64(k)), shape...)
		n.add(def, attrs, w, n.constant(0.1, shape[0]))
	}
	if name == "cnn" {
		same := append(relu(), op.IntsAttr("pads", 1, 1, 1, 1))
		add(op.Conv2D, same, 8, 3, 3, 2)
		add(op.Conv2D, same, 12, 3, 3, 8)
		// The parameters of all layers come first, then the samples; a pool has none.
		n.add(op.MaxPool2D, op.Attrs{op.IntsAttr("kernel", 2, 2), op.IntsAttr("strides", 2, 2)})
		n.add(op.Reshape, op.Attrs{op.IntsAttr("shape", 1, 108)})
		add(op.FullyConnected, nil, 6, 108)
	} else {
		add(op.FullyConnected, relu(), 24, 20)
		add(op.FullyConnected, relu(), 24, 24)
		add(op.FullyConnected, nil, 6, 24)
	}
	const samples, classes = 96, 6
	size := n.g.Inputs[0].Shape.Elements()
	centres := random(&n.r, classes*size, 1)
	noise := random(&n.r, samples*size, 1)
	more := random(&n.r, samples*classes, 0.25)
	for i := range samples {
		label := i * 5 % classes
		sample, target := noise[i*size:(i+1)*size], more[i*classes:(i+1)*classes]
		for k := range sample {
			sample[k] += centres[label*size+k]
		}
		target[label]++
		x, labels, targets = append(x, sample), append(labels, int32(label)), append(targets, target)
	}
	return n, x, labels, targets
}

// TestTorch: training goes, step by step, as PyTorch's does.
func TestTorch(t *testing.T) {
	text, err := os.ReadFile("../../testdata/finetune/torch.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []torchCase
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 30 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Net+"/"+c.Name, func(t *testing.T) {
			var first []float32
			sets := kernels.All()
			if c.Net == "cnn" && c.Name != "Adam" {
				sets = sets[len(sets)-1:] // the portable set takes seconds
			}
			for _, set := range sets {
				losses := c.train(t, set)
				worst := 0.0
				for i, want := range c.Losses {
					worst = max(worst, math.Abs(float64(losses[i])-want))
				}
				if !(worst <= 1e-4) {
					t.Fatalf("%s: a loss differs by %.2g from PyTorch's", set.Name, worst)
				}
				t.Logf("%s: at most %.2g from PyTorch's losses", set.Name, worst)
				if first == nil {
					first = losses
				}
				for i := range losses {
					if losses[i] != first[i] {
						t.Fatalf("%s: step %d has a loss of %g, generic's %g", set.Name, i, losses[i], first[i])
					}
				}
			}
		})
	}
}

func (c *torchCase) train(t *testing.T, set *kernels.Set) (losses []float32) {
	n, x, labels, targets := torchNet(t, c.Net)
	o := c.options()
	o.Kernels = set
	tuner, err := New(n.g, o)
	if err != nil {
		t.Fatal(err)
	}
	session := tuner.Frozen().NewSession(nil)
	store := &records{size: tuner.RecordBytes(), b: make([]byte, len(x)*tuner.RecordBytes())}
	for i, sample := range x {
		copy(session.Input(0).F32(), sample)
		session.Run()
		tuner.Record(store.b[i*store.size:], session)
	}
	s := &Samples{Store: store}
	switch o.Loss {
	case CrossEntropy:
		s.Labels = labels
	case MeanSquaredError:
		s.Targets = targets
	case BinaryCrossEntropy:
		for _, target := range targets {
			for i, v := range target {
				target[i] = 0
				if v > 0.1 {
					target[i] = 1
				}
			}
		}
		s.Targets = targets
	}
	batch := make([]int, o.Batch)
	for step := range len(c.Losses) {
		for k := range batch {
			batch[k] = (step*o.Batch + k) * 37 % len(x)
		}
		loss, err := tuner.Step(s, batch, o.rate(step, len(c.Losses)))
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, loss)
	}
	return losses
}
