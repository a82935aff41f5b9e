#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "unit_s8_arm64.h"

// func LSTMUnitS8NEON(a *abi.LSTMUnitS8)
//
// CPU: Advanced SIMD (every arm64).
//
//	R0 args    R1 x    R2 r    R3, R8, R9 N, 2·N and 3·N in bytes    R4 c    R5 y    R6 units left
//	V8 i    V9 f    V10 o    V11 g    V12 -1    V13 -14    V20-V22 Add, V23-V25 Out: see MULTIPLIER
//	V26, V27 limits of the cell    V28 TanhM    V29 -TanhE    V30 TanhMax

TEXT ·LSTMUnitS8NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	START(lstmUnitS8_Lo, lstmUnitS8_Hi)
	MULTIPLIER(lstmUnitS8_AddM, lstmUnitS8_AddE, V20, V21, V22)
	MULTIPLIER(lstmUnitS8_OutM, lstmUnitS8_OutE, V23, V24, V25)
	BROADCAST4(lstmUnitS8_TanhM, V28)
	BROADCAST4(lstmUnitS8_TanhMax, V30)
	MOVW lstmUnitS8_TanhE(R0), R10
	NEG  R10, R10
	VDUP R10, V29.S4
	MOVW lstmUnitS8_CellMax(R0), R10
	NEG  R10, R11
	VDUP R11, V26.H8
	MOVD $32767, R11 // 2^15 is no limit
	CMP  R11, R10
	CSEL GT, R11, R10, R10
	VDUP R10, V27.H8
	MOVD $-1, R10
	VDUP R10, V12.S4
	MOVD $-14, R10
	VDUP R10, V13.S4
	MOVD lstmUnitS8_X(R0), R1
	MOVD lstmUnitS8_R(R0), R2
	MOVD lstmUnitS8_C(R0), R4
	MOVD lstmUnitS8_Y(R0), R5
	MOVD lstmUnitS8_N(R0), R6
	LSL  $1, R6, R3
	LSL  $2, R6, R8
	ADD  R8, R3, R9

units:
	FMOVQ (R1), F8
	FMOVQ (R2), F9
	LOGISTIC(8, 9, 8, V8)
	LDR_Q(8, 1, 9)
	LDR_Q(8, 2, 10)
	LOGISTIC(9, 10, 9, V9)
	LDR_Q(3, 1, 10)
	LDR_Q(3, 2, 11)
	LOGISTIC(10, 11, 10, V10)
	LDR_Q(9, 1, 11)
	LDR_Q(9, 2, 14)
	TANH(11, 14, 11)
	FMOVQ (R4), F0

	// What is kept, then what is added.
	SMULL_4S(0, 9, 2)
	SMULL2_4S(0, 9, 3)
	SRSHL_4S(12, 2, 2)
	SRSHL_4S(12, 3, 3)
	CMLT0_4S(2, 4)
	CMLT0_4S(3, 5)
	ADD_4S(4, 2, 2)
	ADD_4S(5, 3, 3)
	SRSHL_4S(13, 2, 2)
	SRSHL_4S(13, 3, 3)
	SQXTN_4H(2, 9)
	SQXTN2_8H(3, 9)
	SMULL_4S(8, 11, 2)
	SMULL2_4S(8, 11, 3)
	RESCALE(20, 21, 22)
	SQXTN_4H(2, 8)
	SQXTN2_8H(3, 8)
	SQADD_8H(8, 9, 9)
	SMAX_8H(26, 9, 9)
	SMIN_8H(27, 9, 9)
	FMOVQ.P F9, 16(R4)

	SXTL_4S(9, 2)
	SXTL2_4S(9, 3)
	MUL_4S(28, 2, 2)
	MUL_4S(28, 3, 3)
	SRSHL_4S(29, 2, 2)
	SRSHL_4S(29, 3, 3)
	CMLT0_4S(2, 8)
	CMLT0_4S(3, 9)
	ABS_4S(2, 2)
	ABS_4S(3, 3)
	SMIN_4S(30, 2, 2)
	SMIN_4S(30, 3, 3)
	SQXTUN_4H(2, 1)
	SQXTUN2_8H(3, 1)
	VAND  V19.B16, V1.B16, V7.B16
	VUSHR $8, V1.H8, V1.H8
	LINE8
	INVERT(V8, V9)
	RSHRN8_4H(2, 11)
	RSHRN8_8H(3, 11)
	SMULL_4S(10, 11, 2)
	SMULL2_4S(10, 11, 3)
	RESCALE(23, 24, 25)
	BROADCAST4(lstmUnitS8_Zero, V4)
	ADD_4S(4, 2, 2)
	ADD_4S(4, 3, 3)
	SQXTN_4H(2, 2)
	SQXTN2_8H(3, 2)
	SQXTN_8B(2, 2)
	FMOVD.P F2, 8(R5)
	ADD   $16, R1
	ADD   $16, R2
	SUBS  $8, R6
	BGT   units
	RET
