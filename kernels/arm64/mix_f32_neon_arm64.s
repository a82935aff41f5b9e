#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "lanes_arm64.h"

// func MixF32NEON(a *abi.RowF32)
//
// CPU: Advanced SIMD (every arm64). Sixteen columns a step; the last step reads up to 60 bytes past the end of a row and
// stores what there is.
//
//	R0 args   R1 x   R2 w of the columns   R3 y   R4 columns left   R5 bytes between rows   R6 K
//	R7 x   R8 w   R9 left   V0-V3 elements   V4-V7 sums   V16 element of x
TEXT ·MixF32NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD rowF32_X(R0), R1
	MOVD rowF32_W(R0), R2
	MOVD rowF32_Y(R0), R3
	MOVD rowF32_N(R0), R4
	MOVD rowF32_Step(R0), R5
	MOVD rowF32_K(R0), R6
	LSL  $2, R5, R5
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
	VLD1R.P 4(R7), [V16.S4]
	VLD1    (R8), [V0.S4, V1.S4, V2.S4, V3.S4]
	ADD     R5, R8, R8
	FMLA_4S(16, 0, 4)
	FMLA_4S(16, 1, 5)
	FMLA_4S(16, 2, 6)
	FMLA_4S(16, 3, 7)
	SUBS    $1, R9
	BNE     loop
	ADD     $64, R2, R2
	SUBS    $16, R4
	BLT     tail
	VST1.P  [V4.S4, V5.S4, V6.S4, V7.S4], 64(R3)
	BNE     columns
	RET

tail:
	ADD $16, R4
	STORE_LANES(R3, R4, store8, store4, store2, done)
	RET
