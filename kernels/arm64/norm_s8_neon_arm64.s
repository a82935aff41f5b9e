#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func NormS8NEON(a *abi.NormS8)
//
// CPU: Advanced SIMD (every arm64). Eight codes a step; the last one reads up to 56 bytes past the ends and stores what
// there is. Saturation is the clamp, that to 16 bits before Zero is added included.
//
//	R0 args   R1 x   R2 y   R3 m   R4 b   R5 codes left   R6 scratch
//	V0-V2 codes, z   V3-V6 products   V16 V17 m   V18-V21 b, results
//	V24 Size   V25 Less   V26 Inv   V27 −ShiftZ   V28 −ShiftY   V29 Zero

TEXT ·NormS8NEON(SB), NOSPLIT, $0-8
	MOVD  a+0(FP), R0
	MOVD  normS8_X(R0), R1
	MOVD  normS8_Y(R0), R2
	MOVD  normS8_M(R0), R3
	MOVD  normS8_B(R0), R4
	MOVD  normS8_N(R0), R5
	MOVW  normS8_Size(R0), R6
	VDUP  R6, V24.S4
	MOVW  normS8_Less(R0), R6
	VDUP  R6, V25.S4
	MOVW  normS8_Inv(R0), R6
	VDUP  R6, V26.S4
	MOVD  normS8_ShiftZ(R0), R6
	NEG   R6, R6
	VDUP  R6, V27.D2
	MOVD  normS8_ShiftY(R0), R6
	NEG   R6, R6
	VDUP  R6, V28.D2
	MOVW  normS8_Zero(R0), R6
	VDUP  R6, V29.H8
	CBZ   R5, done

loop:
	VLD1.P 8(R1), [V0.B8]
	VLD1.P 32(R3), [V16.S4, V17.S4]
	VLD1.P 64(R4), [V18.D2, V19.D2, V20.D2, V21.D2]
	SXTL_8H(0, 0)
	SXTL_4S(0, 1)
	SXTL2_4S(0, 2)
	MUL_4S(24, 1, 1)
	MUL_4S(24, 2, 2)
	SUB_4S(25, 1, 1)
	SUB_4S(25, 2, 2)
	SMULL_2D(26, 1, 3)
	SMULL2_2D(26, 1, 4)
	SMULL_2D(26, 2, 5)
	SMULL2_2D(26, 2, 6)
	SRSHL_2D(27, 3, 3)
	SRSHL_2D(27, 4, 4)
	SRSHL_2D(27, 5, 5)
	SRSHL_2D(27, 6, 6)
	XTN_2S(3, 1)
	XTN_2S(5, 2)
	XTN2_4S(4, 1)
	XTN2_4S(6, 2)
	SMLAL_2D(16, 1, 18)
	SMLAL2_2D(16, 1, 19)
	SMLAL_2D(17, 2, 20)
	SMLAL2_2D(17, 2, 21)
	SSHL_2D(28, 18, 18)
	SSHL_2D(28, 19, 19)
	SSHL_2D(28, 20, 20)
	SSHL_2D(28, 21, 21)
	SQXTN_2S(18, 18)
	SQXTN_2S(20, 20)
	SQXTN2_4S(19, 18)
	SQXTN2_4S(21, 20)
	SQXTN_4H(18, 18)
	SQXTN2_8H(20, 18)
	SQADD_8H(29, 18, 18)
	SQXTN_8B(18, 18)
	SUBS   $8, R5
	BLT    tail
	VST1.P [V18.B8], 8(R2)
	BNE    loop
	RET

tail:
	TBZ     $2, R5, two
	FMOVS.P F18, 4(R2)
	VEXT    $4, V18.B16, V18.B16, V18.B16

two:
	TBZ    $1, R5, one
	VST1.P V18.H[0], 2(R2)
	VEXT   $2, V18.B16, V18.B16, V18.B16

one:
	TBZ  $0, R5, done
	VST1 V18.B[0], (R2)

done:
	RET
