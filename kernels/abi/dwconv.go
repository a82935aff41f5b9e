package abi

// DWConvS8 is one call of an int8 depthwise convolution: C channels, each with its own KH×KW filter, for Rows×Cols
// output pixels on a regular grid:
//
//	acc[r,p,c] = bias'[c] + Σ_kh Σ_kw x[r·XNext + p·XStep + kh·XRow + kw·XTap + c]·w[c,kh,kw]      (int32, exact)
//	y[r·YNext + p·YStep + c] = clamp(MultiplyByQuantizedMultiplier(acc, mult[c], shift[c]) + ZeroPoint, Lo, Hi)
//
// There is no padding: the operator has put the zero point where the picture ends. bias' is as in GemmS8.
type DWConvS8 struct {
	X *int8 // channel 0 of tap (0,0) of the first output pixel
	W *byte // packed panels of NR channels, PanelBytes apart, as the class's Pack wrote them
	Y *int8
	// Distances in bytes: between taps of a column and of a row, and between the windows of neighbouring output
	// pixels of a row and of a column.
	XRow, XTap, XStep, XNext int
	YStep, YNext             int // between output pixels of a row, and between output rows
	PanelBytes               int
	Rows, Cols               int // ≥ 1
	KH, KW                   int // ≥ 1
	C                        int // ≥ 1; the last panel may be partial
	ZeroPoint                int32
	Lo, Hi                   int32
}

// DWConvF32 is DWConvS8 in float32: distances count elements, and
//
//	acc = bias[c]; for kh, kw ascending: acc = fma(x, w, acc)
//
// with the clamp of GemmF32.
type DWConvF32 struct {
	X                        *float32
	W                        *float32 // panels: [NR bias][KH][KW][NR]
	Y                        *float32
	XRow, XTap, XStep, XNext int
	YStep, YNext             int
	PanelBytes               int
	Rows, Cols               int
	KH, KW                   int
	C                        int
	Clamp                    int // 0: none
	Lo, Hi                   float32
}

// DWConvS8Class is one implementation of the int8 depthwise convolution. NR is the number of channels of a panel.
type DWConvS8Class struct {
	Name      string
	NR        int
	Weight128 bool // exact with weights of −128 too
	// Panel returns the bytes of one packed panel, a multiple of 4.
	Panel func(kh, kw int) int
	// Pack writes one panel.
	Pack func(dst []byte, p *DWConvS8Panel)
	Run  func(*DWConvS8)
}

// DWConvS8Panel is what Pack needs of up to NR channels. Fits holds for each unless the class is the portable one, and
// no weight is −128 unless the class allows it. Pack zero-fills channels past len(Bias).
type DWConvS8Panel struct {
	W      []int8  // [n][KH][KW]
	Bias   []int32 // [n], already − zeroPoint(x)·Σw, wrapping
	Mult   []int32 // [n]
	Shift  []int32 // [n]
	KH, KW int
}

// DWConvF32Class is one implementation of the float32 depthwise convolution. Its panels are [NR bias][KH][KW][NR] for
// every implementation.
type DWConvF32Class struct {
	Name string
	NR   int
	Run  func(*DWConvF32)
}
