package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"edgerun/kernels"
	"edgerun/loader"
	"edgerun/quant"
	"edgerun/quant/calib"
	"edgerun/quant/onnx"
	"edgerun/rt/frontend"
	"edgerun/rt/generate"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/task"
)

const dates = "../../testdata/dates/"

// writtenDates quantizes the network that writes dates; both forms are as the command opens them.
func writtenDates(t *testing.T) (float, int8 *model) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "dates.edge")
	texts, err := os.ReadFile(dates + "test.txt")
	if err != nil {
		t.Fatal(err)
	}
	few := filepath.Join(t.TempDir(), "few.txt")
	if err := os.WriteFile(few, []byte(strings.Join(strings.SplitAfter(string(texts), "\n")[:12], "")), 0o666); err != nil {
		t.Fatal(err)
	}
	c := quantizeCommand()
	c.SetOut(&bytes.Buffer{})
	c.SetArgs([]string{dates + "seq2seq.onnx", "-o", file, "--calib", few, "--dim", "src_seq=32", "--dim", "tgt_seq=16", "--task", "sequence",
		"--start-token", "[START]", "--end-token", "[END]", "--labels", dates + "letters.txt", "--vocab", dates + "letters.txt",
		"--frontend", dates + "tokens.json"})
	if err := c.ExecuteContext(context.Background()); err != nil {
		t.Fatal(err)
	}
	if int8, err = openModel(file); err != nil {
		t.Fatal(err)
	}
	if float, err = openModel(dates+"seq2seq.onnx", "src_seq=32", "tgt_seq=16"); err != nil {
		t.Fatal(err)
	}
	shareFrontEnd([]*model{int8, float})
	return float, int8
}

