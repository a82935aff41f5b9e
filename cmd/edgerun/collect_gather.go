package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"edgerun/quant/calib"
	"edgerun/rt/task"
)

// gathering collects samples of one class.
type gathering struct {
	*collectOptions
	folder string
	next   int                   // number of the next file
	hashes map[[32]byte]struct{} // of what the class has
	result *collected

	run     *runner // nil: no model is asked
	answers *answerer
	expects int // class, −1: none
}

func (g *gathering) openModel() error {
	path := g.model + g.unsure
	if path == "" {
		return nil
	}
	m, err := openModel(path)
	if err != nil {
		return err
	}
	if g.answers, err = newAnswerer(m, 1); err != nil {
		return err
	}
	g.expects = -1
	if g.unsure != "" {
		if m.task().Kind != task.KindClassify {
			return m.fail(errors.New("is no classifier, which --from-model wants"))
		}
		if g.expect != "" {
			if g.expects, err = classOf(g.expect, m.Labels, m.Graph.Outputs[0].Shape.Elements()); err != nil {
				return usagef("--expect: %w", err)
			}
		}
	}
	g.engine.kernels, g.engine.threads = "auto", 1
	g.run, err = g.engine.runner(m, &g.pre)
	return err
}

// know reads what the class has already.
func (g *gathering) know() error {
	g.hashes = map[[32]byte]struct{}{}
	entries, err := os.ReadDir(g.folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		h, err := fileHash(filepath.Join(g.folder, e.Name()))
		if err != nil {
			return err
		}
		g.hashes[h] = struct{}{}
		if n, err := strconv.Atoi(strings.TrimSuffix(e.Name(), filepath.Ext(e.Name()))); err == nil {
			g.next = max(g.next, n+1)
		}
	}
	return nil
}

func fileHash(path string) (h [32]byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return h, err
	}
	defer f.Close()
	s := sha256.New()
	if _, err := io.Copy(s, f); err != nil {
		return h, fmt.Errorf("%s: %w", path, err)
	}
	return [32]byte(s.Sum(nil)), nil
}

