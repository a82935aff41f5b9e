package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"edgerun/kernels"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// compareCommand finds the layers that int8 hurts.
func compareCommand() *cobra.Command {
	var e engine
	var pre preprocessing
	var dims []string
	var data string
	var samples, limit int
	var asJSON bool
	c := &cobra.Command{
		Use:   "compare FLOAT INT8 --data DATA",
		Short: "Compare an int8 network with its float original, layer by layer",
		Long: `Compare an int8 network with its float original (.onnx, .tflite or .edge), layer by
layer, on the same samples. Values are matched by name; what has no counterpart is
counted. The worst layer by itself comes first.

  alone    signal to quantization noise in dB of the layer by itself: the float layer
           is fed with the values that the int8 layer was fed with, so what came in
           wrong does not count. A low figure names a culprit. The noise of a value
           without counterpart counts to the layers behind it.
  network  the same in dB between two whole runs, float and int8: it holds all errors of
           the layers before as well.
  cosine   of the two runs' values, 1 where they point the same way
  max err  largest absolute difference between the two runs
  clipped  share of the float run's values that lie outside of the range of the codes,
           by more than half a step

6 dB are one bit; int8 alone reaches some 30 to 45 dB, and below 20 dB a layer is
worth a look. A layer that passes codes on (a reshape, max-pooling) is exact alone.

Networks of task sequence, in step form or not yet, read the same tokens: those that the
float network writes for each text. So what one position does is compared, whatever the
int8 network would have written before it; that, and how often both would choose the same
token, comes last.`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			if data == "" {
				return usagef("compare: no data: give --data DATA (.npy, .npz, .csv, or a folder of pictures)")
			}
			if samples < 1 || limit < 0 {
				return usagef("--samples %d and --limit %d must be positive", samples, limit)
			}
			set, err := e.set()
			if err != nil {
				return err
			}
			float, err := openModel(args[0], dims...)
			if err != nil {
				return err
			}
			int8, err := openModel(args[1], dims...)
			if err != nil {
				return err
			}
			if hasCodes(float.Graph) {
				return fmt.Errorf("%s: is int8, want the float network first", args[0])
			}
			if !hasCodes(int8.Graph) {
				return fmt.Errorf("%s: is float, want the int8 network second", args[1])
			}
			shareFrontEnd([]*model{int8, float})
			write, err := bothWrite(float, int8)
			if err != nil {
				return err
			}
			pool := rt.NewPool(e.threads)
			defer pool.Close()
			cmp, err := newComparison(float.Graph, int8.Graph, set, pool)
			if err != nil {
				return err
			}
			ds, spec, err := openSamples(data, int8, &pre)
			if err != nil {
				return err
			}
			if write {
				err = cmp.write(c.Context(), float, int8, ds, samples)
			} else {
				var feed *feeder
				if feed, err = newFeeder(float.Graph, spec, ds, samples); err != nil {
					return float.fail(err)
				}
				err = cmp.run(c.Context(), feed)
			}
			if err != nil {
				return err
			}
			res := cmp.result(limit)
			res.Float, res.Int8 = args[0], args[1]
			if asJSON {
				return writeJSON(c.OutOrStdout(), res)
			}
			return res.print(c.OutOrStdout())
		},
	}
	e.flags(c)
	pre.flags(c)
	dimFlag(c, &dims)
	c.Flags().StringVar(&data, "data", "", "samples")
	c.Flags().IntVar(&samples, "samples", 64, "samples to use at most")
	c.Flags().IntVar(&limit, "limit", 0, "layers to print (default: all)")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// comparison runs a float and an int8 network side by side, Run by Run, the float one twice: as it is, and alone, where each
// value, once it was looked at, is replaced by the int8 run's. Variables so hold what the layers before them left.
type comparison struct {
	float, alone, int8 *rt.Session
	layers             []*layerNoise
	byFloat            map[*graph.Value]*layerNoise
	byInt8             map[*graph.Value][]*layerNoise
	unmatched          int // computed float values without a counterpart
	samples            int
	agreement          *tokenAgreement // of networks that write sequences
}

// layerNoise sums up what a value's codes lose.
type layerNoise struct {
	name, op string
	quant    tensor.Quant
	codes    []float32 // the int8 run's values, as reals, of the sample at hand

	signal, noise, cross, square float64 // Σf², Σ(f−q)², Σf·q, Σq² of the two runs
	signalAlone, noiseAlone      float64
	worst                        float64
	clipped, count               int
}

