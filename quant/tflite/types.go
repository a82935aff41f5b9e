package tflite

import (
	"fmt"
	"slices"

	"edgerun/quant/foreign"
	"edgerun/rt/tensor"
)

// tensorName is how errors name a tensor.
func (im *importer) tensorName(i int32) string {
	return fmt.Sprintf("tensor %s", foreign.Quote(im.s.tensors[i].name))
}

// shifted reports whether a tensor holds uint8 codes, which are int8 codes here.
func (v *tensorInfo) shifted() bool {
	return elemTypes[v.code].dtype == tensor.UInt8 && len(v.scale) > 0
}

// typ returns the type that a tensor has in the graph.
func (im *importer) typ(i int32) (tensor.Type, error) {
	if im.typed[i] {
		return im.types[i], nil
	}
	v := im.s.tensors[i]
	t, err := v.typ()
	if err != nil {
		return t, fmt.Errorf("%s: %w", im.tensorName(i), err)
	}
	im.types[i], im.typed[i] = t, true
	return t, nil
}

// shift returns q with its zero points moved.
func shift(q tensor.Quant, by int32) tensor.Quant {
	q.Zero = slices.Clone(q.Zero)
	for i := range q.Zero {
		q.Zero[i] += by
	}
	return q
}

func (v *tensorInfo) typ() (t tensor.Type, err error) {
	if t.DType, err = v.dtype(); err != nil {
		return t, err
	}
	if t.Shape, err = v.shape(); err != nil {
		return t, err
	}
	switch t.DType {
	case tensor.Int8, tensor.UInt8, tensor.Int16, tensor.Int4:
		if t.Quant, err = v.quant(t.Shape); err != nil {
			return t, err
		}
	case tensor.Int32:
		// Codes that QUANTIZE gives; what a bias says of its scales does not count, and need not make sense.
		if q, err := v.quant(t.Shape); err == nil && len(q.Scale) == 1 {
			t.Quant = q
		}
	}
	switch {
	case t.DType == tensor.Float16:
		t.DType = tensor.Float32
	case t.DType == tensor.Int4:
		t.DType = tensor.Int8
	case v.shifted():
		t.DType = tensor.Int8
		for i := range t.Quant.Zero {
			t.Quant.Zero[i] -= 128
		}
	}
	if t.DType == tensor.Int8 {
		for i, z := range t.Quant.Zero {
			if z < -128 || z > 127 {
				return t, fmt.Errorf("zero point %d outside of the codes", v.zero[min(i, len(v.zero)-1)])
			}
		}
	}
	return t, nil
}
