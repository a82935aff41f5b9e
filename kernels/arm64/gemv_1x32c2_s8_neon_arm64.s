#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "gemv_s8_arm64.h"

// func Gemv1x32c2S8NEON(a *abi.GemvS8)
//
// CPU: Advanced SIMD (every arm64). Weights of two k side by side, [K/2][32][2], so that SADALP adds what belongs together.
// Two products share an int16 where no weight is -128: 2*128*127 fits, 2*128*128 does not.
TEXT ·Gemv1x32c2S8NEON(SB), NOSPLIT, $0-8
	START

panel:
	MOVD gemvS8_Rows(R0), R6
	MOVD R1, R12
	MOVD R3, R13

row:
	SUMS
	ADD  $512, R2, R7
	MOVD R12, R8
	MOVD R4, R9
	MOVD gemvS8_Most127(R0), R15
	CBZ  R15, pair
	SUBS $4, R9
	BLT  rest

four:
	VLD1R.P 2(R8), [V24.H8]
	FLDPQ   (R7), (F16, F17)
	FLDPQ   32(R7), (F18, F19)
	VLD1R.P 2(R8), [V25.H8]
	FLDPQ   64(R7), (F20, F21)
	FLDPQ   96(R7), (F22, F23)
	ADD     $128, R7
	SMULL_8H(24, 16, 8)
	SMULL2_8H(24, 16, 9)
	SMULL_8H(24, 17, 10)
	SMULL2_8H(24, 17, 11)
	SMULL_8H(24, 18, 12)
	SMULL2_8H(24, 18, 13)
	SMULL_8H(24, 19, 14)
	SMULL2_8H(24, 19, 15)
	SUBS    $4, R9
	SMLAL_8H(25, 20, 8)
	SMLAL2_8H(25, 20, 9)
	SMLAL_8H(25, 21, 10)
	SMLAL2_8H(25, 21, 11)
	SMLAL_8H(25, 22, 12)
	SMLAL2_8H(25, 22, 13)
	SMLAL_8H(25, 23, 14)
	SMLAL2_8H(25, 23, 15)
	SADALP_4S(8, 0)
	SADALP_4S(9, 1)
	SADALP_4S(10, 2)
	SADALP_4S(11, 3)
	SADALP_4S(12, 4)
	SADALP_4S(13, 5)
	SADALP_4S(14, 6)
	SADALP_4S(15, 7)
	BGE     four

rest:
	ADDS $4, R9
	BEQ  finish

pair:
	VLD1R.P 2(R8), [V24.H8]
	FLDPQ   (R7), (F16, F17)
	FLDPQ   32(R7), (F18, F19)
	ADD     $64, R7
	SMULL_8H(24, 16, 8)
	SMULL2_8H(24, 16, 9)
	SMULL_8H(24, 17, 10)
	SMULL2_8H(24, 17, 11)
	SMULL_8H(24, 18, 12)
	SMULL2_8H(24, 18, 13)
	SMULL_8H(24, 19, 14)
	SMULL2_8H(24, 19, 15)
	SUBS    $2, R9
	SADALP_4S(8, 0)
	SADALP_4S(9, 1)
	SADALP_4S(10, 2)
	SADALP_4S(11, 3)
	SADALP_4S(12, 4)
	SADALP_4S(13, 5)
	SADALP_4S(14, 6)
	SADALP_4S(15, 7)
	BNE     pair

finish:
	FINISH
	SUBS $1, R6
	BNE  row
	ADD  R14, R2
	ADD  $64, R3
	SUBS $1, R5
	BNE  panel
	RET
