#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func ClampMaskF32NEON(a *abi.ClampMaskF32)
//
// CPU: Advanced SIMD (every arm64). Sixteen elements a step; the last step reads up to 60 bytes past the end of x and
// stores what there is.
//
//	R0 args   R1 x   R2 mask   R3 1   R4 elements left   R6 scratch   V0-V3 elements   V8-V15 scratch   V16 Lo   V17 Hi
//	V18 the bit of each byte

// PASS makes the two bytes of V8.H[0] the bits of the elements that lie between the limits.
#define PASS \
	FCMGT_4S(16, 0, 8)   \
	FCMGT_4S(16, 1, 9)   \
	FCMGT_4S(16, 2, 10)  \
	FCMGT_4S(16, 3, 11)  \
	FCMGT_4S(0, 17, 12)  \
	FCMGT_4S(1, 17, 13)  \
	FCMGT_4S(2, 17, 14)  \
	FCMGT_4S(3, 17, 15)  \
	VUZP1 V9.H8, V8.H8, V8.H8     \
	VUZP1 V11.H8, V10.H8, V10.H8  \
	VUZP1 V13.H8, V12.H8, V12.H8  \
	VUZP1 V15.H8, V14.H8, V14.H8  \
	VAND  V12.B16, V8.B16, V8.B16   \
	VAND  V14.B16, V10.B16, V10.B16 \
	VUZP1 V10.B16, V8.B16, V8.B16  \
	VAND  V18.B16, V8.B16, V8.B16  \
	VADDP V8.B16, V8.B16, V8.B16   \
	VADDP V8.B16, V8.B16, V8.B16   \
	VADDP V8.B16, V8.B16, V8.B16

TEXT ·ClampMaskF32NEON(SB), NOSPLIT, $0-8
	MOVD  a+0(FP), R0
	MOVD  clampMaskF32_X(R0), R1
	MOVD  clampMaskF32_Mask(R0), R2
	MOVD  clampMaskF32_N(R0), R4
	ADD   $clampMaskF32_Lo, R0, R6
	VLD1R (R6), [V16.S4]
	ADD   $clampMaskF32_Hi, R0, R6
	VLD1R (R6), [V17.S4]
	MOVD  $0x8040201008040201, R6
	VDUP  R6, V18.D2
	CBZ   R4, done

loop:
	VLD1   (R1), [V0.S4, V1.S4, V2.S4, V3.S4]
	CLAMP4(16, 17, 0, 1, 2, 3, 8, 9, 10, 11)
	PASS
	SUBS   $16, R4
	BLT    tail
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R1)
	VST1.P V8.H[0], 2(R2)
	BNE    loop
	RET

tail:
	ADD  $16, R4
	MOVD $1, R3
	LSL  R4, R3
	SUB  $1, R3
	VMOV V8.H[0], R6
	AND  R3, R6
	MOVB R6, (R2)
	CMP  $8, R4
	BLE  bits
	LSR  $8, R6
	MOVB R6, 1(R2)

bits:
	TBZ     $3, R4, tail8
	FSTPQ.P (F0, F1), 32(R1)
	VMOV    V2.B16, V0.B16
	VMOV    V3.B16, V1.B16

tail8:
	STORE_FLOATS(V0, V1, F0, R1, R4, s4, s2, done)
	RET
