package main

import (
	"bufio"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"edgerun/loader"
	"edgerun/rt"
	"edgerun/rt/task"
)

// convertCommand turns a network into an .edge file as it is.
func convertCommand() *cobra.Command {
	var pre preprocessing
	var tasks taskFlags
	var dims []string
	var form stepForm
	var out, labels string
	c := &cobra.Command{
		Use:   "convert MODEL",
		Short: "Turn an int8 .tflite file, or a float network, into an .edge file without changing its numbers",
		Long: `Turn a network, a .tflite or .onnx file, into an .edge file without changing its numbers: a
quantized .tflite file needs no calibration, and its codes come out the same; a float
network stays float ('edgerun quantize' makes it int8).

The flags describe a front end, labels and a task, which travel in the file.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			path := args[0]
			if !isForeign(path) {
				return usagef("convert: %s: want a .tflite or .onnx file", path)
			}
			if tasks.kind == task.KindAnomaly && !tasks.changed("threshold") {
				return usagef("convert: --task anomaly: no data to find a threshold on: give --threshold")
			}
			if err := form.check(tasks.kind); err != nil {
				return err
			}
			if out == "" {
				out = strings.TrimSuffix(path, filepath.Ext(path)) + ".edge"
			}
			if err := keepInputs([]string{out}, path, labels); err != nil {
				return err
			}
			m, err := openModel(path, dims...)
			if err != nil {
				return err
			}
			m.Graph.Name = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
			if labels != "" {
				if m.Labels, err = readLines(labels); err != nil {
					return err
				}
			}
			y := m.Graph.Outputs[0].Shape
			if len(m.Labels) > 0 && (y.Rank == 0 || len(m.Labels) != y.Dim[y.Rank-1]) {
				return fmt.Errorf("%s: %d labels for an output of %v", labels, len(m.Labels), y)
			}
			if pre.given() != "" {
				if m.FrontEnd, err = pre.spec(m.Graph.Inputs[0], true, true); err != nil {
					return m.fail(err)
				}
			}
			tasks.labels = m.Labels
			if m.Model.Task, err = tasks.spec(m.Graph); err != nil {
				return m.fail(err)
			}
			if err := form.apply(m.Model); err != nil {
				return m.fail(err)
			}
			steps, err := stepGraph(m.Graph, m.Model.Task)
			if err != nil {
				return m.fail(hintDims(err, m.Graph))
			}
			m.Graph = steps
			prog, err := rt.Compile(m.Graph, rt.Options{}) // what does not run here would not run on a board
			if err != nil {
				return m.fail(err)
			}
			if err := loader.WriteFileContext(c.Context(), out, m.Model, loader.EncodeOptions{}); err != nil {
				return err
			}
			after, err := statModel(out)
			if err != nil {
				return err
			}
			mem := prog.Memory(1)
			w := bufio.NewWriter(c.OutOrStdout())
			fmt.Fprintf(w, "%s: %d layers, %d bytes (%s has %d); to run: arena %d, packed weights %d bytes\n  task: %s\n", out,
				len(m.Graph.Nodes), after.Size(), path, m.sizeBytes, mem.Arena, mem.Packed, taskText(m.Model.Task))
			form.print(w)
			return w.Flush()
		},
	}
	pre.flags(c)
	tasks.flags(c)
	dimFlag(c, &dims)
	form.flag(c)
	c.Flags().StringVarP(&out, "output", "o", "", "file to write (default: MODEL.edge)")
	c.Flags().StringVar(&labels, "labels", "", "text file with one label a line, of the classes or outputs, to travel in the model file")
	return c
}
