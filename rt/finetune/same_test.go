package finetune

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"testing"

	"edgerun/kernels"
	"edgerun/kernels/fixed"
	"edgerun/loader"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
)

// TestSameBits: training gives the same bits on every machine and kernel set, with any number of threads, and however much of
// a batch fits into memory at a time.
func TestSameBits(t *testing.T) {
	var pools []*rt.Pool
	for threads := 2; threads <= 3; threads++ {
		pool := rt.NewPool(threads)
		defer pool.Close()
		pools = append(pools, pool)
	}
	for _, c := range []struct {
		name  string
		hash  uint64 // of all weights and biases
		shape []int
		build func(n *net)
	}{
		{"FullyConnected", 0xac159d80cc972b34, []int{1, 70}, func(n *net) {
			n.add(op.FullyConnected, relu(), n.constant(0.3, 67, 70), n.constant(0.1, 67))
			n.add(op.FullyConnected, relu(), n.constant(0.3, 33, 67), n.constant(0.1, 33))
			n.add(op.FullyConnected, nil, n.constant(0.4, 5, 33), n.constant(0.1, 5))
		}},
		{"Conv2D", 0xffa847f754fb6e61, []int{1, 9, 8, 3}, func(n *net) {
			n.add(op.Conv2D, append(relu(), op.IntsAttr("pads", 1, 1, 1, 1)), n.constant(0.3, 11, 3, 3, 3), n.constant(0.1, 11))
			n.add(op.Conv2D, append(relu(), op.IntsAttr("strides", 2, 1)), n.constant(0.2, 70, 2, 2, 11), n.constant(0.1, 70))
			n.add(op.Conv2D, append(relu(), op.IntAttr("groups", 2)), n.constant(0.2, 6, 1, 1, 35), n.constant(0.1, 6))
			n.add(op.Conv2D, op.Attrs{op.FloatAttr("min", 0), op.FloatAttr("max", 0.5)}, n.constant(0.3, 7, 1, 1, 6), n.constant(0.1, 7))
			n.add(op.AveragePool2D, op.Attrs{op.IntsAttr("kernel", n.v.Shape.Dim[1], n.v.Shape.Dim[2])})
			n.add(op.Reshape, op.Attrs{op.IntsAttr("shape", 1, 7)})
			n.add(op.FullyConnected, nil, n.constant(0.5, 4, 7), n.constant(0.1, 4))
		}},
		{"pictures", 0xb1de2a6075ac34d5, []int{1, 8, 7, 3}, func(n *net) {
			n.add(op.Conv2D, nil, n.constant(0.5, 18, 1, 1, 3), n.constant(0.3, 18))
			n.add(op.Conv2D, append(relu(), op.IntAttr("groups", 18), op.IntsAttr("pads", 1, 1, 1, 1)), n.constant(0.5, 18, 3, 3, 1), n.constant(0.3, 18))
			x := n.add(op.PRelu, nil, n.constant(0.4, 18))
			n.add(op.TransposeConv2D, op.Attrs{op.IntsAttr("strides", 2, 2)}, n.constant(0.3, 6, 2, 2, 18), n.constant(0.1, 6))
			n.add(op.Resize, op.Attrs{op.IntsAttr("size", 8, 7), op.StringAttr("mode", "linear")})
			n.add(op.Concat, op.Attrs{op.IntAttr("axis", 3)}, x)
			n.add(op.HardSwish, nil)
			n.add(op.Mean, op.Attrs{op.IntsAttr("axes", 1, 2)})
			n.add(op.L2Normalization, nil)
			n.fc(4)
		}},
		{"sequences", 0xb75dd273a46f3a41, []int{20, 1, 5}, func(n *net) {
			n.fc(6)
			n.add(op.LSTMLayer, nil, n.constant(0.5, 24, 6), n.constant(0.5, 24, 6), n.constant(0.2, 24), n.constant(0.3, 18))
			n.add(op.LayerNorm, nil, n.constant(1, 6), n.constant(0.3, 6))
			n.add(op.GRULayer, op.Attrs{op.IntAttr("reverse", 1)}, n.constant(0.5, 18, 6), n.constant(0.5, 18, 6), n.constant(0.2, 18))
			n.add(op.Transpose, op.Attrs{op.IntsAttr("perm", 1, 0, 2)})
			n.add(op.Attention, op.Attrs{op.IntAttr("heads", 2), op.IntAttr("causal", 1)}, n.v, n.v)
			n.add(op.Unary, function("gelu"))
			n.add(op.BatchMatMul, op.Attrs{op.IntAttr("adjX", 1)}, n.v)
			n.reshape(1, 36)
			n.add(op.Softmax, nil)
			n.fc(4)
		}},
		{name: "digits/mlp.edge", hash: 0x67609c580cfa43f1},
		{name: "keywords/dscnn.edge", hash: 0xa288c25176cbb81d},
	} {
		var g *graph.Graph
		layers := 2
		if c.build != nil {
			n := newNet(t, c.shape...)
			c.build(n)
			g, layers = n.g, len(Trainable(n.g))
		} else {
			m, err := loader.ReadFile("../../testdata/"+c.name, loader.Options{})
			if err != nil {
				t.Fatal(err)
			}
			g = m.Graph
		}
		first, err := New(g, Options{Layers: layers})
		if err != nil {
			t.Fatal(err)
		}
		const samples = 13
		store := &records{size: first.RecordBytes()}
		s := &Samples{Store: store}
		r := fixed.Random(9)
		for i := range samples {
			for range store.size / 4 {
				b := math.Float32bits(float32(r.Float64() - 0.5))
				if first.tail.in[0].coded {
					b = uint32(r.Next())
				}
				store.b = binary.LittleEndian.AppendUint32(store.b, b)
			}
			s.Labels = append(s.Labels, int32(i%4))
		}
		var want [][]float32
		check := func(how string, o Options) {
			o.Layers, o.Batch, o.Momentum, o.Clip = layers, 11, 0.9, 1
			tuner, err := New(g, o)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 4 {
				batch := make([]int, o.Batch)
				for k := range batch {
					batch[k] = (i + k) % samples
				}
				if _, err := tuner.Step(s, batch, 0.1); err != nil {
					t.Fatal(err)
				}
			}
			for i, p := range tuner.tail.params {
				if len(want) <= i {
					want = append(want, slices.Clone(p.value))
				}
				if !slices.Equal(p.value, want[i]) {
					t.Errorf("%s, %s: %q differs", c.name, how, p.name)
				}
			}
			if o.MemoryBytes > 0 && tuner.MicroBatch() != 1 {
				t.Errorf("%s: %d samples at a time", c.name, tuner.MicroBatch())
			}
		}
		for _, set := range kernels.All() {
			if c.build == nil && set.Name == "generic" {
				continue // takes seconds
			}
			check(set.Name, Options{Kernels: set})
		}
		for _, pool := range pools {
			check(fmt.Sprintf("%d threads", pool.Threads()), Options{Pool: pool})
		}
		for _, pool := range []*rt.Pool{nil, pools[1]} {
			least, err := New(g, Options{Layers: layers, Momentum: 0.9, Batch: 1, Pool: pool})
			if err != nil {
				t.Fatal(err)
			}
			check("one by one", Options{MemoryBytes: least.Memory(), Pool: pool})
		}
		hash := fnv.New64a()
		for _, w := range want {
			binary.Write(hash, binary.LittleEndian, w)
		}
		if hash.Sum64() != c.hash {
			t.Errorf("%s: hash %#x, want %#x", c.name, hash.Sum64(), c.hash)
		}
	}
}

// TestStepForgets: a step that ends in an error leaves nothing behind.
func TestStepForgets(t *testing.T) {
	n := newNet(t, 1, 6)
	n.add(op.FullyConnected, nil, n.constant(0.5, 4, 6), n.constant(0.1, 4))
	tuner, err := New(n.g, Options{Batch: 2})
	if err != nil {
		t.Fatal(err)
	}
	tuner.micro = 1
	store := failing{records{size: 24, b: make([]byte, 48)}}
	store.b[3] = 0x3f
	s := &Samples{Store: &store, Labels: []int32{1, 2, 3}}
	if _, err := tuner.Step(s, []int{0, 2}, 0.1); !errors.Is(err, errGone) {
		t.Fatal(err)
	}
	for _, p := range tuner.tail.params {
		for _, g := range p.grad {
			if g != 0 {
				t.Fatalf("%q keeps a gradient of %g", p.name, g)
			}
		}
	}
}

var errGone = errors.New("gone")

// failing has two samples.
type failing struct{ records }

func (f *failing) Get(i int, record []byte) error {
	if i > 1 {
		return errGone
	}
	return f.records.Get(i, record)
}
