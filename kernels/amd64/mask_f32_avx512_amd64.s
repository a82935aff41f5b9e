#include "textflag.h"
#include "go_asm.h"

// func MaskF32AVX512(a *abi.MaskF32)
//
// CPU: AVX512F; BMI2. Sixteen elements a step, the last one under a mask.
//
//	SI x    DI mask    CX elements left    AX BX scratch    Z0 value    K1 elements that pass    K2 those of the last step
TEXT ·MaskF32AVX512(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	MOVQ maskF32_X(AX), SI
	MOVQ maskF32_Mask(AX), DI
	MOVQ maskF32_N(AX), CX
	JMP  next

loop:
	KMOVW     (DI), K1
	VMOVUPS.Z (SI), K1, Z0
	VMOVUPS   Z0, (SI)
	ADDQ      $64, SI
	ADDQ      $2, DI

next:
	SUBQ    $16, CX
	JGE     loop
	ADDQ    $16, CX
	JEQ     done
	MOVBLZX (DI), AX
	CMPQ    CX, $8
	JLE     byte
	MOVWLZX (DI), AX

byte:
	KMOVW     AX, K1
	MOVL      $-1, BX
	BZHIL     CX, BX, BX
	KMOVW     BX, K2
	KANDW     K2, K1, K1
	VMOVUPS.Z (SI), K1, Z0
	VMOVUPS   Z0, K2, (SI)

done:
	VZEROUPPER
	RET
