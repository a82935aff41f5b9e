package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"edgerun/loader"
	"edgerun/rt"
	"edgerun/rt/generate"
	"edgerun/rt/graph"
	"edgerun/rt/tensor"
)

// benchCommand measures latency, as a whole and by layer.
func benchCommand() *cobra.Command {
	var e engine
	var runs, warmup int
	var dims []string
	var asJSON, layers bool
	var traceFile, data string
	var pre preprocessing
	c := &cobra.Command{
		Use:   "bench MODEL",
		Short: "Measure latency: p50, p95, p99 and a table by layer",
		Long: `Measure latency: p50, p95, p99 and a table by layer.

Symbolic dimensions are at their bounds. Inputs are random numbers, and integers and booleans zero; a network whose masks
are inputs works as much as it will on data of your own, --data.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if runs < 1 || warmup < 0 {
				return usagef("--runs %d and --warmup %d must be positive", runs, warmup)
			}
			if err := keepInputs([]string{traceFile}, args[0]); err != nil {
				return err
			}
			if err := checkDims(dims, args[0]); err != nil {
				return err
			}
			m, err := openModel(args[0], dims...)
			if err != nil {
				return err
			}
			prog, pool, err := e.compile(m.Graph)
			if err != nil {
				return m.fail(err)
			}
			defer pool.Close()
			var given inputs
			if data != "" {
				if given, err = firstInputs(m, prog, data, &pre); err != nil {
					return err
				}
			}
			b, err := measure(c.Context(), prog, pool, runs, warmup, given)
			if err != nil {
				return err
			}
			b.Islands = islandTexts(m.Model)
			if layers {
				if b.Layers, err = measureLayers(c.Context(), prog, pool, min(runs, 200), given); err != nil {
					return err
				}
			}
			if traceFile != "" {
				events, err := trace(c.Context(), prog, pool, warmup, given)
				if err != nil {
					return err
				}
				if err := loader.WriteAtomic(traceFile, func(w io.Writer) error { return writeTrace(w, events) }); err != nil {
					return err
				}
			}
			if asJSON {
				return writeJSON(c.OutOrStdout(), b)
			}
			return b.print(c.OutOrStdout(), args[0])
		},
	}
	e.flags(c)
	pre.flags(c)
	dimFlag(c, &dims)
	c.Flags().StringVar(&data, "data", "", "take the inputs from the first sample of these data")
	c.Flags().IntVar(&runs, "runs", 200, "measured inferences")
	c.Flags().IntVar(&warmup, "warmup", 20, "inferences before measuring")
	c.Flags().BoolVar(&layers, "layers", true, "measure each layer in a second pass")
	c.Flags().StringVar(&traceFile, "trace", "", "write a trace of some more inferences to this file, for chrome://tracing or ui.perfetto.dev")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// benchResult holds latencies in nanoseconds.
type benchResult struct {
	Kernels string       `json:"kernels"`
	Threads int          `json:"threads"`
	Runs    int          `json:"runs"`
	MACs    int          `json:"macs"`
	Min     int64        `json:"min_ns"`
	P50     int64        `json:"p50_ns"`
	P95     int64        `json:"p95_ns"`
	P99     int64        `json:"p99_ns"`
	Begin   int64        `json:"first_p50_ns,omitempty"` // of a sequence's first Run, where some layers run in it only
	Layers  []layerBench `json:"layers,omitempty"`
	Islands []string     `json:"float32_islands,omitempty"`
}

type layerBench struct {
	Name   string  `json:"name"`
	Op     string  `json:"op"`
	DType  string  `json:"dtype"`
	Shape  string  `json:"output"`
	Kernel string  `json:"kernel"`
	MACs   int     `json:"macs"`
	P50    int64   `json:"p50_ns"`
	Share  float64 `json:"share"`
	Once   bool    `json:"once,omitempty"` // runs once a sequence: no part of what shares are of
}

// inputs are bytes that no network minds, for a session's inputs, which a run may overwrite.
type inputs [][]byte

func randomInputs(s *rt.Session) inputs {
	r := rand.New(rand.NewPCG(1, 1))
	var all inputs
	for i, v := range s.Program().Graph().Inputs {
		if v.DType == tensor.Float32 {
			x := s.Input(i).F32()
			for k := range x {
				x[k] = float32(r.IntN(2001)-1000) / 1000
			}
		} else {
			clear(s.Input(i).Bytes())
		}
		all = append(all, slices.Clone(s.Input(i).Bytes()))
	}
	return all
}

func (all inputs) fill(s *rt.Session) {
	for i, b := range all {
		copy(s.Input(i).Bytes(), b)
	}
}

// benchFeed fills inputs before each Run. A network that runs position by position gets sequences as long as it has places.
type benchFeed struct {
	s          *rt.Session
	inputs     inputs
	token      int
	places, at int // 0 for other networks
}

func newBenchFeed(s *rt.Session, given inputs) *benchFeed {
	f := &benchFeed{s: s, inputs: given}
	if given == nil {
		f.inputs = randomInputs(s)
	}
	g := s.Program().Graph()
	if i, err := generate.TokenInput(g); err == nil {
		f.token, f.places = i, generate.Places(g)
		f.at = f.places
	}
	return f
}

// next reports whether the Run to come begins a sequence, and is to be followed by others.
func (f *benchFeed) next() bool {
	switch {
	case f.places == 0:
		f.inputs.fill(f.s)
		return false
	case f.at >= f.places:
		f.s.Reset()
		f.inputs.fill(f.s)
		f.at = 1
		return f.places > 1
	}
	copy(f.s.Input(f.token).Bytes(), f.inputs[f.token])
	f.at++
	return false
}

// measure times whole inferences, on the given inputs or, without them, on random ones.
func measure(ctx context.Context, p *rt.Program, pool *rt.Pool, runs, warmup int, given inputs) (*benchResult, error) {
	s := p.NewSession(pool)
	feed := newBenchFeed(s, given)
	times := make([]int64, 0, runs)
	var begins []int64
	show := progress("measuring", warmup+runs)
	for i := range warmup + runs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for feed.next() {
			start := time.Now()
			s.Run()
			begins = append(begins, time.Since(start).Nanoseconds())
		}
		start := time.Now()
		s.Run()
		if d := time.Since(start).Nanoseconds(); i >= warmup {
			times = append(times, d)
		}
		show(i+1, warmup+runs)
	}
	slices.Sort(times)
	b := &benchResult{Kernels: p.Kernels().Name, Threads: pool.Threads(), Runs: runs, Min: times[0],
		P50: percentile(times, 50), P95: percentile(times, 95), P99: percentile(times, 99)}
	if len(begins) > 0 {
		slices.Sort(begins)
		b.Begin = percentile(begins, 50)
	}
	for _, l := range p.Layers()[p.Graph().Once:] {
		b.MACs += l.MACs
	}
	return b, nil
}

// percentile returns the smallest value that at least p percent of the sorted values do not pass.
func percentile(sorted []int64, p int) int64 { return sorted[(len(sorted)*p+99)/100-1] }

// measureLayers times each step by its observer; the clock's own cost of some 50 ns a layer is part of the figures.
func measureLayers(ctx context.Context, p *rt.Program, pool *rt.Pool, runs int, given inputs) ([]layerBench, error) {
	s := p.NewSession(pool)
	layers := p.Layers()
	times := make([][]int64, len(layers))
	var last time.Time
	s.SetObserver(func(step int, _ *graph.Node, _ []tensor.Buffer) {
		now := time.Now()
		times[step] = append(times[step], now.Sub(last).Nanoseconds())
		last = time.Now()
	})
	feed := newBenchFeed(s, given)
	for range runs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for feed.next() {
			last = time.Now()
			s.Run()
		}
		last = time.Now()
		s.Run()
	}
	var out []layerBench
	total := int64(0)
	for i, l := range layers {
		if l.View {
			continue
		}
		slices.Sort(times[i])
		y := layerType(l.Node)
		b := layerBench{Name: l.Node.Name, Op: l.Node.Op.Name, DType: y.DType.String(), Shape: y.Shape.String(),
			Kernel: l.Info.Kernel, MACs: l.MACs, P50: percentile(times[i], 50)}
		if b.Once = i < p.Graph().Once; !b.Once {
			total += b.P50
		}
		out = append(out, b)
	}
	for i := range out {
		if !out[i].Once {
			out[i].Share = float64(out[i].P50) / float64(max(1, total))
		}
	}
	return out, nil
}

func (b *benchResult) print(w io.Writer, name string) error {
	fmt.Fprintf(w, "%s: %s kernels, %d thread(s), %d runs, %.3g M multiply-adds\n", name, b.Kernels, b.Threads, b.Runs, float64(b.MACs)/1e6)
	fmt.Fprintf(w, "  min %s   p50 %s   p95 %s   p99 %s   %.3g GMAC/s\n", duration(b.Min), duration(b.P50), duration(b.P95), duration(b.P99),
		float64(b.MACs)/float64(max(1, b.P50)))
	if b.Begin > 0 {
		fmt.Fprintf(w, "  first position of a sequence, with what runs once: p50 %s; the figures above are of the others\n", duration(b.Begin))
	}
	printIslands(w, b.Islands)
	if len(b.Layers) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\np50\tshare\tGMAC/s\tdtype\tkernel\toperator\toutput\tname\t")
	for _, l := range b.Layers {
		rate := ""
		if l.MACs > 0 {
			rate = fmt.Sprintf("%.1f", float64(l.MACs)/float64(max(1, l.P50)))
		}
		share := fmt.Sprintf("%.1f %%", float64(100*l.Share))
		if l.Once {
			share = "once"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", duration(l.P50), share, rate, l.DType, l.Kernel, l.Op, l.Shape, l.Name)
	}
	return t.Flush()
}

// duration prints nanoseconds with three digits.
func duration(ns int64) string {
	switch {
	case ns < 10_000:
		return fmt.Sprintf("%.2f µs", float64(ns)/1e3)
	case ns < 1_000_000:
		return fmt.Sprintf("%.1f µs", float64(ns)/1e3)
	case ns < 100_000_000:
		return fmt.Sprintf("%.2f ms", float64(ns)/1e6)
	}
	return fmt.Sprintf("%.2f s", float64(ns)/1e9)
}
