#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func DotS8NEON(a *abi.DotS8)
//
// CPU: Advanced SIMD (every arm64). Four rows a step, eight products each; reads up to 7 bytes past the end of a row, where
// x is 0. Behind the last row stands the last row again; as many results are stored as there are.
//
//	R0 args   R1 x   R2 x of the step   R3 y   R4 rows left   R5 Step   R6 scratch   R7 K left   R8-R11 rows   R16 next row
//	V0-V3 codes   V16 eight of x   V20-V23 sums   V24-V27 more of them   V28 Zero
TEXT ·DotS8NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD dotS8_X(R0), R1
	MOVD dotS8_W(R0), R16
	MOVD dotS8_Y(R0), R3
	MOVD dotS8_N(R0), R4
	MOVD dotS8_Step(R0), R5
	MOVW dotS8_Zero(R0), R6
	VDUP R6, V28.B16
	CBZ  R4, done

rows:
	MOVD R16, R8
	CMP  $1, R4
	CSEL GT, R5, ZR, R6
	ADD  R6, R8, R9
	CMP  $2, R4
	CSEL GT, R5, ZR, R6
	ADD  R6, R9, R10
	CMP  $3, R4
	CSEL GT, R5, ZR, R6
	ADD  R6, R10, R11
	ADD  R5, R11, R16
	VEOR V20.B16, V20.B16, V20.B16
	VEOR V21.B16, V21.B16, V21.B16
	VEOR V22.B16, V22.B16, V22.B16
	VEOR V23.B16, V23.B16, V23.B16
	VEOR V24.B16, V24.B16, V24.B16
	VEOR V25.B16, V25.B16, V25.B16
	VEOR V26.B16, V26.B16, V26.B16
	VEOR V27.B16, V27.B16, V27.B16
	MOVD R1, R2
	MOVD dotS8_K(R0), R7

loop:
	VLD1.P 16(R2), [V16.H8]
	VLD1.P 8(R8), [V0.B8]
	VLD1.P 8(R9), [V1.B8]
	VLD1.P 8(R10), [V2.B8]
	VLD1.P 8(R11), [V3.B8]
	SSUBL_8H(28, 0, 0)
	SSUBL_8H(28, 1, 1)
	SSUBL_8H(28, 2, 2)
	SSUBL_8H(28, 3, 3)
	SMLAL_4S(16, 0, 20)
	SMLAL_4S(16, 1, 21)
	SMLAL_4S(16, 2, 22)
	SMLAL_4S(16, 3, 23)
	SMLAL2_4S(16, 0, 24)
	SMLAL2_4S(16, 1, 25)
	SMLAL2_4S(16, 2, 26)
	SMLAL2_4S(16, 3, 27)
	SUBS   $8, R7
	BGT    loop
	ADD_4S(24, 20, 20)
	ADD_4S(25, 21, 21)
	ADD_4S(26, 22, 22)
	ADD_4S(27, 23, 23)
	VADDP  V21.S4, V20.S4, V20.S4
	VADDP  V23.S4, V22.S4, V22.S4
	VADDP  V22.S4, V20.S4, V20.S4
	SCVTF_4S(20, 20)
	SUBS   $4, R4
	BLT    tail
	VST1.P [V20.S4], 16(R3)
	BNE    rows
	RET

tail:
	ADD $4, R4
	STORE_FLOATS(V20, V21, F20, R3, R4, store4, store2, done)
	RET
