#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "binary_f32_neon_arm64.h"

// func SubF32NEON(a *abi.BinaryF32)
//
// CPU: Advanced SIMD (every arm64). Registers, tail and the operands' order: BINARY_F32.
#define OP \
	CBNZ R8, reversed  \
	FSUB_4S(4, 0, 0) \
	FSUB_4S(5, 1, 1) \
	FSUB_4S(6, 2, 2) \
	FSUB_4S(7, 3, 3) \
	B    computed      \
reversed:                  \
	FSUB_4S(0, 4, 0) \
	FSUB_4S(1, 5, 1) \
	FSUB_4S(2, 6, 2) \
	FSUB_4S(3, 7, 3) \
computed:

TEXT ·SubF32NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	BINARY_F32
