#include "textflag.h"
#include "go_asm.h"

// func AdamF32AVX512(a *abi.AdamF32)
//
// CPU: AVX512F; BMI2. Sixteen weights a step, the last one under a mask.
//
//	SI w    DI g    BX m    DX v    CX weights left    AX scratch    K1 weights of the step
//	Z0 w    Z1 g    Z2 m    Z3 v    Z4 scratch    Z16 GScale    Z17 L2    Z18 Shrink    Z19 InvBeta1    Z20 Beta2
//	Z21 InvBeta2    Z22 StepSize    Z23 InvSqrtBias2    Z24 Eps
TEXT ·AdamF32AVX512(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	VBROADCASTSS adamF32_GScale(AX), Z16
	VBROADCASTSS adamF32_L2(AX), Z17
	VBROADCASTSS adamF32_Shrink(AX), Z18
	VBROADCASTSS adamF32_InvBeta1(AX), Z19
	VBROADCASTSS adamF32_Beta2(AX), Z20
	VBROADCASTSS adamF32_InvBeta2(AX), Z21
	VBROADCASTSS adamF32_StepSize(AX), Z22
	VBROADCASTSS adamF32_InvSqrtBias2(AX), Z23
	VBROADCASTSS adamF32_Eps(AX), Z24
	MOVQ         adamF32_W(AX), SI
	MOVQ         adamF32_G(AX), DI
	MOVQ         adamF32_M(AX), BX
	MOVQ         adamF32_V(AX), DX
	MOVQ         adamF32_N(AX), CX
	KXNORW       K1, K1, K1
	JMP          next

loop:
	VMOVUPS.Z (SI), K1, Z0
	VMOVUPS.Z (DI), K1, Z1
	VMOVUPS.Z (BX), K1, Z2
	VMOVUPS.Z (DX), K1, Z3
	VMULPS    Z18, Z0, Z4
	VSUBPS    Z4, Z0, Z0
	VMULPS    Z16, Z1, Z1
	VMULPS    Z17, Z0, Z4
	VADDPS    Z4, Z1, Z1
	VSUBPS    Z2, Z1, Z4
	VMULPS    Z19, Z4, Z4
	VADDPS    Z4, Z2, Z2
	VMULPS    Z21, Z1, Z4
	VMULPS    Z1, Z4, Z4
	VMULPS    Z20, Z3, Z3
	VADDPS    Z4, Z3, Z3
	VMOVUPS   Z2, K1, (BX)
	VMOVUPS   Z3, K1, (DX)
	VSQRTPS   Z3, Z3
	VMULPS    Z23, Z3, Z3
	VADDPS    Z24, Z3, Z3
	VMULPS    Z22, Z2, Z2
	VDIVPS    Z3, Z2, Z2
	VSUBPS    Z2, Z0, Z0
	VMOVUPS   Z0, K1, (SI)
	ADDQ      $64, SI
	ADDQ      $64, DI
	ADDQ      $64, BX
	ADDQ      $64, DX

next:
	SUBQ  $16, CX
	JGE   loop
	ADDQ  $16, CX
	JLE   done
	MOVL  $-1, AX
	BZHIL CX, AX, AX
	KMOVW AX, K1
	XORL  CX, CX
	JMP   loop

done:
	VZEROUPPER
	RET