// source collects from a file, a folder, or standard input. It is where sensors join later.
func (g *gathering) source(ctx context.Context, stdin io.Reader, path string) error {
	if path == "-" {
		return g.standard(ctx, stdin)
	}
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !st.IsDir() {
		return g.file(ctx, path)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") || !slices.Contains(sampleKinds, strings.ToLower(filepath.Ext(e.Name()))) {
			continue
		}
		if err := g.file(ctx, filepath.Join(path, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// standard collects what comes from standard input, whose first bytes say what it is.
func (g *gathering) standard(ctx context.Context, r io.Reader) error {
	b, err := io.ReadAll(io.LimitReader(r, standardMost+1))
	if err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	ext := ""
	for _, k := range []struct{ magic, ext string }{{"RIFF", ".wav"}, {"\x89PNG", ".png"}, {"\xff\xd8", ".jpg"}, {"BM", ".bmp"}, {"\x93NUMPY", ".npy"}} {
		if bytes.HasPrefix(b, []byte(k.magic)) {
			ext = k.ext
		}
	}
	switch {
	case len(b) > standardMost:
		return fmt.Errorf("standard input: more than %d bytes", standardMost)
	case ext == "":
		return fmt.Errorf("standard input: starts with %q; wanted a .wav, .png, .jpg, .bmp or .npy file", b[:min(len(b), 8)])
	}
	dir, err := os.MkdirTemp("", "edgerun-collect-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "standard-input"+ext)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		return err
	}
	return g.file(ctx, path)
}

// file collects one file, or the pieces of a sound.
func (g *gathering) file(ctx context.Context, path string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ext := strings.ToLower(filepath.Ext(path))
	if !slices.Contains(sampleKinds, ext) {
		return fmt.Errorf("%s: wanted a file of one sample: %s", path, strings.Join(sampleKinds, " "))
	}
	ds, err := calib.Open(path)
	if err != nil {
		return err
	}
	if g.window > 0 {
		if ext != ".wav" {
			return fmt.Errorf("%s: --window is for sounds, .wav files", path)
		}
		s, err := ds.Sample(0)
		if err != nil {
			return err
		}
		return g.pieces(ctx, s)
	}
	for i := range ds.Len() { // all must be readable
		if _, err := ds.Sample(i); err != nil {
			return err
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := g.add(path, ds, ext, b); err != nil {
		return err
	}
	if g.move && !strings.HasPrefix(filepath.Clean(path), filepath.Clean(g.folder)+string(filepath.Separator)) && g.has(b) {
		return os.Remove(path)
	}
	return nil
}

// pieces collects windows of a sound.
func (g *gathering) pieces(ctx context.Context, s calib.Sample) error {
	channels := s.Shape[1]
	n := int(math.Round(g.window * float64(s.Rate)))
	hop := n
	if g.hop > 0 {
		hop = int(math.Round(g.hop * float64(s.Rate)))
	}
	if n < 1 || hop < 1 {
		return usagef("--window %g and --hop %g: less than one sample at %d Hz", g.window, g.hop, s.Rate)
	}
	if n > s.Shape[0] {
		return fmt.Errorf("%s: %g s, shorter than --window %g", s.Name, float64(s.Shape[0])/float64(s.Rate), g.window)
	}
	for at := 0; at+n <= s.Shape[0]; at += hop {
		if err := ctx.Err(); err != nil {
			return err
		}
		p := s
		p.Shape, p.Numbers = []int{n, channels}, s.Numbers[at*channels:(at+n)*channels]
		if err := g.add(fmt.Sprintf("%s at %g s", s.Name, float64(at)/float64(s.Rate)), sampled{p}, ".wav", encodeWAV(p.Numbers, channels, s.Rate)); err != nil {
			return err
		}
	}
	return nil
}

// encodeWAV writes a sound in 16 bits.
func encodeWAV(x []float32, channels, rate int) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32([]byte("RIFF"), uint32(36+2*len(x)))
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00"...)
	b = le.AppendUint16(b, uint16(channels))
	b = le.AppendUint32(le.AppendUint32(b, uint32(rate)), uint32(2*channels*rate))
	b = le.AppendUint16(le.AppendUint16(b, uint16(2*channels)), 16)
	b = le.AppendUint32(append(b, "data"...), uint32(2*len(x)))
	for _, v := range x {
		b = le.AppendUint16(b, uint16(int16(min(max(math.RoundToEven(float64(v)*(1<<15)), math.MinInt16), math.MaxInt16))))
	}
	return b
}

func (g *gathering) has(b []byte) bool {
	_, known := g.hashes[sha256.Sum256(b)]
	return known
}

// add puts a file of the class where it belongs, unless it is there or the model knows it.
func (g *gathering) add(name string, ds calib.Dataset, ext string, b []byte) error {
	if g.has(b) {
		g.result.Known++
		return nil
	}
	if g.run != nil {
		unsure, err := g.ask(name, ds)
		if err != nil {
			return err
		}
		if g.unsure != "" && !unsure {
			g.result.Sure++
			return nil
		}
	}
	if err := os.MkdirAll(g.folder, 0o777); err != nil {
		return err
	}
	for {
		path := filepath.Join(g.folder, fmt.Sprintf("%06d%s", g.next, ext))
		g.next++
		err := writeNew(path, b)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		g.hashes[sha256.Sum256(b)] = struct{}{}
		g.result.Added = append(g.result.Added, path)
		return nil
	}
}

// writeNew makes a whole file at once; fs.ErrExist where there is one already.
func writeNew(path string, b []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".edgerun-*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		f.Close()
		os.Remove(f.Name())
	}()
	if _, err := f.Write(b); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	err = os.Link(f.Name(), path) // which, unlike a rename, overwrites nothing
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	// File systems of memory cards know no links.
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist
	}
	return os.Rename(f.Name(), path)
}

// ask runs the model on a sample of a file, and reports whether one of them is worth learning from.
func (g *gathering) ask(name string, ds calib.Dataset) (unsure bool, err error) {
	m := g.run.model
	spec := m.FrontEnd
	if spec == nil {
		first, err := ds.Sample(0)
		if err != nil {
			return false, err
		}
		if spec, err = g.pre.spec(m.Graph.Inputs[0], first.Bytes != nil, first.PictureFile()); err != nil {
			return false, m.fail(err)
		}
	}
	feed, err := newFeeder(m.Graph, spec, calib.Single(ds, m.Graph.Inputs[0]), 0)
	if err != nil {
		return false, m.fail(err)
	}
	for i := range feed.Len() {
		if err := feed.Fill(i, g.run.session); err != nil {
			return false, fmt.Errorf("%s: %w", name, err)
		}
		if g.unsure == "" {
			continue
		}
		g.run.session.Reset()
		g.run.session.Run()
		if g.run.out, err = reals(g.run.out[:0], g.run.session); err != nil {
			return false, m.fail(err)
		}
		out := g.run.out
		g.answers.classifier.Probabilities(out, out)
		best := 0
		for i, v := range out {
			if v > out[best] {
				best = i
			}
		}
		if g.expects >= 0 {
			unsure = unsure || best != g.expects
		} else {
			unsure = unsure || !(float64(out[best]) >= g.below)
		}
	}
	return unsure, nil
}
