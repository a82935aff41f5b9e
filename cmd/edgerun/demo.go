//go:build !nodemo

package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"edgerun/loader"
	"edgerun/quant/calib"
	"edgerun/testdata"
)

// demoCommand shows the main job on two built-in networks. A build with the tag nodemo leaves it and its 7 MB out.
func demoCommand() *cobra.Command {
	var e engine
	var keep string
	c := &cobra.Command{
		Use:   "demo",
		Short: "Quantize two built-in networks and compare int8 with float32",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			dir := keep
			if dir == "" {
				var err error
				if dir, err = os.MkdirTemp("", "edgerun-demo-"); err != nil {
					return err
				}
				defer os.RemoveAll(dir)
			}
			if err := extract(testdata.Digits, "digits", dir); err != nil {
				return err
			}
			return demo(c, &e, dir)
		},
	}
	e.flags(c)
	c.Flags().StringVar(&keep, "keep", "", "folder to leave networks, data and .edge files in")
	return c
}

// extract writes the files of an embedded folder into dir.
func extract(from fs.FS, folder, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := fs.ReadDir(from, folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		b, err := fs.ReadFile(from, folder+"/"+entry.Name())
		if err != nil {
			return err
		}
		err = loader.WriteAtomic(filepath.Join(dir, entry.Name()), func(w io.Writer) error {
			_, err := w.Write(b)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// demoNets are the built-in networks; both read 28x28 digits, normalised as PyTorch's MNIST example does it.
var demoNets = []struct{ file, what string }{
	{"mlp", "multilayer perceptron 784-128-10"},
	{"cnn", "convolutional net, 2 convolutions and 2 fully connected layers"},
}

// demoSize is how much the demo does; portable float32 kernels take some 50 ms a picture.
type demoSize struct{ calibration, test, runs int }

var (
	demoFull     = demoSize{calibration: 256, test: 2000, runs: 300}
	demoPortable = demoSize{calibration: 64, test: 200, runs: 30}
)

const digitMean, digitStd = "0.1307", "0.3081"

func demo(c *cobra.Command, e *engine, dir string) error {
	w := c.OutOrStdout()
	set, err := e.set()
	if err != nil {
		return err
	}
	path := func(name string) string { return filepath.Join(dir, name) }
	labels, err := readLines(path("labels.txt"))
	if err != nil {
		return err
	}
	classes, err := calib.Labels(path("test_y.npy"), labels)
	if err != nil {
		return err
	}
	size := demoFull
	if set.Name == "generic" {
		size = demoPortable
	}
	fmt.Fprintf(w, "Two networks trained in PyTorch read %d digits drawn in fonts that they have never seen.\n", size.test)
	fmt.Fprintf(w, "Kernels: %s, %d thread(s). Quantized with %d pictures of the training set.\n", set.Name, e.threads, size.calibration)
	for _, net := range demoNets {
		q := quantizeOptions{axis: -1, pre: preprocessing{scale: "1/255", mean: digitMean, std: digitStd, resize: "squash"}, name: net.file, labels: labels,
			samples: size.calibration, engine: *e}
		g, err := importModel(path(net.file+".onnx"), nil)
		if err != nil {
			return err
		}
		ds, err := calib.Open(path("calib_x.npy"))
		if err != nil {
			return err
		}
		m, _, err := q.quantize(c.Context(), g, ds)
		if err != nil {
			return err
		}
		if err := loader.WriteFileContext(c.Context(), path(net.file+".edge"), m, loader.EncodeOptions{}); err != nil {
			return err
		}
		float, err := openModel(path(net.file + ".onnx"))
		if err != nil {
			return err
		}
		int8, err := openModel(path(net.file + ".edge"))
		if err != nil {
			return err
		}
		models := []*model{float, int8}
		shareFrontEnd(models)
		fmt.Fprintf(w, "\n%s: %s\n", net.file, net.what)
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(t, "\taccuracy\tagreement\tfile bytes\tarena bytes\tpacked bytes\tlatency p50\tp99\t")
		var results []*evaluation
		for i, m := range models {
			r, err := e.evaluate(c, m, &q.pre, path("test_x.npy"), &truth{classes: classes}, size.test, false)
			if err != nil {
				return err
			}
			results = append(results, r)
			prog, pool, err := e.compile(m.Graph)
			if err != nil {
				return err
			}
			b, err := measure(c.Context(), prog, pool, size.runs, size.runs/10, nil)
			pool.Close()
			if err != nil {
				return err
			}
			mem := prog.Memory(1)
			fmt.Fprintf(t, "%s\t%.2f %%\t%.2f %%\t%d\t%d\t%d\t%s\t%s\t\n", []string{"float32 .onnx", "int8 .edge"}[i], 100*r.Accuracy,
				100*r.agreement(results[0]), m.sizeBytes, mem.Arena, mem.Packed, duration(b.P50), duration(b.P99))
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	fmt.Fprintln(w, "\nNext: edgerun demo --keep digits, then edgerun run digits/cnn.edge PICTURE, edgerun bench digits/cnn.edge")
	return nil
}
