#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "binary_f32_neon_arm64.h"

// func MulF32NEON(a *abi.BinaryF32)
//
// CPU: Advanced SIMD (every arm64). Registers and tail: BINARY_F32.
#define OP \
	FMUL_4S(4, 0, 0) \
	FMUL_4S(5, 1, 1) \
	FMUL_4S(6, 2, 2) \
	FMUL_4S(7, 3, 3)

TEXT ·MulF32NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	BINARY_F32
