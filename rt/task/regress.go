package task

import "fmt"

func (s *Spec) checkRegress() error {
	for i, v := range s.Scales {
		if v-v != 0 || v == 0 {
			return fmt.Errorf("task: scale[%d] is %g", i, v)
		}
	}
	for i, v := range s.Offsets {
		if v-v != 0 {
			return fmt.Errorf("task: offset[%d] is %g", i, v)
		}
	}
	for i, u := range s.Units {
		if len(u) > maxUnit {
			return fmt.Errorf("task: unit[%d] has %d bytes; wanted at most %d", i, len(u), maxUnit)
		}
	}
	return nil
}

// Regressor answers with quantities. One goroutine at a time may use it.
type Regressor struct {
	spec   Spec
	values []float32
}

// NewRegressor returns a regressor for that many outputs.
func NewRegressor(spec Spec, outputs int) (*Regressor, error) {
	if err := spec.Check(); err != nil {
		return nil, err
	}
	if spec.Kind != KindRegress {
		return nil, fmt.Errorf("task: kind %q is no regressor", spec.Kind)
	}
	if outputs < 1 {
		return nil, fmt.Errorf("task: %d outputs", outputs)
	}
	for _, l := range []struct {
		name string
		n    int
	}{{"scales", len(spec.Scales)}, {"offsets", len(spec.Offsets)}, {"units", len(spec.Units)}} {
		if l.n > 1 && l.n != outputs {
			return nil, fmt.Errorf("task: %d %s for %d outputs", l.n, l.name, outputs)
		}
	}
	return &Regressor{spec, make([]float32, outputs)}, nil
}

// Values returns output[i]·scale + offset, rounded to float32 after each operation. They are valid until the next call.
// Values allocates nothing unless it fails.
func (r *Regressor) Values(output []float32) ([]float32, error) {
	if len(output) != len(r.values) {
		return nil, fmt.Errorf("task: output of %d values, wanted %d", len(output), len(r.values))
	}
	for i, v := range output {
		r.values[i] = float32(v*each(r.spec.Scales, i, 1)) + each(r.spec.Offsets, i, 0)
	}
	return r.values, nil
}

// Unit returns the unit of value i, "" where it has none.
func (r *Regressor) Unit(i int) string { return each(r.spec.Units, i, "") }

// each returns element i of a list that has one for each output, one for all, or none.
func each[T any](list []T, i int, none T) T {
	switch len(list) {
	case 0:
		return none
	case 1:
		return list[0]
	}
	return list[i]
}
