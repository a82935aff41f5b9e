#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func ClampF32NEON(a *abi.ClampF32)
//
// CPU: Advanced SIMD (every arm64). Sixteen elements a step; the last step reads up to 60 bytes past the end of x and
// stores what there is. Y may be X.
//
//	R0 args   R1 x   R3 y   R4 elements left   R6 scratch   V0-V3 elements   V8-V11 scratch   V16 Lo   V17 Hi

TEXT ·ClampF32NEON(SB), NOSPLIT, $0-8
	MOVD  a+0(FP), R0
	MOVD  clampF32_X(R0), R1
	MOVD  clampF32_Y(R0), R3
	MOVD  clampF32_N(R0), R4
	ADD   $clampF32_Lo, R0, R6
	VLD1R (R6), [V16.S4]
	ADD   $clampF32_Hi, R0, R6
	VLD1R (R6), [V17.S4]
	CBZ   R4, done

loop:
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4]
	CLAMP4(16, 17, 0, 1, 2, 3, 8, 9, 10, 11)
	SUBS   $16, R4
	BLT    tail
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R3)
	BNE    loop
	RET

tail:
	TBZ     $3, R4, tail8
	FSTPQ.P (F0, F1), 32(R3)
	VMOV    V2.B16, V0.B16
	VMOV    V3.B16, V1.B16

tail8:
	STORE_FLOATS(V0, V1, F0, R3, R4, s4, s2, done)
	RET
