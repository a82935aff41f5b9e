package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"edgerun/loader"
	"edgerun/rt"
	"edgerun/rt/frontend"
	"edgerun/rt/graph"
	"edgerun/rt/task"
	"edgerun/rt/tensor"
)

// inspectCommand shows what is in a model file and what it needs to run, without running it.
func inspectCommand() *cobra.Command {
	var e engine
	var dims []string
	var target string
	var asJSON bool
	c := &cobra.Command{
		Use:   "inspect MODEL",
		Short: "Show layers, shapes, scales, memory map and sizes of a model",
		Long: `Show layers, shapes, scales, memory map and sizes of a model.

--target tells the memory on a board, from any machine: the plan is made with the
kernels that the board chooses, and nothing is run.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			set, err := e.set()
			if err != nil {
				return err
			}
			threads := e.threads
			if threads == 0 {
				threads = runtime.GOMAXPROCS(0)
			}
			if target != "" {
				if c.Flags().Changed("kernels") {
					return usagef("--kernels: --target says which kernels")
				}
				if e.threads == 0 {
					return usagef("--threads 0 means this machine's CPUs; give a number for --target")
				}
				if set, err = targetSet(target); err != nil {
					return err
				}
			}
			if err := checkDims(dims, args[0]); err != nil {
				return err
			}
			m, err := openModel(args[0], dims...)
			if err != nil {
				return err
			}
			prog, err := rt.Compile(m.Graph, rt.Options{Kernels: set})
			if err != nil {
				return m.fail(err)
			}
			in, err := inspect(m, prog, threads)
			if err != nil {
				return err
			}
			in.Target = target
			if asJSON {
				return writeJSON(c.OutOrStdout(), in)
			}
			return in.print(c.OutOrStdout())
		},
	}
	e.flags(c)
	dimFlag(c, &dims)
	c.Flags().StringVar(&target, "target", "", "board to plan for: "+targetNames())
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

type inspection struct {
	File      string               `json:"file"`
	SizeBytes int64                `json:"file_bytes"`
	Inputs    []string             `json:"inputs"`
	Outputs   []string             `json:"outputs"`
	Labels    int                  `json:"labels"`
	Task      *task.Spec           `json:"task"`
	Meta      map[string]string    `json:"meta,omitempty"`
	FrontEnd  *frontend.Spec       `json:"frontend,omitempty"`
	Layers    []layerInfo          `json:"layers"`
	Islands   []string             `json:"float32_islands,omitempty"`
	Target    string               `json:"target,omitempty"`
	Kernels   string               `json:"kernels"`
	Threads   int                  `json:"threads"`
	Memory    rt.Memory            `json:"memory"`
	Decoded   int                  `json:"decoded_constant_bytes"`
	Total     int                  `json:"total_bytes"`
	PeakBytes int                  `json:"peak_live_bytes"`
	Raw       rawSizes             `json:"raw"`
	Sections  []loader.SectionInfo `json:"sections,omitempty"`
	memoryMap string
}

// rawSizes are the bytes of the parameters uncompressed.
type rawSizes struct {
	Weights int `json:"weights"`
	Biases  int `json:"biases"`
	Scales  int `json:"scales"`
}

type layerInfo struct {
	Name   string `json:"name"`
	Op     string `json:"op"`
	Kernel string `json:"kernel"`
	MACs   int    `json:"macs"`
	Params int    `json:"parameters"`
	Output string `json:"output"`
	Packed int    `json:"packed_bytes"`
}

// layerType is the type of a node's result: its output, or the variable that it sets.
func layerType(n *graph.Node) tensor.Type {
	if len(n.Out) == 0 {
		return n.In[0].Type
	}
	return n.Out[0].Type
}

func inspect(m *model, p *rt.Program, threads int) (*inspection, error) {
	in := &inspection{File: m.path, SizeBytes: m.sizeBytes, Labels: len(m.Labels), Task: m.task(), Meta: m.Meta,
		FrontEnd: m.FrontEnd, Kernels: p.Kernels().Name,
		Threads: threads, Memory: p.Memory(threads), PeakBytes: p.Plan().PeakBytes, memoryMap: p.Plan().Map()}
	in.Inputs, in.Outputs = typeNames(m.Graph.Inputs), typeNames(m.Graph.Outputs)
	for _, l := range p.Layers() {
		li := layerInfo{Name: l.Node.Name, Op: l.Node.Op.Name, Kernel: l.Info.Kernel, MACs: l.MACs, Output: layerType(l.Node).String(), Packed: l.Info.PackedBytes}
		if l.View {
			li.Kernel = "view"
		}
		for _, v := range l.Node.In {
			if v != nil && v.Const != nil {
				li.Params += v.Shape.Elements()
			}
		}
		in.Layers = append(in.Layers, li)
	}
	in.Islands = islandTexts(m.Model)
	in.Raw.Weights, in.Raw.Biases, in.Raw.Scales = weightBytes(m.Graph)
	in.Decoded = in.Raw.Weights + in.Raw.Biases + in.Raw.Scales
	in.Total = int(in.SizeBytes) + in.Decoded + in.Memory.Packed + in.Memory.Arena + in.Memory.State + in.Memory.Scratch
	if !m.imported {
		b, err := os.ReadFile(m.path)
		if err != nil {
			return nil, err
		}
		if in.Sections, err = loader.Sizes(b); err != nil {
			return nil, m.fail(err)
		}
	}
	return in, nil
}

func typeNames(vs []*graph.Value) []string {
	var out []string
	for _, v := range vs {
		s := fmt.Sprintf("%s: %v", v.Name, v.Type)
		for i, sym := range v.Sym {
			if sym != "" {
				s += fmt.Sprintf(", dimension %d is %s up to %d", i, sym, v.Shape.Dim[i])
			}
		}
		out = append(out, s)
	}
	return out
}

func (in *inspection) print(w io.Writer) error {
	fmt.Fprintf(w, "%s: %d bytes\n", in.File, in.SizeBytes)
	for _, s := range in.Inputs {
		fmt.Fprintln(w, "  input ", s)
	}
	for _, s := range in.Outputs {
		fmt.Fprintln(w, "  output", s)
	}
	if in.FrontEnd != nil {
		short := *in.FrontEnd
		if n := len(short.Vocabulary); n > 0 {
			short.Vocabulary = []string{fmt.Sprintf("%d tokens", n)}
		}
		spec, err := json.Marshal(short)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "  front end %s\n", spec)
	}
	fmt.Fprintln(w, "  task  ", taskText(in.Task))
	if how := in.Meta["tuned"]; how != "" {
		fmt.Fprintln(w, "  tuned ", how)
	}
	fmt.Fprintln(w, "\nLayers")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  #\toperator\tkernel\tmultiply-adds\tparameters\tpacked bytes\toutput\tname")
	for i, l := range in.Layers {
		fmt.Fprintf(t, "  %d\t%s\t%s\t%d\t%d\t%d\t%s\t%s\n", i, l.Op, l.Kernel, l.MACs, l.Params, l.Packed, l.Output, l.Name)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	printIslands(w, in.Islands)
	on := in.Kernels + " kernels"
	if in.Target != "" {
		on = fmt.Sprintf("%s (%s)", in.Target, on)
	}
	fmt.Fprintf(w, "\nMemory to run on %s with %d thread(s), in bytes; nothing is allocated after the start\n", on, in.Threads)
	fmt.Fprintf(w, "  arena %d (the most that lives at once is %d, factor %.3f)\n  scratch %d\n  packed weights and tables %d\n  constants %d\n",
		in.Memory.Arena, in.PeakBytes, float64(in.Memory.Arena)/float64(max(1, in.PeakBytes)), in.Memory.Scratch, in.Memory.Packed, in.Memory.Consts)
	if in.Memory.State > 0 {
		fmt.Fprintf(w, "  state %d (variables, which live from one run to the next)\n", in.Memory.State)
	}
	fmt.Fprintf(w, "  total %d = file %d + its constants decoded %d + packed weights and tables + arena + state + scratch\n", in.Total, in.SizeBytes, in.Decoded)
	fmt.Fprintln(w, "  (program and Go runtime come on top; the file's bytes are let go after loading)")
	fmt.Fprintf(w, "\nMemory map: offset, bytes, steps\n%s", in.memoryMap)
	raw := in.Raw.Weights + in.Raw.Biases + in.Raw.Scales
	fmt.Fprintf(w, "\nParameters uncompressed: %d bytes (weights %d, biases %d, scales %d)\n", raw, in.Raw.Weights, in.Raw.Biases, in.Raw.Scales)
	if len(in.Sections) == 0 {
		return nil
	}
	fmt.Fprintln(w, "In the file, in bytes")
	network, other := 0, 0
	for _, s := range in.Sections {
		fmt.Fprintf(w, "  %-12s %8d stored, %8d decoded\n", s.Name, s.Stored, s.Decoded)
		if s.Network {
			network += s.Stored
		} else {
			other += s.Stored
		}
	}
	frame := int(in.SizeBytes) - network - other
	_, err := fmt.Fprintf(w, "  graph, weights, biases and scales %d (%.1f %% of them raw); other metadata %d; header, table and alignment %d\n",
		network, float64(100*network)/float64(max(1, raw)), other, frame)
	return err
}