func newComparison(float, int8 *graph.Graph, set *kernels.Set, pool *rt.Pool) (*comparison, error) {
	if len(float.Inputs) != len(int8.Inputs) {
		return nil, fmt.Errorf("the float network has %d inputs, the int8 one %d", len(float.Inputs), len(int8.Inputs))
	}
	for i, v := range float.Inputs {
		if w := int8.Inputs[i]; v.Shape != w.Shape || v.DType != w.DType && !isCodes(w) {
			return nil, fmt.Errorf("input %q is %v in the float network, %v in the int8 one%s", v.Name, v.Type, w.Type, dimHint(float))
		}
	}
	c := &comparison{byFloat: map[*graph.Value]*layerNoise{}, byInt8: map[*graph.Value][]*layerNoise{}}
	counterparts := map[string]*graph.Value{}
	for _, n := range int8.Nodes {
		for _, v := range n.Out {
			if v.DType != tensor.Int8 || len(v.Quant.Scale) != 1 {
				continue
			}
			name := v.Name
			if n.Op == op.Quantize { // codes of a float value go by its name
				name = n.In[0].Name
			}
			counterparts[name] = v
		}
	}
	outputs := float.Outputs
	match := func(v *graph.Value, by string) {
		w := counterparts[v.Name]
		if w == nil && slices.Contains(outputs, v) { // an output's codes lost their name to the output itself
			if n := int8.Producers()[int8.Outputs[slices.Index(outputs, v)]]; n != nil && n.Op == op.Dequantize {
				w = n.In[0]
			}
		}
		if w == nil || v.DType != tensor.Float32 || w.Shape != v.Shape {
			c.unmatched++
			return
		}
		l := &layerNoise{name: v.Name, op: by, quant: w.Quant, codes: make([]float32, v.Shape.Elements())}
		c.layers = append(c.layers, l)
		c.byFloat[v] = l
		c.byInt8[w] = append(c.byInt8[w], l)
	}
	for _, v := range float.Inputs {
		match(v, "input")
	}
	for _, n := range float.Nodes {
		for _, v := range n.Out {
			match(v, n.Op.Name)
		}
	}
	if len(c.byFloat) == 0 {
		return nil, errors.New("no value of the float network has a counterpart of the same name and shape in the int8 one")
	}
	if err := c.open(float, int8, set, pool); err != nil {
		return nil, err
	}
	return c, nil
}

// open makes the sessions and has them report.
func (c *comparison) open(float, int8 *graph.Graph, set *kernels.Set, pool *rt.Pool) error {
	prog, err := rt.Compile(float, rt.Options{Kernels: set})
	if err != nil {
		return err
	}
	codes, err := rt.Compile(int8, rt.Options{Kernels: set})
	if err != nil {
		return err
	}
	c.float, c.alone, c.int8 = prog.NewSession(pool), prog.NewSession(pool), codes.NewSession(pool)
	c.int8.SetObserver(func(_ int, n *graph.Node, out []tensor.Buffer) {
		for i, v := range n.Out {
			for _, l := range c.byInt8[v] {
				scale, zero := l.quant.Scale[0], l.quant.Zero[0]
				for k, q := range out[i].I8() {
					l.codes[k] = scale * float32(int32(q)-zero)
				}
			}
		}
	})
	c.float.SetObserver(func(_ int, n *graph.Node, out []tensor.Buffer) {
		for i, v := range n.Out {
			c.lookNetwork(v, out[i])
		}
	})
	c.alone.SetObserver(func(_ int, n *graph.Node, out []tensor.Buffer) {
		for i, v := range n.Out {
			c.lookAlone(v, out[i])
		}
	})
	return nil
}

func (c *comparison) lookNetwork(v *graph.Value, data tensor.Buffer) {
	if l := c.byFloat[v]; l != nil {
		l.addNetwork(data.F32())
	}
}

func (c *comparison) lookAlone(v *graph.Value, data tensor.Buffer) {
	if l := c.byFloat[v]; l != nil {
		l.addAlone(data.F32())
		copy(data.F32(), l.codes)
	}
}

// sessions are all three, for what they have in common.
func (c *comparison) sessions() [3]*rt.Session { return [3]*rt.Session{c.float, c.alone, c.int8} }

// run compares on all samples.
func (c *comparison) run(ctx context.Context, feed *feeder) error {
	show := progress("comparing", feed.Len())
	for i := range feed.Len() {
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, s := range c.sessions() {
			if err := feed.Fill(i, s); err != nil {
				return err
			}
			s.Reset()
		}
		c.int8.Run()
		c.lookInputs()
		c.alone.Run()
		c.float.Run()
		c.samples++
		show(i+1, feed.Len())
	}
	return nil
}

// lookInputs compares the inputs, after the int8 network's Run and before the float one's.
func (c *comparison) lookInputs() {
	for k, v := range c.float.Program().Graph().Inputs {
		c.lookNetwork(v, c.float.Input(k))
		c.lookAlone(v, c.alone.Input(k))
	}
}

func (l *layerNoise) addNetwork(f []float32) {
	scale, zero := float64(l.quant.Scale[0]), float64(l.quant.Zero[0])
	lo, hi := scale*(-128.5-zero), scale*(127.5-zero)
	for i, v := range f {
		x, q := float64(v), float64(l.codes[i])
		l.signal += float64(x * x)
		l.square += float64(q * q)
		l.cross += float64(x * q)
		l.noise += float64((x - q) * (x - q))
		l.worst = max(l.worst, math.Abs(x-q))
		if x < lo || x > hi {
			l.clipped++
		}
	}
	l.count += len(f)
}

func (l *layerNoise) addAlone(f []float32) {
	for i, v := range f {
		x, q := float64(v), float64(l.codes[i])
		l.signalAlone += float64(x * x)
		l.noiseAlone += float64((x - q) * (x - q))
	}
}
