#include "textflag.h"
#include "go_asm.h"

// func LutS8VBMI(a *abi.LutS8)
//
// CPU: AVX512F, BW, VBMI; BMI2. Sixty-four elements a step; the last step reads up to 63 bytes past x's end and
// stores under a mask.
//
//	SI x    DI y    CX elements left    Z0 x    Z1 Z2 results    Z16-Z19 table    K3 negative x
//
// The permutation looks at 7 bits: x&127 finds x in the table's first half, which is of the negative x, and in the second.
#define STEP \
	VMOVDQU8  (SI), Z0         \
	VPMOVB2M  Z0, K3           \
	VMOVDQA64 Z0, Z1           \
	VMOVDQA64 Z0, Z2           \
	VPERMI2B  Z17, Z16, Z1     \
	VPERMI2B  Z19, Z18, Z2     \
	VPBLENDMB Z1, Z2, K3, Z0

TEXT ·LutS8VBMI(SB), NOSPLIT, $0-8
	MOVQ      a+0(FP), AX
	MOVQ      lutS8_X(AX), SI
	MOVQ      lutS8_Y(AX), DI
	MOVQ      lutS8_N(AX), CX
	MOVQ      lutS8_Table(AX), AX
	VMOVDQU64 (AX), Z16
	VMOVDQU64 64(AX), Z17
	VMOVDQU64 128(AX), Z18
	VMOVDQU64 192(AX), Z19
	JMP       next

loop:
	STEP
	VMOVDQU8 Z0, (DI)
	ADDQ     $64, SI
	ADDQ     $64, DI

next:
	SUBQ     $64, CX
	JGE      loop
	ADDQ     $64, CX
	JEQ      done
	MOVQ     $-1, AX
	BZHIQ    CX, AX, AX
	KMOVQ    AX, K1
	STEP
	VMOVDQU8 Z0, K1, (DI)

done:
	VZEROUPPER
	RET
