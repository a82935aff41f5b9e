#include "textflag.h"
#include "go_asm.h"

// func NormF32AVX512(a *abi.NormF32)
//
// CPU: AVX512F, VL, DQ; BMI2. Sixteen elements a step, three passes over each row: sum, differences and the sum of their
// squares, results. The sums are fixed.Sum16 and SumSquares16: their sixteen partial sums are the lanes of Z0. The last
// step of a pass is under a mask.
//
//	R8 x of the row    R9 y of it    R10 rows left    R11 N    R12 N&^15    R13 scale    BX bias    DX Center
//	SI x    DI y    CX left    AX scratch
//	Z0 sum    Z1 scratch    Z28 mean    Z29 reciprocal of the deviation    X30 N    X31 Epsilon    K1 lanes of the last step

// REDUCE is X0 = the sum of the lanes of Z0.
#define REDUCE \
	VEXTRACTF64X4 $1, Z0, Y1   \
	VADDPS        Y1, Y0, Y0   \
	VEXTRACTF128  $1, Y0, X1   \
	VADDPS        X1, X0, X0   \
	VPSHUFD       $0x4e, X0, X1 \
	VADDPS        X1, X0, X0   \
	VPSHUFD       $0xb1, X0, X1 \
	VADDSS        X1, X0, X0

TEXT ·NormF32AVX512(SB), NOSPLIT, $0-8
	MOVQ       a+0(FP), AX
	MOVQ       normF32_X(AX), R8
	MOVQ       normF32_Y(AX), R9
	MOVQ       normF32_Rows(AX), R10
	MOVQ       normF32_N(AX), R11
	MOVQ       normF32_Scale(AX), R13
	MOVQ       normF32_Bias(AX), BX
	MOVQ       normF32_Center(AX), DX
	VMOVSS     normF32_Epsilon(AX), X31
	VXORPS     X30, X30, X30
	VCVTSI2SSQ R11, X30, X30
	MOVQ       R11, R12
	ANDQ       $-16, R12
	MOVQ       R11, CX
	ANDQ       $15, CX
	MOVL       $-1, AX
	BZHIL      CX, AX, AX
	KMOVW      AX, K1

row:
	VPXORD Z28, Z28, Z28
	TESTQ  DX, DX
	JEQ    centered
	VPXORD Z0, Z0, Z0
	MOVQ   R8, SI
	MOVQ   R12, CX
	JMP    sum1

sum0:
	VADDPS (SI), Z0, Z0
	ADDQ   $64, SI

sum1:
	SUBQ         $16, CX
	JGE          sum0
	VMOVUPS.Z    (SI), K1, Z1
	VADDPS       Z1, Z0, Z0
	REDUCE
	VDIVSS       X30, X0, X0
	VBROADCASTSS X0, Z28

centered:
	VPXORD Z0, Z0, Z0
	MOVQ   R8, SI
	MOVQ   R9, DI
	MOVQ   R12, CX
	JMP    square1

square0:
	VMOVUPS (SI), Z1
	VSUBPS  Z28, Z1, Z1
	VMOVUPS Z1, (DI)
	VMULPS  Z1, Z1, Z1
	VADDPS  Z1, Z0, Z0
	ADDQ    $64, SI
	ADDQ    $64, DI

square1:
	SUBQ         $16, CX
	JGE          square0
	VMOVUPS      (SI), K1, Z1
	VSUBPS       Z28, Z1, Z1
	VMOVUPS      Z1, K1, (DI)
	VMULPS.Z     Z1, Z1, K1, Z1
	VADDPS       Z1, Z0, Z0
	REDUCE
	VDIVSS       X30, X0, X0
	VADDSS       X31, X0, X0
	VCVTSS2SD    X0, X0, X0
	VSQRTSD      X0, X0, X0
	VMOVSD       $1.0, X1
	VDIVSD       X0, X1, X0
	VCVTSD2SS    X0, X0, X0
	VBROADCASTSS X0, Z29
	MOVQ         R9, DI
	MOVQ         R12, CX
	XORL         AX, AX
	JMP          result1

result0:
	VMULPS  (DI), Z29, Z0
	VMULPS  (R13)(AX*4), Z0, Z0
	VADDPS  (BX)(AX*4), Z0, Z0
	VMOVUPS Z0, (DI)
	ADDQ    $64, DI
	ADDQ    $16, AX

result1:
	SUBQ      $16, CX
	JGE       result0
	VMOVUPS.Z (DI), K1, Z0
	VMULPS    Z29, Z0, Z0
	VMULPS    (R13)(AX*4), Z0, Z0
	VADDPS    (BX)(AX*4), Z0, Z0
	VMOVUPS   Z0, K1, (DI)
	LEAQ      (R8)(R11*4), R8
	LEAQ      (R9)(R11*4), R9
	DECQ      R10
	JNZ       row
	VZEROUPPER
	RET
