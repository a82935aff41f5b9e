#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "unary_f32_neon_arm64.h"

// func LeakyReluF32NEON(a *abi.UnaryF32)
//
// CPU: Advanced SIMD (every arm64). Registers and tail: UNARY_F32. V16 Alpha   V17 0   V2-V5 scratch
//
// A NaN is not below 0 and stays.
#define F \
	FCMGT_4S(0, 17, 2)  \
	FCMGT_4S(1, 17, 3)  \
	FMUL_4S(16, 0, 4)   \
	FMUL_4S(16, 1, 5)   \
	BIT_16B(2, 4, 0)    \
	BIT_16B(3, 5, 1)

TEXT ·LeakyReluF32NEON(SB), NOSPLIT, $0-8
	MOVD  a+0(FP), R0
	ADD   $unaryF32_Alpha, R0, R6
	VLD1R (R6), [V16.S4]
	VEOR  V17.B16, V17.B16, V17.B16
	UNARY_F32
