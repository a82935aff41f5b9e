#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "exp_neon_arm64.h"
#include "unary_f32_neon_arm64.h"

// func TanhF32NEON(a *abi.UnaryF32)
//
// CPU: Advanced SIMD (every arm64). Registers and tail: UNARY_F32.
//
//	V0 V1 x, then its sign   V2 V3 |x|   V4-V11 scratch   V12-V14 V16 V17 tanhPoly   V15 sign bits   V18 2   V19 89
//	V20-V29 of EXP2   V30 0.625
//
// A NaN passes through FMIN and all of EXP2.
DATA tanh<>+0(SB)/4, $-5.70498872745e-3 // tanhPoly
DATA tanh<>+4(SB)/4, $2.06390887954e-2
DATA tanh<>+8(SB)/4, $-5.37397155531e-2
DATA tanh<>+12(SB)/4, $1.33314422036e-1
DATA tanh<>+16(SB)/4, $-3.33332819422e-1
DATA tanh<>+20(SB)/4, $0x80000000
DATA tanh<>+24(SB)/4, $2.0
DATA tanh<>+28(SB)/4, $89.0
DATA tanh<>+32(SB)/4, $0.625
GLOBL tanh<>(SB), RODATA|NOPTR, $36

#define F \
	FABS_4S(0, 2)       \
	FABS_4S(1, 3)       \
	FADD_4S(2, 2, 10)   \
	FADD_4S(3, 3, 11)   \
	FMIN_4S(19, 10, 10) \
	FMIN_4S(19, 11, 11) \
	EXP2(10, 11, 4, 5, 6, 7, 8, 9) \
	FADD_4S(29, 6, 6)   \
	FADD_4S(29, 7, 7)   \
	FDIV_4S(6, 18, 6)   \
	FDIV_4S(7, 18, 7)   \
	FSUB_4S(6, 29, 6)   \
	FSUB_4S(7, 29, 7)   \
	FMUL_4S(2, 2, 4)    \
	FMUL_4S(3, 3, 5)    \
	MOV_16B(13, 8)      \
	MOV_16B(13, 9)      \
	FMLA_4S(12, 4, 8)   \
	FMLA_4S(12, 5, 9)   \
	HORNER2(14, 4, 5, 8, 9, 10, 11) \
	HORNER2(16, 4, 5, 10, 11, 8, 9) \
	HORNER2(17, 4, 5, 8, 9, 10, 11) \
	FMUL_4S(4, 10, 10)  \
	FMUL_4S(5, 11, 11)  \
	MOV_16B(2, 8)       \
	MOV_16B(3, 9)       \
	FMLA_4S(10, 2, 8)   \
	FMLA_4S(11, 3, 9)   \
	FCMGT_4S(2, 30, 4)  \
	FCMGT_4S(3, 30, 5)  \
	BIT_16B(4, 8, 6)    \
	BIT_16B(5, 9, 7)    \
	BIF_16B(15, 6, 0)   \
	BIF_16B(15, 7, 1)

TEXT ·TanhF32NEON(SB), NOSPLIT, $0-8
	MOVD  a+0(FP), R0
	EXPCONSTANTS
	MOVD    $tanh<>(SB), R6
	VLD1R.P 4(R6), [V12.S4]
	VLD1R.P 4(R6), [V13.S4]
	VLD1R.P 4(R6), [V14.S4]
	VLD1R.P 4(R6), [V16.S4]
	VLD1R.P 4(R6), [V17.S4]
	VLD1R.P 4(R6), [V15.S4]
	VLD1R.P 4(R6), [V18.S4]
	VLD1R.P 4(R6), [V19.S4]
	VLD1R   (R6), [V30.S4]
	UNARY_F32
