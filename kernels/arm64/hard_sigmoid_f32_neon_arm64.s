#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "unary_f32_neon_arm64.h"

// func HardSigmoidF32NEON(a *abi.UnaryF32)
//
// CPU: Advanced SIMD (every arm64). Registers and tail: UNARY_F32. V16 Alpha   V17 Beta   V18 0   V19 1   V2 V3 scratch
//
// The clamp is CLAMP4's.
#define F \
	FMUL_4S(16, 0, 0)   \
	FMUL_4S(16, 1, 1)   \
	FADD_4S(17, 0, 0)   \
	FADD_4S(17, 1, 1)   \
	FCMGT_4S(18, 0, 2)  \
	FCMGT_4S(18, 1, 3)  \
	BIF_16B(2, 18, 0)   \
	BIF_16B(3, 18, 1)   \
	FCMGT_4S(19, 0, 2)  \
	FCMGT_4S(19, 1, 3)  \
	BIT_16B(2, 19, 0)   \
	BIT_16B(3, 19, 1)

TEXT ·HardSigmoidF32NEON(SB), NOSPLIT, $0-8
	MOVD  a+0(FP), R0
	ADD   $unaryF32_Alpha, R0, R6
	VLD1R (R6), [V16.S4]
	ADD   $unaryF32_Beta, R0, R6
	VLD1R (R6), [V17.S4]
	VEOR  V18.B16, V18.B16, V18.B16
	MOVW  $0x3f800000, R6
	VDUP  R6, V19.S4
	UNARY_F32
