package onnx

import "edgerun/quant/foreign"

// Short names of what all importers share.
var (
	quote   = foreign.Quote
	ints    = foreign.Ints
	permute = foreign.Permute
	float16 = foreign.Float16
)
