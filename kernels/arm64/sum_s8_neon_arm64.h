#include "binary_s8_neon_arm64.h"

// SUM_S8 is the body of a kernel over abi.AddS8. COMBINE makes V2-V5 of the rescaled operands V2-V5 and V6-V9.
// Tail, and registers but these: BINARY_S8.
//
//	R0 args   R6 scratch
//	V2-V5 a's codes by four   V6-V9 b's   V10-V13 scratch
//	V16 ZA   V17 ZB   V18-V20 multiplier, -exponent, threshold of a   V21-V23 of b   V24-V26 of y   V27 ZY   V28 Lo   V29 Hi
//
// A difference of codes has 9 bits and sign: 2^5 in 16 bits, then 2^15 on the way to 32, make 2^20.
#define STEP \
	SSUBL_8H(16, 0, 4)                               \
	SSUBL2_8H(16, 0, 5)                              \
	SSUBL_8H(17, 1, 8)                               \
	SSUBL2_8H(17, 1, 9)                              \
	VSHL $5, V4.H8, V4.H8                            \
	VSHL $5, V5.H8, V5.H8                            \
	VSHL $5, V8.H8, V8.H8                            \
	VSHL $5, V9.H8, V9.H8                            \
	SSHLL15_4S(4, 2)                                 \
	SSHLL15_2_4S(4, 3)                               \
	SSHLL15_4S(5, 4)                                 \
	SSHLL15_2_4S(5, 5)                               \
	SSHLL15_4S(8, 6)                                 \
	SSHLL15_2_4S(8, 7)                               \
	SSHLL15_4S(9, 8)                                 \
	SSHLL15_2_4S(9, 9)                               \
	RESCALE4(18, 19, 20, 2, 3, 4, 5, 10, 11, 12, 13) \
	RESCALE4(21, 22, 23, 6, 7, 8, 9, 10, 11, 12, 13) \
	COMBINE                                          \
	RESCALE4(24, 25, 26, 2, 3, 4, 5, 10, 11, 12, 13) \
	NARROW4(27, 2, 3, 4, 5, 2)                       \
	SMAX_16B(28, 2, 2)                               \
	SMIN_16B(29, 2, 2)

#define SUM_S8 \
	MOVD  addS8_A(R0), R1        \
	MOVD  addS8_B(R0), R2        \
	MOVD  addS8_Y(R0), R3        \
	MOVD  addS8_N(R0), R4        \
	MOVD  addS8_BStep(R0), R5    \
	ADD   $addS8_ZA, R0, R6      \
	VLD1R (R6), [V16.B16]        \
	ADD   $addS8_ZB, R0, R6      \
	VLD1R (R6), [V17.B16]        \
	ADD   $addS8_MA, R0, R6      \
	VLD1R (R6), [V18.S4]         \
	ADD   $addS8_ShiftA, R0, R6  \
	VLD1R (R6), [V19.S4]         \
	ADD   $addS8_MB, R0, R6      \
	VLD1R (R6), [V21.S4]         \
	ADD   $addS8_ShiftB, R0, R6  \
	VLD1R (R6), [V22.S4]         \
	ADD   $addS8_MY, R0, R6      \
	VLD1R (R6), [V24.S4]         \
	ADD   $addS8_ShiftY, R0, R6  \
	VLD1R (R6), [V25.S4]         \
	ADD   $addS8_ZY, R0, R6      \
	VLD1R (R6), [V27.H8]         \
	ADD   $addS8_Lo, R0, R6      \
	VLD1R (R6), [V28.B16]        \
	ADD   $addS8_Hi, R0, R6      \
	VLD1R (R6), [V29.B16]        \
	VEOR  V0.B16, V0.B16, V0.B16 \
	CMGE_4S(0, 19, 20)           \
	CMGE_4S(0, 22, 23)           \
	CMGE_4S(0, 25, 26)           \
	VSHL  $31, V20.S4, V20.S4    \
	VSHL  $31, V23.S4, V23.S4    \
	VSHL  $31, V26.S4, V26.S4    \
	BINARY_S8
