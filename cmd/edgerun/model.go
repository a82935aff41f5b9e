package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"edgerun/loader"
	"edgerun/quant"
	"edgerun/quant/calib"
	"edgerun/quant/onnx"
	"edgerun/quant/pass"
	"edgerun/quant/tflite"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/tensor"
)

// model is an opened network: an .edge file, or one imported on the spot.
type model struct {
	*loader.Model
	path      string
	sizeBytes int64
	imported  bool
}

// openModel reads an .edge, .onnx or .tflite file. An imported network has no front end of its own.
func openModel(path string, dims ...string) (*model, error) {
	st, err := statModel(path)
	if err != nil {
		return nil, err
	}
	m := &model{path: path, sizeBytes: st.Size()}
	if isForeign(path) {
		g, err := importModel(path, dims)
		if err != nil {
			return nil, err
		}
		if !hasCodes(g) {
			if g, err = quant.Prepare(g); err != nil {
				return nil, m.fail(err)
			}
		}
		m.Model, m.imported = &loader.Model{Graph: g}, true
		return m, nil
	}
	if m.Model, err = loader.ReadFile(path, loader.Options{}); err != nil {
		return nil, err
	}
	return m, nil
}

func statModel(path string) (os.FileInfo, error) {
	st, err := os.Stat(path)
	if err == nil && st.IsDir() {
		err = fmt.Errorf("%s: is a directory, want a model file", path)
	}
	return st, err
}

// isForeign reports whether a file is to be imported.
func isForeign(path string) bool {
	ext := strings.ToLower(filepath.Ext(path))
	return ext == ".onnx" || ext == ".tflite"
}

// importModel reads an ONNX or TFLite file; dims are NAME=SIZE bounds of symbolic dimensions.
func importModel(path string, dims []string) (*graph.Graph, error) {
	if _, err := statModel(path); err != nil {
		return nil, err
	}
	bounds := map[string]int{}
	for _, d := range dims {
		name, size, ok := strings.Cut(d, "=")
		n, err := strconv.Atoi(size)
		if !ok || err != nil || n < 1 || n > tensor.MaxDim {
			return nil, usagef("--dim %q, want NAME=SIZE with a size of 1 to %d", d, tensor.MaxDim)
		}
		if bounds[name] != 0 {
			return nil, usagef("--dim %s is given twice", name)
		}
		bounds[name] = n
	}
	if strings.EqualFold(filepath.Ext(path), ".tflite") {
		return tflite.Import(path, tflite.Options{Dims: bounds})
	}
	return onnx.Import(path, onnx.Options{Dims: bounds})
}

// fail puts the file's name before an error.
// Errors of how the command was called have nothing to do with the file.
func (m *model) fail(err error) error {
	if errors.As(err, new(usageError)) {
		return err
	}
	return fmt.Errorf("%s: %w", m.path, err)
}

// compile makes a program and its pool for the engine's flags.
func (e *engine) compile(g *graph.Graph) (*rt.Program, *rt.Pool, error) {
	set, err := e.set()
	if err != nil {
		return nil, nil, err
	}
	prog, err := rt.Compile(g, rt.Options{Kernels: set})
	if err != nil {
		return nil, nil, err
	}
	return prog, rt.NewPool(e.threads), nil
}

// weightBytes is what a graph's parameters take uncompressed: weights, biases, and one float32 scale each.
func weightBytes(g *graph.Graph) (weights, biases, scales int) {
	seen := map[*graph.Value]bool{}
	for _, n := range g.Nodes {
		for i, v := range n.In {
			if v == nil || v.Const == nil || seen[v] {
				continue
			}
			seen[v] = true
			if q := n.Op.Quant; q.Bias > 0 && i == q.Bias {
				biases += v.SizeBytes()
				continue
			}
			weights += v.SizeBytes()
			scales += 4 * len(v.Quant.Scale)
		}
	}
	return weights, biases, scales
}

// hasCodes reports whether anything is computed in codes.
func hasCodes(g *graph.Graph) bool {
	for _, n := range g.Nodes {
		for _, v := range n.Out {
			if v.Quant.Quantized() {
				return true
			}
		}
	}
	return false
}

// checkDims refuses bounds for model files that have theirs already.
func checkDims(dims []string, paths ...string) error {
	if len(dims) > 0 && !slices.ContainsFunc(paths, isForeign) {
		return usagef("--dim %s: is for .onnx and .tflite files, %s has its sizes", dims[0], strings.Join(paths, ", "))
	}
	return nil
}

// dimHint names the flags for symbolic dimensions of a network's inputs that are bound to 1, batches left aside; "" where there
// are none.
func dimHint(g *graph.Graph) string {
	var flags []string
	for _, v := range g.Inputs {
		for i, name := range v.Sym {
			if name == "" || v.Shape.Dim[i] != 1 || calib.IsBatch(name, i) {
				continue
			}
			if flag := "--dim " + name + "=SIZE"; !slices.Contains(flags, flag) {
				flags = append(flags, flag)
			}
		}
	}
	if flags == nil {
		return ""
	}
	return ": give " + strings.Join(flags, " ")
}

// hintDims adds to the error of a network that cannot run step by step which dimensions have no bound.
func hintDims(err error, g *graph.Graph) error {
	if errors.Is(err, pass.ErrNoSteps) {
		return fmt.Errorf("%w%s", err, dimHint(g))
	}
	return err
}

// dimFlag adds the bounds of symbolic dimensions to a command that imports.
func dimFlag(c *cobra.Command, dims *[]string) {
	c.Flags().StringArrayVar(dims, "dim", nil, "bound of a symbolic dimension of an imported network, as NAME=SIZE (default 1)")
}
