#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func DequantizeS8NEON(a *abi.DequantizeS8)
//
// CPU: Advanced SIMD (every arm64). Sixteen elements a step; the last step reads up to 15 bytes past the end of x and
// stores what there is.
//
//	R0 args   R1 x   R3 y   R4 elements left   R6 scratch   V0-V3 elements   V16 Scale   V17 ZeroPoint

TEXT ·DequantizeS8NEON(SB), NOSPLIT, $0-8
	MOVD  a+0(FP), R0
	MOVD  dequantizeS8_X(R0), R1
	MOVD  dequantizeS8_Y(R0), R3
	MOVD  dequantizeS8_N(R0), R4
	ADD   $dequantizeS8_Scale, R0, R6
	VLD1R (R6), [V16.S4]
	ADD   $dequantizeS8_ZeroPoint, R0, R6
	VLD1R (R6), [V17.B16]
	CBZ   R4, done

loop:
	FMOVQ.P 16(R1), F3
	SSUBL_8H(17, 3, 1)
	SSUBL2_8H(17, 3, 3)
	SXTL_4S(1, 0)
	SXTL2_4S(1, 1)
	SXTL_4S(3, 2)
	SXTL2_4S(3, 3)
	SCVTF_4S(0, 0)
	SCVTF_4S(1, 1)
	SCVTF_4S(2, 2)
	SCVTF_4S(3, 3)
	FMUL_4S(16, 0, 0)
	FMUL_4S(16, 1, 1)
	FMUL_4S(16, 2, 2)
	FMUL_4S(16, 3, 3)
	SUBS    $16, R4
	BLT     tail
	VST1.P  [V0.S4, V1.S4, V2.S4, V3.S4], 64(R3)
	BNE     loop
	RET

tail:
	TBZ     $3, R4, tail8
	FSTPQ.P (F0, F1), 32(R3)
	VMOV    V2.B16, V0.B16
	VMOV    V3.B16, V1.B16

tail8:
	STORE_FLOATS(V0, V1, F0, R3, R4, s4, s2, done)
	RET
