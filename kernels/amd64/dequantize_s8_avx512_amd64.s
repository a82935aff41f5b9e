#include "textflag.h"
#include "go_asm.h"

// func DequantizeS8AVX512(a *abi.DequantizeS8)
//
// CPU: AVX512F; BMI2. Sixteen elements a step; the last step reads up to 15 bytes past x's end and stores under a
// mask.
//
//	SI x    DI y    CX elements left    AX scratch    Z0 value    Z16 Scale    Z17 ZeroPoint
#define STEP \
	VPMOVSXBD (SI), Z0      \
	VPSUBD    Z17, Z0, Z0   \
	VCVTDQ2PS Z0, Z0        \
	VMULPS    Z16, Z0, Z0

TEXT ·DequantizeS8AVX512(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	MOVQ         dequantizeS8_X(AX), SI
	MOVQ         dequantizeS8_Y(AX), DI
	MOVQ         dequantizeS8_N(AX), CX
	VBROADCASTSS dequantizeS8_Scale(AX), Z16
	VPBROADCASTD dequantizeS8_ZeroPoint(AX), Z17
	JMP          next

loop:
	STEP
	VMOVUPS Z0, (DI)
	ADDQ    $16, SI
	ADDQ    $64, DI

next:
	SUBQ    $16, CX
	JGE     loop
	ADDQ    $16, CX
	JEQ     done
	MOVL    $-1, AX
	BZHIL   CX, AX, AX
	KMOVW   AX, K1
	STEP
	VMOVUPS Z0, K1, (DI)

done:
	VZEROUPPER
	RET
