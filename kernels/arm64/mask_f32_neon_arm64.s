#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func MaskF32NEON(a *abi.MaskF32)
//
// CPU: Advanced SIMD (every arm64). Eight elements a step; the last step reads up to 28 bytes past the end of x and stores
// what there is.
//
//	R0 args   R1 x   R2 mask   R4 elements left   R6 scratch   V0 V1 elements   V2 byte of the mask   V3 V4 lanes that pass
//	V16 V17 bits of the lanes
DATA bits<>+0(SB)/8, $0x0000000200000001
DATA bits<>+8(SB)/8, $0x0000000800000004
DATA bits<>+16(SB)/8, $0x0000002000000010
DATA bits<>+24(SB)/8, $0x0000008000000040
GLOBL bits<>(SB), RODATA|NOPTR, $32

TEXT ·MaskF32NEON(SB), NOSPLIT, $0-8
	MOVD  a+0(FP), R0
	MOVD  maskF32_X(R0), R1
	MOVD  maskF32_Mask(R0), R2
	MOVD  maskF32_N(R0), R4
	MOVD  $bits<>(SB), R6
	FLDPQ (R6), (F16, F17)
	CBZ   R4, done

loop:
	VLD1R.P 1(R2), [V2.B16]
	FLDPQ   (R1), (F0, F1)
	VCMTST  V16.S4, V2.S4, V3.S4
	VCMTST  V17.S4, V2.S4, V4.S4
	VAND    V3.B16, V0.B16, V0.B16
	VAND    V4.B16, V1.B16, V1.B16
	SUBS    $8, R4
	BLT     tail
	FSTPQ.P (F0, F1), 32(R1)
	BNE     loop
	RET

tail:
	STORE_FLOATS(V0, V1, F0, R1, R4, s4, s2, done)
	RET
