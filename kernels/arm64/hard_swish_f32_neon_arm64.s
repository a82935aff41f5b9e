#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "unary_f32_neon_arm64.h"

// func HardSwishF32NEON(a *abi.UnaryF32)
//
// CPU: Advanced SIMD (every arm64). Registers and tail: UNARY_F32. V16 3   V17 6   V18 0   V19 1/6   V2-V5 scratch
//
// The clamp is CLAMP4's.
#define F \
	FADD_4S(16, 0, 4)   \
	FADD_4S(16, 1, 5)   \
	FCMGT_4S(18, 4, 2)  \
	FCMGT_4S(18, 5, 3)  \
	BIF_16B(2, 18, 4)   \
	BIF_16B(3, 18, 5)   \
	FCMGT_4S(17, 4, 2)  \
	FCMGT_4S(17, 5, 3)  \
	BIT_16B(2, 17, 4)   \
	BIT_16B(3, 17, 5) \
	FMUL_4S(19, 4, 4)   \
	FMUL_4S(19, 5, 5)   \
	FMUL_4S(4, 0, 0)    \
	FMUL_4S(5, 1, 1)

TEXT ·HardSwishF32NEON(SB), NOSPLIT, $0-8
	MOVD  a+0(FP), R0
	MOVW  $0x40400000, R6
	VDUP  R6, V16.S4
	MOVW  $0x40c00000, R6
	VDUP  R6, V17.S4
	VEOR  V18.B16, V18.B16, V18.B16
	MOVW  $0x3e2aaaab, R6
	VDUP  R6, V19.S4
	UNARY_F32
