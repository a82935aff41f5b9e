package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/sys/cpu"

	"edgerun/kernels"
)

// infoCommand prints what the machine has and which kernels are chosen.
func infoCommand() *cobra.Command {
	var asJSON bool
	var chosen string
	c := &cobra.Command{
		Use:   "info",
		Short: "Show CPU features and the kernels chosen for them",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			set, err := kernels.Lookup(chosen)
			if err != nil {
				return usageError{err}
			}
			in := machineInfo(set.Name)
			if asJSON {
				return writeJSON(c.OutOrStdout(), in)
			}
			return in.print(c.OutOrStdout())
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().StringVar(&chosen, "kernels", "auto", "kernel set to mark as chosen")
	return c
}

type info struct {
	Version  string    `json:"version"`
	Go       string    `json:"go"`
	Platform string    `json:"platform"`
	CPUs     int       `json:"cpus"`
	Features []feature `json:"features"`
	Sets     []setInfo `json:"kernel_sets"`
}

type feature struct {
	Name    string `json:"name"`
	Present bool   `json:"present"`
}

type setInfo struct {
	Name    string `json:"name"`
	Needs   string `json:"needs"`
	GemmS8  string `json:"gemm_int8"`
	GemmF32 string `json:"gemm_float32"`
	Chosen  bool   `json:"chosen"`
}

func machineInfo(chosen string) info {
	in := info{Version: "devel", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.NumCPU()}
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" {
		in.Version = b.Main.Version
	}
	switch runtime.GOARCH {
	case "amd64":
		in.Features = []feature{{"avx2", cpu.X86.HasAVX2}, {"fma", cpu.X86.HasFMA}, {"bmi2", cpu.X86.HasBMI2}, {"avx512f", cpu.X86.HasAVX512F},
			{"avx512bw", cpu.X86.HasAVX512BW}, {"avx512vl", cpu.X86.HasAVX512VL}, {"avx512vbmi", cpu.X86.HasAVX512VBMI}, {"avx512vnni", cpu.X86.HasAVX512VNNI}}
	case "arm64":
		in.Features = []feature{{"asimd", cpu.ARM64.HasASIMD}, {"asimddp (SDOT)", cpu.ARM64.HasASIMDDP},
			{"i8mm (SMMLA)", cpu.ARM64.HasI8MM}, {"sve", cpu.ARM64.HasSVE}}
	}
	for _, s := range kernels.All() {
		in.Sets = append(in.Sets, setInfo{Name: s.Name, Needs: s.Feature, Chosen: s.Name == chosen,
			GemmS8:  fmt.Sprintf("%s %dx%dc%d", s.GemmS8.Name, s.GemmS8.MR, s.GemmS8.NR, s.GemmS8.KR),
			GemmF32: fmt.Sprintf("%s %dx%d", s.GemmF32.Name, s.GemmF32.MR, s.GemmF32.NR)})
	}
	return in
}

func (in *info) print(w io.Writer) error {
	fmt.Fprintf(w, "edgerun %s, %s, %s, %d CPUs\n\nCPU features\n", in.Version, in.Go, in.Platform, in.CPUs)
	for _, f := range in.Features {
		mark := "no"
		if f.Present {
			mark = "yes"
		}
		fmt.Fprintf(w, "  %-16s %s\n", f.Name, mark)
	}
	if len(in.Features) == 0 {
		fmt.Fprintln(w, "  none that edgerun has kernels for")
	}
	fmt.Fprintln(w, "\nKernel sets, slowest first; all give the same bytes, the last one is the fastest that this CPU has what it needs for")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  set\tneeds\tint8 product\tfloat32 product\t")
	for _, s := range in.Sets {
		mark := ""
		if s.Chosen {
			mark = "chosen"
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\n", s.Name, s.Needs, s.GemmS8, s.GemmF32, mark)
	}
	return t.Flush()
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// writeJSONLine writes v on one line.
func writeJSONLine(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) }
