#include "textflag.h"
#include "go_asm.h"
#include "exp_avx512_amd64.h"
#include "attention_amd64.h"

// func AttentionS8AVX512(a *abi.AttentionS8)
//
// CPU: AVX512F, DQ; BMI2. Sixteen scores a step, the last one under a mask. Exponentials are computed, which gives the
// numbers of Exp; sums of up to 2^15 of them are exact in float32.
//
//	SI x    DI x    CX left    DX N&^15    AX args, R8 scratch    K1 lanes of the last step
//	Z0-Z5 scratch    Z8 maximum    Z9 M    Z10 half    X11 Right    Z12 4095    Z13 sum    Z14 −1/512    Z15 255
//	Z17-Z29 of EXP

// F is Z2 = the weights of the scores in Z0.
#define F \
	VCVTPS2DQ   Z0, Z0           \
	VPSUBD      Z0, Z8, Z0       \
	VPSRLQ      $32, Z0, Z1      \
	VPMULUDQ    Z9, Z0, Z0       \
	VPMULUDQ    Z9, Z1, Z1       \
	VPADDQ      Z10, Z0, Z0      \
	VPADDQ      Z10, Z1, Z1      \
	VPSRLQ      X11, Z0, Z0      \
	VPSRLQ      X11, Z1, Z1      \
	VPMINUQ     Z12, Z0, Z0      \
	VPMINUQ     Z12, Z1, Z1      \
	VPSLLQ      $32, Z1, Z1      \
	VPORD       Z1, Z0, Z0       \
	VCVTDQ2PS   Z0, Z0           \
	VMULPS      Z14, Z0, Z0      \
	EXP                          \
	VMULPS      Z15, Z2, Z2      \
	VRNDSCALEPS $0, Z2, Z2

TEXT ·AttentionS8AVX512(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	MOVQ         attentionS8_X(AX), DI
	MOVQ         attentionS8_N(AX), DX
	VPBROADCASTQ attentionS8_M(AX), Z9
	MOVQ         attentionS8_Right(AX), CX
	VMOVQ        CX, X11
	DECQ         CX
	MOVL         $1, R8
	SHLQ         CX, R8
	VPBROADCASTQ R8, Z10
	VPBROADCASTQ attention<>+8(SB), Z12
	VBROADCASTSS attention<>+0(SB), Z14
	VBROADCASTSS attention<>+4(SB), Z15
	EXPCONSTANTS
	MOVQ         DX, CX
	ANDQ         $15, CX
	MOVL         $-1, R8
	BZHIL        CX, R8, R8
	KMOVW        R8, K1
	ANDQ         $-16, DX

	VBROADCASTSS  (DI), Z8
	MOVQ          DI, SI
	MOVQ          DX, CX
	JMP           max1

max0:
	VMAXPS (SI), Z8, Z8
	ADDQ   $64, SI

max1:
	SUBQ          $16, CX
	JGE           max0
	VMAXPS        (SI), Z8, K1, Z8
	VEXTRACTF64X4 $1, Z8, Y0
	VMAXPS        Y0, Y8, Y8
	VEXTRACTF128  $1, Y8, X0
	VMAXPS        X0, X8, X8
	VPSHUFD       $0x4e, X8, X0
	VMAXPS        X0, X8, X8
	VPSHUFD       $0xb1, X8, X0
	VMAXPS        X0, X8, X8
	VCVTPS2DQ     X8, X8
	VPBROADCASTD  X8, Z8

	VPXORD Z13, Z13, Z13
	JMP    next

loop:
	VMOVUPS (DI), Z0
	F
	VADDPS  Z2, Z13, Z13
	VMOVUPS Z2, (DI)
	ADDQ    $64, DI

next:
	SUBQ          $16, DX
	JGE           loop
	KTESTW        K1, K1
	JEQ           reduce
	VMOVUPS.Z     (DI), K1, Z0
	F
	VADDPS        Z2, Z13, K1, Z13
	VMOVUPS       Z2, K1, (DI)

reduce:
	VEXTRACTF64X4 $1, Z13, Y0
	VADDPS        Y0, Y13, Y0
	VEXTRACTF128  $1, Y0, X1
	VADDPS        X1, X0, X0
	VPSHUFD       $0x4e, X0, X1
	VADDPS        X1, X0, X0
	VPSHUFD       $0xb1, X0, X1
	VADDSS        X1, X0, X0
	VCVTSS2SIQ    X0, CX
	MOVQ          CX, attentionS8_Sum(AX)
	VZEROUPPER
	RET
