package tflite

import "edgerun/quant/foreign"

// readSignature takes the names of inputs and outputs from the model's signature: they are what its author called them.
// It counts where it is the only one of the first subgraph and gives each of its inputs and outputs a name of its own;
// else they keep the names of their tensors. The order is the subgraph's.
func (im *importer) readSignature() {
	var of []table
	for _, s := range im.r.root("model").tables(7, "signature") {
		if s.int32(4, 0) == 0 {
			of = append(of, s)
		}
	}
	if len(of) != 1 {
		return
	}
	in, out := im.signatureNames(of[0], 0, im.s.inputs), im.signatureNames(of[0], 1, im.s.outputs)
	if in != nil && out != nil && im.r.err == nil {
		im.inputNames, im.outputNames = in, out
	}
}

// signatureNames reads one side of a signature. It returns nil where the names are not of use.
func (im *importer) signatureNames(s table, field int, want []int32) map[int32]string {
	names, used := map[int32]string{}, map[string]bool{}
	usable := true
	for _, m := range s.tables(field, "signature's tensor") {
		name, i := m.string(0, "signature's name"), m.int32(1, 0)
		if i < 0 || int(i) >= len(im.s.tensors) {
			im.r.fail("signature's tensor %s: tensor %d outside [0,%d)", foreign.Quote(name), i, len(im.s.tensors))
			return nil
		}
		if name = clip(name); name == "" || used[name] {
			usable = false
		}
		names[i], used[name] = name, true
	}
	for _, i := range want {
		usable = usable && names[i] != ""
	}
	if !usable {
		return nil
	}
	return names
}

// named returns the name that a signature gives a tensor, or else its own.
func named(names map[int32]string, i int32, own string) string {
	if name, ok := names[i]; ok {
		return name
	}
	return own
}
