#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "exp_neon_arm64.h"
#include "unary_f32_neon_arm64.h"

// func LogisticF32NEON(a *abi.UnaryF32)
//
// CPU: Advanced SIMD (every arm64). Registers and tail: UNARY_F32. V2 V3 sign of x   V4-V11 scratch   V16 -104
// V20-V29 of EXP2
//
// A NaN passes through FMAX and all of EXP2.
#define F \
	CMLT0_4S(0, 2)      \
	CMLT0_4S(1, 3)      \
	FABS_4S(0, 0)       \
	FABS_4S(1, 1)       \
	FNEG_4S(0, 0)       \
	FNEG_4S(1, 1)       \
	FMAX_4S(16, 0, 0)   \
	FMAX_4S(16, 1, 1)   \
	EXP2(0, 1, 4, 5, 6, 7, 8, 9) \
	MOV_16B(29, 0)      \
	MOV_16B(29, 1)      \
	FADD_4S(6, 29, 4)   \
	FADD_4S(7, 29, 5)   \
	BIT_16B(2, 6, 0)    \
	BIT_16B(3, 7, 1)    \
	FDIV_4S(4, 0, 0)    \
	FDIV_4S(5, 1, 1)

TEXT ·LogisticF32NEON(SB), NOSPLIT, $0-8
	MOVD  a+0(FP), R0
	EXPCONSTANTS
	MOVW  $0xc2d00000, R6
	VDUP  R6, V16.S4
	UNARY_F32
