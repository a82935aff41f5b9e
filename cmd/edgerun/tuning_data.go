package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"edgerun/quant/calib"
	"edgerun/rt"
	"edgerun/rt/finetune"
	"edgerun/rt/frontend"
	"edgerun/rt/task"
)

// sampleSet is a data set with what is known of its samples.
type sampleSet struct {
	path  string
	data  calib.Dataset
	spec  *frontend.Spec
	truth *truth // nil where nothing is known
	first int    // number of its first sample among all sets
}

// corpus is what a network learns from and is measured on: the new samples, and the old ones behind them.
type corpus struct {
	model *model
	sets  []*sampleSet
}

// openSet adds the samples at path.
func (c *corpus) openSet(path, labels string, pre *preprocessing, kind lessonKind) error {
	s := &sampleSet{path: path, first: c.Len()}
	var err error
	if s.data, s.spec, err = openSamples(path, c.model, pre); err != nil {
		return err
	}
	if s.data.Len() == 0 {
		return fmt.Errorf("%s: no samples", path)
	}
	if s.truth, err = readTruth(path, labels, c.model); err != nil {
		return knownClasses(err, c.model)
	}
	if kind == reconstruct {
		c.sets = append(c.sets, s)
		return nil
	}
	if s.truth == nil {
		want := "a folder with a sub-folder for each class"
		if c.model.task().Kind == task.KindRegress {
			want = "an .npy or .csv file of true values"
		}
		return usagef("%s: no labels: give --labels FILE, or %s", path, want)
	}
	outputs := c.model.Graph.Outputs[0].Shape.Elements()
	for i, class := range s.truth.classes {
		if class >= outputs {
			return knownClasses(fmt.Errorf("%s: sample %d: class %d outside [0,%d)", path, i, class, outputs), c.model)
		}
	}
	c.sets = append(c.sets, s)
	return nil
}

// knownClasses adds to an error of a label what the network knows.
func knownClasses(err error, m *model) error {
	text := err.Error()
	if m.task().Kind != task.KindClassify || !strings.Contains(text, "label ") && !strings.Contains(text, "class ") {
		return err
	}
	if len(m.Labels) == 0 {
		return fmt.Errorf("%w: %s has %d classes, which go by number", err, m.path, m.Graph.Outputs[0].Shape.Elements())
	}
	names := m.Labels
	more := ""
	if len(names) > 20 {
		names, more = names[:20], ", …"
	}
	return fmt.Errorf("%w: %s knows %s%s; a class that it does not know is a new one, which its outputs have no place for", err, m.path, strings.Join(names, ", "), more)
}

// Len is the number of all samples.
func (c *corpus) Len() int {
	if len(c.sets) == 0 {
		return 0
	}
	last := c.sets[len(c.sets)-1]
	return last.first + last.data.Len()
}

// at returns the set that sample i is of, and its number there.
func (c *corpus) at(i int) (*sampleSet, int) {
	for k := len(c.sets) - 1; ; k-- {
		if s := c.sets[k]; i >= s.first {
			return s, i - s.first
		}
	}
}

// classes returns the class of each sample, or nil where there are none.
func (c *corpus) classes() (all []int) {
	for _, s := range c.sets {
		if s.truth == nil || s.truth.classes == nil {
			return nil
		}
		all = append(all, s.truth.classes...)
	}
	return all
}

// numbers returns the samples of set k.
func (c *corpus) numbers(k int) (all []int) {
	for i := range c.sets[k].data.Len() {
		all = append(all, c.sets[k].first+i)
	}
	return all
}

// corpusFeed writes samples into sessions. One goroutine at a time may use it.
type corpusFeed struct {
	c     *corpus
	feeds []*feeder
}

func (c *corpus) feed() (*corpusFeed, error) {
	f := &corpusFeed{c: c}
	for _, s := range c.sets {
		one, err := newFeeder(c.model.Graph, s.spec, s.data, 0)
		if err != nil {
			return nil, c.model.fail(err)
		}
		f.feeds = append(f.feeds, one)
	}
	return f, nil
}

func (f *corpusFeed) fill(i int, s *rt.Session) error {
	set, k := f.c.at(i)
	return f.feeds[slices.Index(f.c.sets, set)].Fill(k, s)
}

// inParallel calls work for each of n things, by as many workers as there are, of which start makes each; the first error
// ends it. start is called by one goroutine.
func inParallel(ctx context.Context, workers, n int, start func() (work func(i int) error, err error)) error {
	var next atomic.Int64
	var wait sync.WaitGroup
	workers = max(1, min(workers, n))
	errs := make([]error, workers)
	for w := range workers {
		work, err := start()
		if err != nil {
			return err
		}
		wait.Add(1)
		go func() {
			defer wait.Done()
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := ctx.Err(); err != nil {
					errs[w] = err
				} else if err := work(i); err != nil {
					errs[w] = err
				}
				if errs[w] != nil {
					next.Store(int64(n))
					return
				}
			}
		}()
	}
	wait.Wait()
	return errors.Join(errs...)
}

