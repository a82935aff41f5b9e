#include "textflag.h"
#include "go_asm.h"

// func SGDF32AVX512(a *abi.SGDF32)
//
// CPU: AVX512F; BMI2. Sixteen weights a step, the last one under a mask.
//
//	SI w    DI g    BX v, or 0    CX weights left    R8 Nesterov    AX scratch    K1 weights of the step
//	Z0 w    Z1 g, then the step    Z2 v    Z3 scratch    Z16 GScale    Z17 Decay    Z18 Momentum    Z19 LR
TEXT ·SGDF32AVX512(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	VBROADCASTSS sgdF32_GScale(AX), Z16
	VBROADCASTSS sgdF32_Decay(AX), Z17
	VBROADCASTSS sgdF32_Momentum(AX), Z18
	VBROADCASTSS sgdF32_LR(AX), Z19
	MOVQ         sgdF32_W(AX), SI
	MOVQ         sgdF32_G(AX), DI
	MOVQ         sgdF32_V(AX), BX
	MOVQ         sgdF32_N(AX), CX
	MOVQ         sgdF32_Nesterov(AX), R8
	KXNORW       K1, K1, K1
	JMP          next

loop:
	VMOVUPS.Z (SI), K1, Z0
	VMOVUPS.Z (DI), K1, Z1
	VMULPS    Z16, Z1, Z1
	VMULPS    Z17, Z0, Z3
	VADDPS    Z3, Z1, Z1
	TESTQ     BX, BX
	JEQ       step
	VMOVUPS.Z (BX), K1, Z2
	VMULPS    Z18, Z2, Z2
	VADDPS    Z1, Z2, Z2
	VMOVUPS   Z2, K1, (BX)
	ADDQ      $64, BX
	TESTQ     R8, R8
	JEQ       velocity
	VMULPS    Z18, Z2, Z2
	VADDPS    Z2, Z1, Z1
	JMP       step

velocity:
	VMOVAPS Z2, Z1

step:
	VMULPS  Z19, Z1, Z1
	VSUBPS  Z1, Z0, Z0
	VMOVUPS Z0, K1, (SI)
	ADDQ    $64, SI
	ADDQ    $64, DI

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
