#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "lanes_arm64.h"

// func MixS8NEON(a *abi.MixS8)
//
// CPU: Advanced SIMD (every arm64). Sixteen columns a step; the last step reads up to 15 bytes past the end of a row and
// stores what there is.
//
//	R0 args   R1 x   R2 w of the columns   R3 y   R4 columns left   R5 Step   R6 K
//	R7 x   R8 w   R9 left   V0-V2 codes   V3 element of x   V4-V7 sums   V16 Less
TEXT ·MixS8NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD mixS8_X(R0), R1
	MOVD mixS8_W(R0), R2
	MOVD mixS8_Y(R0), R3
	MOVD mixS8_N(R0), R4
	MOVD mixS8_Step(R0), R5
	MOVD mixS8_K(R0), R6
	MOVW mixS8_Less(R0), R7
	VDUP R7, V16.S4
	CBZ  R4, done

columns:
	VEOR V4.B16, V4.B16, V4.B16
	VEOR V5.B16, V5.B16, V5.B16
	VEOR V6.B16, V6.B16, V6.B16
	VEOR V7.B16, V7.B16, V7.B16
	MOVD R1, R7
	MOVD R2, R8
	MOVD R6, R9

loop:
	VLD1R.P 4(R7), [V3.S4]
	VLD1    (R8), [V0.B16]
	ADD     R5, R8, R8
	FCVTZS_4S(3, 3)
	VDUP    V3.H[0], V3.H8
	SXTL_8H(0, 1)
	SXTL2_8H(0, 2)
	SMLAL_4S(3, 1, 4)
	SMLAL2_4S(3, 1, 5)
	SMLAL_4S(3, 2, 6)
	SMLAL2_4S(3, 2, 7)
	SUBS    $1, R9
	BNE     loop
	SUB_4S(16, 4, 4)
	SUB_4S(16, 5, 5)
	SUB_4S(16, 6, 6)
	SUB_4S(16, 7, 7)
	ADD     $16, R2, R2
	SUBS    $16, R4
	BLT     tail
	VST1.P  [V4.S4, V5.S4, V6.S4, V7.S4], 64(R3)
	BNE     columns
	RET

tail:
	ADD $16, R4
	STORE_LANES(R3, R4, store8, store4, store2, done)
	RET
