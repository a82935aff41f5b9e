#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "binary_s8_neon_arm64.h"

// func MulS8NEON(a *abi.MulS8)
//
// CPU: Advanced SIMD (every arm64). Tail, and registers but these: BINARY_S8.
//
//	R0 args   R6 scratch
//	V2-V5 products by four   V6-V13 scratch
//	V16 ZA   V17 ZB   V18-V20 multiplier, -exponent, threshold   V21 left shift   V14 0   V27 ZY   V28 Lo   V29 Hi
//
// Shift is a left shift or a right one, never both. After a left shift adding ZY may wrap, as the definition says.
#define STEP \
	SSUBL_8H(16, 0, 6)                               \
	SSUBL_8H(17, 1, 8)                               \
	SSUBL2_8H(16, 0, 7)                              \
	SSUBL2_8H(17, 1, 9)                              \
	SMULL_4S(8, 6, 2)                                \
	SMULL2_4S(8, 6, 3)                               \
	SMULL_4S(9, 7, 4)                                \
	SMULL2_4S(9, 7, 5)                               \
	SSHL_4S(21, 2, 2)                                \
	SSHL_4S(21, 3, 3)                                \
	SSHL_4S(21, 4, 4)                                \
	SSHL_4S(21, 5, 5)                                \
	RESCALE4(18, 19, 20, 2, 3, 4, 5, 10, 11, 12, 13) \
	ADD_4S(27, 2, 2)                                 \
	ADD_4S(27, 3, 3)                                 \
	ADD_4S(27, 4, 4)                                 \
	ADD_4S(27, 5, 5)                                 \
	NARROW4(14, 2, 3, 4, 5, 2)                       \
	SMAX_16B(28, 2, 2)                               \
	SMIN_16B(29, 2, 2)

TEXT ·MulS8NEON(SB), NOSPLIT, $0-8
	MOVD  a+0(FP), R0
	MOVD  mulS8_A(R0), R1
	MOVD  mulS8_B(R0), R2
	MOVD  mulS8_Y(R0), R3
	MOVD  mulS8_N(R0), R4
	MOVD  mulS8_BStep(R0), R5
	ADD   $mulS8_ZA, R0, R6
	VLD1R (R6), [V16.B16]
	ADD   $mulS8_ZB, R0, R6
	VLD1R (R6), [V17.B16]
	ADD   $mulS8_M, R0, R6
	VLD1R (R6), [V18.S4]
	ADD   $mulS8_Shift, R0, R6
	VLD1R (R6), [V22.S4]
	ADD   $mulS8_ZY, R0, R6
	VLD1R (R6), [V27.S4]
	ADD   $mulS8_Lo, R0, R6
	VLD1R (R6), [V28.B16]
	ADD   $mulS8_Hi, R0, R6
	VLD1R (R6), [V29.B16]
	VEOR  V0.B16, V0.B16, V0.B16
	VEOR  V14.B16, V14.B16, V14.B16
	SMIN_4S(0, 22, 19)
	SMAX_4S(0, 22, 21)
	CMGE_4S(0, 22, 20)
	VSHL  $31, V20.S4, V20.S4
	BINARY_S8
