#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "binary_f32_neon_arm64.h"

// func PReluF32NEON(a *abi.BinaryF32)
//
// CPU: Advanced SIMD (every arm64). Registers, tail and the operands' order: BINARY_F32.
//
// A NaN is not below 0 and stays.
#define OP \
	FCMGT_4S(0, 18, 8)  \
	FCMGT_4S(1, 18, 9)  \
	FCMGT_4S(2, 18, 10)  \
	FCMGT_4S(3, 18, 11)  \
	FMUL_4S(4, 0, 12)   \
	FMUL_4S(5, 1, 13)   \
	FMUL_4S(6, 2, 14)   \
	FMUL_4S(7, 3, 15)   \
	BIT_16B(8, 12, 0)  \
	BIT_16B(9, 13, 1)  \
	BIT_16B(10, 14, 2)  \
	BIT_16B(11, 15, 3)

TEXT ·PReluF32NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	BINARY_F32