// compareWritten compares networks that write on the first texts of a data set.
func compareWritten(t *testing.T, float, int8 *model, ds calib.Dataset, texts int) *compared {
	t.Helper()
	if write, err := bothWrite(float, int8); err != nil || !write {
		t.Fatalf("both write: %v, %v", write, err)
	}
	c, err := newComparison(float.Graph, int8.Graph, kernels.Best(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.write(context.Background(), float, int8, ds, texts); err != nil {
		t.Fatal(err)
	}
	r := c.result(0)
	if r.Samples != texts {
		t.Errorf("%d samples, want %d", r.Samples, texts)
	}
	return r
}

// TestCompareWritten spoils a layer of the encoder, which runs once for a sequence, and one of the decoder, which runs for each
// token: it alone is bad by itself, though what comes behind it and all later positions see what it did.
func TestCompareWritten(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: quantizes a network")
	}
	float, int8 := writtenDates(t)
	ds := openData(t, dates+"test.txt")
	const texts = 6
	good := compareWritten(t, float, int8, ds, texts)
	if good.Agreement.Tokens != 1 || good.Agreement.Sequences != 1 || good.Agreement.tokens != 11*texts {
		t.Errorf("agreement %+v", *good.Agreement)
	}
	attention := false
	for _, l := range good.Layers {
		attention = attention || l.Op == op.AttentionStep.Name
		if l.Alone != nil && *l.Alone < 33 || *l.Network < 22 || l.Cosine < 0.995 {
			t.Errorf("%s (%s): alone %.1f dB, network %.1f dB, cosine %g", l.Name, l.Op, *l.Alone, *l.Network, l.Cosine)
		}
	}
	if !attention {
		t.Error("no step of attention among the layers")
	}
	g := int8.Graph
	layers := func(nodes []*graph.Node) (all []*graph.Node) {
		for _, n := range nodes {
			if n.Op == op.FullyConnected {
				all = append(all, n)
			}
		}
		return all
	}
	encoder, decoder := layers(g.Nodes[:g.Once]), layers(g.Nodes[g.Once:])
	for _, n := range []*graph.Node{encoder[0], decoder[0], decoder[len(decoder)-1]} {
		w := n.In[1].Const.Data.I8()
		kept := slices.Clone(w)
		for i := range w[:len(w)/2] { // of the same size, for what comes behind
			w[i] = -w[i]
		}
		r := compareWritten(t, float, int8, ds, texts)
		same := sameWritten(t, float, int8, ds, texts)
		copy(w, kept)
		name := n.Out[0].Name
		if l := r.Layers[0]; l.Name != name || *l.Alone > 12 {
			t.Errorf("%s spoiled: %s comes first with %.1f dB", name, l.Name, *l.Alone)
		}
		if l := r.Layers[1]; *l.Alone < 33 {
			t.Errorf("%s spoiled: %s is bad by itself, too: %.1f dB", name, l.Name, *l.Alone)
		}
		if r.Agreement.sameSequences != same {
			t.Errorf("%s spoiled: %d sequences agree, the networks write %d equal ones", name, r.Agreement.sameSequences, same)
		}
		if n == decoder[len(decoder)-1] && (r.Agreement.Tokens > 0.9 || same != 0) {
			t.Errorf("the last layer spoiled: agreement %+v", *r.Agreement)
		}
	}
}

// sameWritten counts the texts for which both networks, each by itself, write the same.
func sameWritten(t *testing.T, a, b *model, ds calib.Dataset, texts int) int {
	t.Helper()
	write := func(m *model) (written [][]int32) {
		feed, err := newTextFeeder(m.Graph, m.FrontEnd, m.task(), m.Labels)
		if err != nil {
			t.Fatal(err)
		}
		s := compile(t, m.Graph)
		w, err := generate.New(s, *m.task(), task.Sampling{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range texts {
			sample, err := ds.Sample(i)
			if err == nil {
				err = feed.fill(s, &sample)
			}
			var prompt, tokens []int32
			if err == nil && feed.text < 0 {
				prompt, err = feed.source.Append(nil, sample.Text, w.Places()-1)
			}
			if err == nil {
				tokens, err = w.Write(nil, prompt)
			}
			if err != nil {
				t.Fatal(err)
			}
			written = append(written, tokens)
		}
		return written
	}
	x, y := write(a), write(b)
	same := 0
	for i := range texts {
		if slices.Equal(x[i], y[i]) {
			same++
		}
	}
	return same
}

// TestCompareContinued compares networks without an encoder, which continue texts.
func TestCompareContinued(t *testing.T) {
	imported, err := onnx.Import("../../testdata/onnx/attention/encoder.onnx", onnx.Options{Dims: map[string]int{"seq": 12}})
	if err != nil {
		t.Fatal(err)
	}
	fe := &frontend.Spec{Kind: frontend.KindTokens, Text: frontend.Text{Tokenizer: frontend.Characters, Vocabulary: []string{"a", "b", "c"}}}
	spec := &task.Spec{Kind: task.KindSequence, StartToken: 1, EndToken: 2}
	texts := filepath.Join(t.TempDir(), "texts.txt")
	if err := os.WriteFile(texts, []byte("a\tab\nbcab\tbb\nccabcabcabc\tb\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	ds := openData(t, texts)
	feed, err := newTokensFeeder(imported, fe, ds, 0, spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := quant.Convert(imported, feed, quant.Options{})
	if err != nil {
		t.Fatal(err)
	}
	open := func(g *graph.Graph) *model {
		return &model{Model: &loader.Model{Graph: g, FrontEnd: fe, Task: spec}, path: g.Name}
	}
	float, int8 := open(r.Float), open(r.Int8)
	got := compareWritten(t, float, int8, ds, 3)
	for _, l := range got.Layers {
		if l.Alone != nil && *l.Alone < 25 {
			t.Errorf("%s (%s): alone %.1f dB", l.Name, l.Op, *l.Alone)
		}
	}
	if same := sameWritten(t, float, int8, ds, 3); got.Agreement.sameSequences != same || got.Agreement.sequences != 3 {
		t.Errorf("agreement %+v, the networks write %d equal sequences", *got.Agreement, same)
	}
	short, err := onnx.Import("../../testdata/onnx/attention/encoder.onnx", onnx.Options{Dims: map[string]int{"seq": 9}})
	if err == nil {
		short, err = quant.Prepare(short)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bothWrite(open(short), int8); err == nil || !strings.Contains(err.Error(), "places for 9 tokens") {
		t.Errorf("other bounds: %v", err)
	}
}
