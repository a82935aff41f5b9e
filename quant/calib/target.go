package calib

import "fmt"

// Targets returns the true values that a file lists, for each of the given number of samples as many as there are outputs,
// one sample after the other: a .npy or .csv file that Open takes. A column of labels in a .csv counts for nothing.
func Targets(path string, samples, outputs int) ([]float32, error) {
	ds, err := Open(path)
	if err != nil {
		return nil, err
	}
	if ds.Len() != samples {
		return nil, fmt.Errorf("%s: values for %d samples, wanted %d", path, ds.Len(), samples)
	}
	values := make([]float32, 0, samples*outputs)
	for i := range samples {
		s, err := ds.Sample(i)
		if err != nil {
			return nil, err
		}
		if n := len(s.Bytes) + len(s.Numbers); n != outputs || s.decoded {
			return nil, fmt.Errorf("%s: %d values, wanted %d", s.Name, n, outputs)
		}
		for _, b := range s.Bytes {
			values = append(values, float32(b))
		}
		for k, v := range s.Numbers {
			if v-v != 0 {
				return nil, fmt.Errorf("%s: value %d is %v", s.Name, k, v)
			}
			values = append(values, v)
		}
	}
	return values, nil
}
