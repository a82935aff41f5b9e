package onnx

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"edgerun/quant/foreign"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// conformance is ONNX's own backend tests, made elsewhere and not part of this project.
const conformance = "../../../shared/data/onnx_conformance/tests.tar.gz"

func readConformance(t *testing.T) map[string]map[string][]byte {
	f, err := os.Open(conformance)
	if err != nil {
		t.Skipf("no %s: ONNX's own tests are not run", conformance)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return tests
		}
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(h.Name, "/")
		if h.Typeflag != tar.TypeReg || len(parts) < 3 {
			continue
		}
		name := parts[0] + "/" + parts[1]
		if tests[name] == nil {
			tests[name] = map[string][]byte{}
		}
		if tests[name][path.Base(h.Name)], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

// TestConformance runs ONNX's tests of the operators that the importer translates. A test whose weights or shapes are
// inputs runs a second time with all inputs but the first as constants.
func TestConformance(t *testing.T) {
	tests := readConformance(t)
	var passed, refused int
	var names []string
	for name := range tests {
		names = append(names, name)
	}
	slices.Sort(names)
	var reasons []string
	for _, name := range names {
		files := tests[name]
		m, err := decode(files["model.onnx"])
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !translatable(m) {
			if _, err := Parse(files["model.onnx"], nil, Options{}); err == nil {
				t.Errorf("%s: imported without all operators known", name)
			}
			continue
		}
		// As the file is, then with constants: either may be refused, none may be wrong.
		errs := []error{conform(files, false)}
		if len(m.graph.inputs) > 1 {
			errs = append(errs, conform(files, true))
		}
		ran := false
		for _, err := range errs {
			if err != nil && !errors.Is(err, errRefused) {
				t.Errorf("%s: %v", name, err)
			}
			ran = ran || err == nil
		}
		if ran {
			passed++
		} else {
			refused++
			reasons = append(reasons, name+": "+errs[len(errs)-1].Error())
		}
	}
	t.Logf("%d passed, %d refused, %d of other operators\n%s", passed, refused, len(names)-passed-refused, strings.Join(reasons, "\n"))
	if passed < 828 {
		t.Errorf("%d passed, want at least 828", passed)
	}
}

func translatable(m *modelProto) bool {
	nodes, err := inline(m)
	if err != nil {
		return false
	}
	for _, n := range nodes {
		if n.domain != "" || operators[n.opType] == nil && folders[n.opType] == nil {
			return false
		}
	}
	return len(nodes) > 0
}

var errRefused = errors.New("refused")

func conform(files map[string][]byte, bake bool) error {
	m, err := decode(files["model.onnx"])
	if err != nil {
		return err
	}
	refuse := func(err error) error {
		if errors.Is(err, op.ErrUnsupported) {
			return fmt.Errorf("%w: %w", errRefused, err)
		}
		return err
	}
	for _, in := range m.graph.inputs {
		if in.kind != "" {
			return fmt.Errorf("%w: %s", errRefused, in.kind) // its file holds no TensorProto
		}
	}
	im := &importer{Budget: foreign.Budget{Source: 1 << 30}}
	load := func(kind string, i int) (*tensor.Tensor, *tensorProto, error) {
		p, err := decodeTensorFile(files[kind+"_"+string(rune('0'+i))+".pb"])
		if err != nil {
			return nil, nil, err
		}
		v, err := im.tensor(p)
		return v, p, refuse(err)
	}
	var ins []*tensor.Tensor
	given := 0
	for _, in := range m.graph.inputs {
		if slices.ContainsFunc(m.graph.inits, func(t *tensorProto) bool { return t.name == in.name }) {
			continue
		}
		v, p, err := load("input", given)
		if err != nil {
			return err
		}
		if bake && given > 0 {
			p.name = in.name
			m.graph.inits = append(m.graph.inits, p)
		} else {
			ins = append(ins, v)
		}
		given++
	}
	g, err := build(m, 1<<20, nil, Options{})
	if err != nil {
		return refuse(err)
	}
	prog, err := rt.Compile(g, rt.Options{})
	if err != nil {
		return refuse(err)
	}
	s := prog.NewSession(nil)
	for i, in := range ins {
		if s.InputShape(i) != in.Shape || g.Inputs[i].DType != in.DType {
			return errors.New("input has the wrong type")
		}
		copy(s.Input(i).Bytes(), in.Data.Bytes())
	}
	s.Run()
	for i := range g.Outputs {
		want, _, err := load("output", i)
		if err != nil {
			return err
		}
		if err := sameTensor(s, g.Outputs[i], i, want); err != nil {
			return err
		}
	}
	return nil
}

// sameTensor compares as ONNX does: relative 1e-3, absolute 1e-7.
func sameTensor(s *rt.Session, v *graph.Value, i int, want *tensor.Tensor) error {
	shape := s.OutputShape(i)
	switch {
	case v.DType == tensor.Float64 && want.DType == tensor.Float32:
		var got npy
		for _, x := range s.Output(i).F64() {
			got.data = append(got.data, float32(x))
		}
		return compare(got, npy{nil, want.Data.F32()}, 1e-3, 1e-7)
	case v.DType != want.DType || shape != want.Shape:
		return errors.New("output is " + v.DType.String() + shape.String() + ", want " + want.Type.String())
	case v.DType == tensor.Float32:
		return compare(npy{shape.Dims(), s.Output(i).F32()}, npy{shape.Dims(), want.Data.F32()}, 1e-3, 1e-7)
	case string(s.Output(i).Bytes()) != string(want.Data.Bytes()):
		return errors.New("output differs")
	}
	return nil
}
