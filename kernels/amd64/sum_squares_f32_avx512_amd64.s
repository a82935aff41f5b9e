#include "textflag.h"
#include "go_asm.h"

// func SumSquaresF32AVX512(a *abi.SumSquaresF32)
//
// CPU: AVX512F; BMI2. Sixteen elements a step, the last one under a mask: adding nothing keeps a sum of −0 too.
//
//	SI x    DI sums    CX elements left    AX scratch    Z0 squares    Z1 sums    K1 elements of the last step
TEXT ·SumSquaresF32AVX512(SB), NOSPLIT, $0-8
	MOVQ    a+0(FP), AX
	MOVQ    sumSquaresF32_X(AX), SI
	MOVQ    sumSquaresF32_Sum(AX), DI
	MOVQ    sumSquaresF32_N(AX), CX
	VMOVUPS (DI), Z1
	JMP     next

loop:
	VMOVUPS (SI), Z0
	VMULPS  Z0, Z0, Z0
	VADDPS  Z0, Z1, Z1
	ADDQ    $64, SI

next:
	SUBQ      $16, CX
	JGE       loop
	ADDQ      $16, CX
	MOVL      $-1, AX
	BZHIL     CX, AX, AX
	KMOVW     AX, K1
	VMOVUPS.Z (SI), K1, Z0
	VMULPS    Z0, Z0, Z0
	VADDPS    Z0, Z1, K1, Z1
	VMOVUPS   Z1, (DI)
	VZEROUPPER
	RET
