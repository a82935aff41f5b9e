#include "textflag.h"
#include "go_asm.h"
#include "transpose_3_neon_arm64.h"

// func Transpose32x3NEON(a *abi.Transpose)
//
// CPU: Advanced SIMD (every arm64). Cols must be 3. 4 triples a step. Registers and tail: TRANSPOSE_3.
TEXT ·Transpose32x3NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R6
	MOVD transpose_XStride(R6), R3
	LSL  $2, R3
	TRANSPOSE_3(4, 4, S4, MOVWU, MOVW)
