package arm64

import "edgerun/kernels/abi"

// GemvS8NEON is the product of rows of int8 with int16 results for any arm64.
var GemvS8NEON = abi.GemvS8Class{Name: "neon", KR: 2, Run: Gemv1x32c2S8NEON}

// GemvS8DotProd is it for arm64 with the dot product extension.
var GemvS8DotProd = abi.GemvS8Class{Name: "dotprod", KR: 4, Run: Gemv1x32c4S8DotProd}