// features are samples' features in memory, or in a file.
type features struct {
	size int
	slab []byte
	file *os.File
	name bool // the file has its name still
}

// newFeatures makes room for n records of that size. The file lives until close.
func newFeatures(n, size int, path string) (*features, error) {
	f := &features{size: size}
	if path == "" {
		f.slab = make([]byte, n*size)
		return f, nil
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil, usagef("--features-file %s is there already; it is made and removed", path)
	}
	if err != nil {
		return nil, err
	}
	f.file = file
	f.name = os.Remove(path) != nil // systems that allow it: a kill leaves nothing behind then
	return f, nil
}

func (f *features) close() {
	if f.file != nil {
		f.file.Close()
		if f.name {
			os.Remove(f.file.Name())
		}
	}
}

// Get reads record i.
func (f *features) Get(i int, record []byte) error {
	if f.file == nil {
		copy(record, f.slab[i*f.size:(i+1)*f.size])
		return nil
	}
	_, err := f.file.ReadAt(record[:f.size], int64(i)*int64(f.size))
	return err
}

func (f *features) put(i int, record []byte) error {
	if f.file == nil {
		copy(f.slab[i*f.size:], record)
		return nil
	}
	_, err := f.file.WriteAt(record, int64(i)*int64(f.size))
	return err
}

// sum adds all records to h.
func (f *features) sum(h hash.Hash, n int) error {
	record := make([]byte, f.size)
	for i := range n {
		if err := f.Get(i, record); err != nil {
			return err
		}
		h.Write(record)
	}
	return nil
}

// extract computes the features of all samples by the frozen part, and their targets where these are the inputs themselves.
func (t *tuning) extract(ctx context.Context) error {
	n, size := t.corpus.Len(), t.tuner.RecordBytes()
	s := &finetune.Samples{Store: t.features}
	outputs := t.tuner.Outputs()
	switch t.kind {
	case reconstruct:
		s.Targets = make([][]float32, n)
	case classes:
		for _, c := range t.corpus.classes() {
			s.Labels = append(s.Labels, int32(c))
		}
	case oneOfMany:
		for _, c := range t.corpus.classes() {
			target := make([]float32, outputs)
			target[c] = 1
			s.Targets = append(s.Targets, target)
		}
	case values:
		for _, set := range t.corpus.sets {
			for i := range set.data.Len() {
				s.Targets = append(s.Targets, t.targetsOf(set.truth.values[i*outputs:(i+1)*outputs]))
			}
		}
	}
	show := progress("features", n)
	var done atomic.Int64
	err := inParallel(ctx, t.cpus, n, func() (func(int) error, error) {
		session := t.tuner.Frozen().NewSession(nil)
		feed, err := t.corpus.feed()
		if err != nil {
			return nil, err
		}
		record := make([]byte, size)
		return func(i int) error {
			if err := feed.fill(i, session); err != nil {
				return err
			}
			if t.kind == reconstruct {
				var err error
				if s.Targets[i], err = appendReals(nil, t.model.Graph.Inputs[0], session.Input(0)); err != nil {
					return t.model.fail(err)
				}
			}
			session.Reset()
			session.Run()
			t.tuner.Record(record, session)
			if err := t.features.put(i, record); err != nil {
				return err
			}
			show(int(done.Add(1)), n)
			return nil
		}, nil
	})
	t.samples = s
	return err
}

// targetsOf turns true values into what the output is for them.
func (t *tuning) targetsOf(truth []float32) []float32 {
	spec := t.model.task()
	of := func(x []float32, i int, none float32) float32 {
		switch len(x) {
		case 0:
			return none
		case 1:
			return x[0]
		}
		return x[i]
	}
	target := make([]float32, len(truth))
	for i, v := range truth {
		target[i] = (v - of(spec.Offsets, i, 0)) / of(spec.Scales, i, 1)
	}
	return target
}

// work returns the hash of all that the trained weights depend on: the model, the features and what is wanted for them, and
// the options.
func (t *tuning) work(model []byte, train, hold []int) (sum [sha256.Size]byte, err error) {
	h := sha256.New()
	h.Write(model)
	r := t.run(len(train))
	fmt.Fprintf(h, "\n%+v %s\n%d %d %d %d\n%v\n%v\n", t.recipe(), t.options.classWeights, r.Epochs, r.Seed, r.Patience, t.tuner.MicroBatch(), train, hold)
	if err := t.features.sum(h, t.corpus.Len()); err != nil {
		return sum, err
	}
	binary.Write(h, binary.LittleEndian, t.samples.Labels)
	for _, x := range t.samples.Targets {
		for _, v := range x {
			binary.Write(h, binary.LittleEndian, math.Float32bits(v))
		}
	}
	h.Sum(sum[:0])
	return sum, nil
}
