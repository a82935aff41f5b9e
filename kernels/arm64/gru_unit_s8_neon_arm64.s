#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "unit_s8_arm64.h"

// The halves of a GRU's step.
//
// CPU: Advanced SIMD (every arm64).
//
//	R0 args    R1 x    R2 r    R3 N, R8 2·N in bytes    R4 h    R5 y    R6 units left    R9 candidate
//	V8 r or z    V9 candidate    V20-V22 Out: see MULTIPLIER    V23 Left    V24 Zero    V25 -Exp

#define BEGIN \
	START(gruUnitS8_Lo, gruUnitS8_Hi)                          \
	MULTIPLIER(gruUnitS8_OutM, gruUnitS8_Right, V20, V21, V22) \
	BROADCAST4(gruUnitS8_Left, V23)                            \
	BROADCAST4(gruUnitS8_Zero, V24)                            \
	MOVD gruUnitS8_X(R0), R1         \
	MOVD gruUnitS8_R(R0), R2         \
	MOVD gruUnitS8_H(R0), R4         \
	MOVD gruUnitS8_Y(R0), R5         \
	MOVD gruUnitS8_N(R0), R6         \
	MOVD gruUnitS8_Candidate(R0), R9 \
	LSL  $1, R6, R3                  \
	LSL  $2, R6, R8

// CODE stores the codes of V9.
#define CODE \
	SXTL_4S(9, 2)       \
	SXTL2_4S(9, 3)      \
	SSHL_4S(23, 2, 2)   \
	SSHL_4S(23, 3, 3)   \
	RESCALE(20, 21, 22) \
	ADD_4S(24, 2, 2)    \
	ADD_4S(24, 3, 3)    \
	SQXTN_4H(2, 2)      \
	SQXTN2_8H(3, 2)     \
	SQXTN_8B(2, 2)      \
	FMOVD.P F2, 8(R5)

// RESET makes V9 = r·V9.
#define RESET \
	FMOVQ.P 16(R1), F8    \
	FMOVQ.P 16(R2), F10   \
	LOGISTIC(8, 10, 8, V8) \
	SMULL_4S(8, 9, 2)     \
	SMULL2_4S(8, 9, 3)    \
	RSHRN15_4H(2, 9)      \
	RSHRN15_8H(3, 9)

// func GRUResetS8NEON(a *abi.GRUUnitS8)
TEXT ·GRUResetS8NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	BEGIN
	ADD  R3, R1
	ADD  R3, R2
	MOVD gruUnitS8_Linear(R0), R10
	CBZ  R10, states

linear:
	FMOVQ   (R9), F9
	RESET
	FMOVQ.P F9, 16(R9)
	SUBS    $8, R6
	BGT     linear
	RET

states:
	FMOVQ.P 16(R4), F9
	RESET
	CODE
	SUBS $8, R6
	BGT  states
	RET

// func GRUUnitS8NEON(a *abi.GRUUnitS8)
TEXT ·GRUUnitS8NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	BEGIN
	MOVW gruUnitS8_Exp(R0), R10
	NEG  R10, R10
	VDUP R10, V25.H8

units:
	FMOVQ.P 16(R2), F8
	FMOVQ   (R1), F9
	LOGISTIC(8, 9, 8, V8)
	LDR_Q(8, 1, 9)
	FMOVQ.P 16(R9), F10
	TANH(9, 10, 9)
	SRSHL_8H(25, 9, 9)
	FMOVQ (R4), F0
	SSHLL15_4S(9, 2)
	SSHLL15_2_4S(9, 3)
	SMLSL_4S(8, 9, 2)
	SMLSL2_4S(8, 9, 3)
	SMLAL_4S(8, 0, 2)
	SMLAL2_4S(8, 0, 3)
	RSHRN15_4H(2, 9)
	RSHRN15_8H(3, 9)
	FMOVQ.P F9, 16(R4)
	CODE
	ADD  $16, R1
	SUBS $8, R6
	BGT  units
	RET
