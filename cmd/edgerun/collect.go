package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"edgerun/loader"
)

// collectOptions are the flags of collect.
type collectOptions struct {
	label, model, unsure, expect string
	below, window, hop           float64
	move, list, json             bool

	engine engine
	pre    preprocessing
}

// collectCommand builds a folder of labelled samples.
func collectCommand() *cobra.Command {
	o := &collectOptions{}
	c := &cobra.Command{
		Use:   "collect DATA --label NAME FILE|FOLDER|-...",
		Short: "Collect samples into a folder with a sub-folder for each class, to learn from",
		Long: `Collect samples into a folder with a sub-folder for each class, as finetune, quantize
and eval take it.

Files go to DATA/NAME/ under numbers of their own; nothing is overwritten, what the class
has already is left out, and at any instant a file is there as a whole or not at all.
"-" reads one .wav, .png, .jpg, .bmp or .npy file from standard input. --window cuts sounds into
pieces of so many seconds. DATA/labels.txt lists the classes.

--model tries whether the front end of a model takes each sample. With --from-model only
those are collected that it answers with less than --below probability, or, with
--expect NAME, otherwise than NAME: what it can learn most from. --label may be left out
then: a sample of --expect is of that class.

--list shows how many samples each class has.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return o.run(c, args[0], args[1:]) },
	}
	o.pre.flags(c)
	f := c.Flags()
	f.StringVar(&o.label, "label", "", "class of the samples")
	f.StringVar(&o.model, "model", "", "model whose front end must take each sample")
	f.StringVar(&o.unsure, "from-model", "", "model that chooses: what it is unsure of, or gets wrong")
	f.Float64Var(&o.below, "below", 0.7, "largest probability of an answer that is unsure")
	f.StringVar(&o.expect, "expect", "", "true class of the samples; collect what the model answers otherwise")
	f.Float64Var(&o.window, "window", 0, "cut sounds into pieces of so many seconds; what is left over at the end is not used")
	f.Float64Var(&o.hop, "hop", 0, "seconds from one piece to the next (default: a piece's length)")
	f.BoolVar(&o.move, "move", false, "remove the files that were collected from where they were")
	f.BoolVar(&o.list, "list", false, "show how many samples each class has")
	f.BoolVar(&o.json, "json", false, "print JSON")
	return c
}

// collected says what became of the samples.
type collected struct {
	Data    string         `json:"data"`
	Label   string         `json:"label,omitempty"`
	Added   []string       `json:"added,omitempty"`
	Known   int            `json:"known"`             // were there already
	Sure    int            `json:"sure,omitempty"`    // that the model answers well
	Classes map[string]int `json:"classes,omitempty"` // of --list
}

func (o *collectOptions) run(c *cobra.Command, data string, sources []string) error {
	set := c.Flags().Changed
	if o.list {
		if len(sources) > 0 || o.label != "" {
			return usagef("collect: --list takes no samples and no label")
		}
		return o.show(c.OutOrStdout(), data)
	}
	if o.label == "" {
		o.label = o.expect
	}
	switch {
	case o.label == "":
		return usagef("collect: no class: give --label NAME")
	case o.label != filepath.Base(o.label) || strings.HasPrefix(o.label, ".") || strings.ContainsAny(o.label, "/\\\n\r\x00"):
		return usagef("--label %q is no name of a folder", o.label)
	case len(sources) == 0:
		return usagef("collect: no samples behind %s", data)
	case (set("below") || set("expect")) && o.unsure == "":
		return usagef("collect: --below and --expect go with --from-model")
	case set("below") && set("expect"):
		return usagef("collect: --below and --expect: want one of them")
	case o.unsure != "" && o.model != "":
		return usagef("collect: --from-model and --model: want one of them")
	case !(o.below > 0 && o.below <= 1):
		return usagef("--below %g outside (0,1]", o.below)
	case !(o.window >= 0 && o.window <= 3600) || !(o.hop >= 0 && o.hop <= 3600):
		return usagef("--window %g and --hop %g: want at most an hour", o.window, o.hop)
	case o.hop > 0 && o.window == 0:
		return usagef("--hop goes with --window")
	case o.move && (o.window > 0 || slices.Contains(sources, "-")):
		return usagef("--move: neither pieces of sounds nor standard input can be moved")
	}
	g := &gathering{collectOptions: o, folder: filepath.Join(data, o.label), result: &collected{Data: data, Label: o.label}}
	if err := g.openModel(); err != nil {
		return err
	}
	if g.run != nil {
		defer g.run.pool.Close()
	}
	if err := g.know(); err != nil {
		return err
	}
	for _, s := range sources {
		if err := g.source(c.Context(), c.InOrStdin(), s); err != nil {
			return errors.Join(err, g.end(data))
		}
	}
	if err := g.end(data); err != nil {
		return err
	}
	r := g.result
	if o.json {
		return writeJSON(c.OutOrStdout(), r)
	}
	text := fmt.Sprintf("%s: %d new, %d there already", g.folder, len(r.Added), r.Known)
	if o.unsure != "" {
		text += fmt.Sprintf(", %d that the model knows", r.Sure)
	}
	_, err := fmt.Fprintln(c.OutOrStdout(), text)
	return err
}

// sampleKinds are the extensions of files that hold samples.
var sampleKinds = []string{".wav", ".png", ".jpg", ".jpeg", ".bmp", ".npy"}

// standardMost bounds what is read from standard input.
const standardMost = 256 << 20

// end writes the list of classes where it has changed.
func (g *gathering) end(data string) error {
	if len(g.result.Added) == 0 {
		return nil
	}
	path := filepath.Join(data, "labels.txt")
	names, err := readLines(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if slices.Contains(names, g.label) {
		return nil
	}
	names = append(names, g.label) // behind the others, whose numbers stay
	return loader.WriteAtomic(path, func(w io.Writer) error {
		_, err := io.WriteString(w, strings.Join(names, "\n")+"\n")
		return err
	})
}

// show prints how many samples each class has.
func (o *collectOptions) show(w io.Writer, data string) error {
	entries, err := os.ReadDir(data)
	if err != nil {
		return err
	}
	r := &collected{Data: data, Classes: map[string]int{}}
	var names []string
	for _, e := range entries {
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		names = append(names, e.Name())
		files, err := os.ReadDir(filepath.Join(data, e.Name()))
		if err != nil {
			return err
		}
		r.Classes[e.Name()] = 0
		for _, f := range files {
			if !strings.HasPrefix(f.Name(), ".") && slices.Contains(sampleKinds, strings.ToLower(filepath.Ext(f.Name()))) {
				r.Classes[e.Name()]++
			}
		}
	}
	if o.json {
		return writeJSON(w, r)
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "class\tfiles")
	total := 0
	for _, n := range names {
		total += r.Classes[n]
		fmt.Fprintf(t, "%s\t%d\n", n, r.Classes[n])
	}
	fmt.Fprintf(t, "all\t%d\n", total)
	return t.Flush()
}
