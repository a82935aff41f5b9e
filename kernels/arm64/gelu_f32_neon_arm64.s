#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "exp_neon_arm64.h"
#include "unary_f32_neon_arm64.h"

// func GeluF32NEON(a *abi.UnaryF32)
//
// CPU: Advanced SIMD (every arm64). Registers and tail: UNARY_F32.
//
//	V0 V1 x    V2 V3 t    V4 V5 w, then −t/2    V6-V9 polynomial    V10 V11 what was rounded off    V12 V13 t·e^(t²/2)·Φ(−t)
//	V14 14.4    V15 3    V16 −½    V17 0    V20-V29 of EXP2    R7 geluPoly    R8 scratch
//
// A NaN passes through FMIN and all of EXP2, whose argument is above −104.
DATA gelu<>+0(SB)/4, $-0.022315321 // geluPoly
DATA gelu<>+4(SB)/4, $0.12747501
DATA gelu<>+8(SB)/4, $-0.26703992
DATA gelu<>+12(SB)/4, $0.21428627
DATA gelu<>+16(SB)/4, $-0.050283615
DATA gelu<>+20(SB)/4, $0.11866481
DATA gelu<>+24(SB)/4, $0.112720326
DATA gelu<>+28(SB)/4, $0.13353543
DATA gelu<>+32(SB)/4, $0.13295704
DATA gelu<>+36(SB)/4, $14.4
DATA gelu<>+40(SB)/4, $3.0
DATA gelu<>+44(SB)/4, $-0.5
GLOBL gelu<>(SB), RODATA|NOPTR, $48

#define F \
	FABS_4S(0, 2)                    \
	FABS_4S(1, 3)                    \
	FMIN_4S(14, 2, 2)                \
	FMIN_4S(14, 3, 3)                \
	FADD_4S(15, 2, 4)                \
	FADD_4S(15, 3, 5)                \
	FDIV_4S(4, 15, 4)                \
	FDIV_4S(5, 15, 5)                \
	MOVD    $gelu<>(SB), R7          \
	VLD1R.P 4(R7), [V6.S4]           \
	MOV_16B(6, 7)                    \
	VLD1R.P 4(R7), [V8.S4]          \
	MOV_16B(8, 9)                  \
	FMLA_4S(6, 4, 8)               \
	FMLA_4S(7, 5, 9)               \
	VLD1R.P 4(R7), [V6.S4]          \
	MOV_16B(6, 7)                  \
	FMLA_4S(8, 4, 6)               \
	FMLA_4S(9, 5, 7)               \
	VLD1R.P 4(R7), [V8.S4]          \
	MOV_16B(8, 9)                  \
	FMLA_4S(6, 4, 8)               \
	FMLA_4S(7, 5, 9)               \
	VLD1R.P 4(R7), [V6.S4]          \
	MOV_16B(6, 7)                  \
	FMLA_4S(8, 4, 6)               \
	FMLA_4S(9, 5, 7)               \
	VLD1R.P 4(R7), [V8.S4]          \
	MOV_16B(8, 9)                  \
	FMLA_4S(6, 4, 8)               \
	FMLA_4S(7, 5, 9)               \
	VLD1R.P 4(R7), [V6.S4]          \
	MOV_16B(6, 7)                  \
	FMLA_4S(8, 4, 6)               \
	FMLA_4S(9, 5, 7)               \
	VLD1R.P 4(R7), [V8.S4]          \
	MOV_16B(8, 9)                  \
	FMLA_4S(6, 4, 8)               \
	FMLA_4S(7, 5, 9)               \
	VLD1R.P 4(R7), [V6.S4]          \
	MOV_16B(6, 7)                  \
	FMLA_4S(8, 4, 6)               \
	FMLA_4S(9, 5, 7)               \
	FMUL_4S(4, 6, 6)                 \
	FMUL_4S(5, 7, 7)                 \
	FMUL_4S(2, 6, 12)                \
	FMUL_4S(3, 7, 13)                \
	FMUL_4S(16, 2, 4)                \
	FMUL_4S(16, 3, 5)                \
	FMUL_4S(2, 4, 8)                 \
	FMUL_4S(3, 5, 9)                 \
	FNEG_4S(8, 10)                   \
	FNEG_4S(9, 11)                   \
	FMLA_4S(2, 4, 10)                \
	FMLA_4S(3, 5, 11)                \
	EXP2(8, 9, 2, 3, 4, 5, 6, 7)     \
	MOV_16B(4, 6)                    \
	MOV_16B(5, 7)                    \
	FMLA_4S(4, 10, 6)                \
	FMLA_4S(5, 11, 7)                \
	FMAX_4S(17, 0, 0)                \
	FMAX_4S(17, 1, 1)                \
	FMLS_4S(12, 6, 0)                \
	FMLS_4S(13, 7, 1)

TEXT ·GeluF32NEON(SB), NOSPLIT, $0-8
	MOVD    a+0(FP), R0
	EXPCONSTANTS
	MOVD    $gelu<>+36(SB), R8
	VLD1R.P 4(R8), [V14.S4]
	VLD1R.P 4(R8), [V15.S4]
	VLD1R   (R8), [V16.S4]
	VEOR    V17.B16, V17.B16, V17.B16
	UNARY_F32
