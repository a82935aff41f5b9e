#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "binary_s8_neon_arm64.h"

// func PReluS8NEON(a *abi.PReluS8)
//
// CPU: Advanced SIMD (every arm64). Tail, and registers but these: BINARY_S8.
//
//	R0 args   R6 scratch
//	V2-V5 differences of a by four, V6-V9 times those of b   V10-V13 scratch   V14 0
//	V16 ZA   V17 ZB   V18-V21 multiplier, -exponent, threshold, left shift for a >= ZA   V22-V25 for a < ZA   V26 ZY
//	V28-V31 where a < ZA
//
// Both forms are computed for every element. Shift is a left shift or a right one, never both.
#define STEP \
	SSUBL_8H(16, 0, 10)                              \
	SSUBL2_8H(16, 0, 11)                             \
	SSUBL_8H(17, 1, 12)                              \
	SSUBL2_8H(17, 1, 13)                             \
	SXTL_4S(10, 2)                                   \
	SXTL2_4S(10, 3)                                  \
	SXTL_4S(11, 4)                                   \
	SXTL2_4S(11, 5)                                  \
	SMULL_4S(12, 10, 6)                              \
	SMULL2_4S(12, 10, 7)                             \
	SMULL_4S(13, 11, 8)                              \
	SMULL2_4S(13, 11, 9)                             \
	CMLT0_4S(2, 28)                                  \
	CMLT0_4S(3, 29)                                  \
	CMLT0_4S(4, 30)                                  \
	CMLT0_4S(5, 31)                                  \
	SSHL_4S(21, 2, 2)                                \
	SSHL_4S(21, 3, 3)                                \
	SSHL_4S(21, 4, 4)                                \
	SSHL_4S(21, 5, 5)                                \
	SSHL_4S(25, 6, 6)                                \
	SSHL_4S(25, 7, 7)                                \
	SSHL_4S(25, 8, 8)                                \
	SSHL_4S(25, 9, 9)                                \
	RESCALE4(18, 19, 20, 2, 3, 4, 5, 10, 11, 12, 13) \
	RESCALE4(22, 23, 24, 6, 7, 8, 9, 10, 11, 12, 13) \
	BIT_16B(28, 6, 2)                                \
	BIT_16B(29, 7, 3)                                \
	BIT_16B(30, 8, 4)                                \
	BIT_16B(31, 9, 5)                                \
	ADD_4S(26, 2, 2)                                 \
	ADD_4S(26, 3, 3)                                 \
	ADD_4S(26, 4, 4)                                 \
	ADD_4S(26, 5, 5)                                 \
	NARROW4(14, 2, 3, 4, 5, 2)

TEXT ·PReluS8NEON(SB), NOSPLIT, $0-8
	MOVD  a+0(FP), R0
	MOVD  pReluS8_A(R0), R1
	MOVD  pReluS8_B(R0), R2
	MOVD  pReluS8_Y(R0), R3
	MOVD  pReluS8_N(R0), R4
	MOVD  pReluS8_BStep(R0), R5
	ADD   $pReluS8_ZA, R0, R6
	VLD1R (R6), [V16.B16]
	ADD   $pReluS8_ZB, R0, R6
	VLD1R (R6), [V17.B16]
	ADD   $pReluS8_M, R0, R6
	VLD1R (R6), [V18.S4]
	ADD   $pReluS8_Shift, R0, R6
	VLD1R (R6), [V0.S4]
	ADD   $pReluS8_MNeg, R0, R6
	VLD1R (R6), [V22.S4]
	ADD   $pReluS8_ShiftNeg, R0, R6
	VLD1R (R6), [V1.S4]
	ADD   $pReluS8_ZY, R0, R6
	VLD1R (R6), [V26.S4]
	VEOR  V14.B16, V14.B16, V14.B16
	SMIN_4S(14, 0, 19)
	SMAX_4S(14, 0, 21)
	CMGE_4S(14, 0, 20)
	VSHL  $31, V20.S4, V20.S4
	SMIN_4S(14, 1, 23)
	SMAX_4S(14, 1, 25)
	CMGE_4S(14, 1, 24)
	VSHL  $31, V24.S4, V24.S4
	BINARY_S8
