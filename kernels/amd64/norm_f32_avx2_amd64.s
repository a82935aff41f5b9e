#include "textflag.h"
#include "go_asm.h"
#include "mask_avx2_amd64.h"

// func NormF32AVX2(a *abi.NormF32)
//
// CPU: AVX2. Sixteen elements a step, three passes over each row: sum, differences and the sum of their squares, results.
// The sums are fixed.Sum16 and SumSquares16: their sixteen partial sums are the lanes of Y0 and Y1. The last step of a pass
// is under masks.
//
//	R8 x of the row    R9 y of it    R10 rows left    R11 N    R12 N&^15    R13 scale    BX bias    DX Center
//	SI x    DI y    CX left    AX scratch
//	Y0 Y1 sum    Y2 Y3 scratch    Y8 mean    Y9 reciprocal of the deviation    X10 N    X11 Epsilon    Y12 Y13 masks

// REDUCE is X0 = the sum of the lanes of Y0 and Y1.
#define REDUCE \
	VADDPS       Y1, Y0, Y0    \
	VEXTRACTF128 $1, Y0, X1    \
	VADDPS       X1, X0, X0    \
	VPSHUFD      $0x4e, X0, X1 \
	VADDPS       X1, X0, X0    \
	VPSHUFD      $0xb1, X0, X1 \
	VADDSS       X1, X0, X0

TEXT ·NormF32AVX2(SB), NOSPLIT, $0-8
	MOVQ       a+0(FP), AX
	MOVQ       normF32_X(AX), R8
	MOVQ       normF32_Y(AX), R9
	MOVQ       normF32_Rows(AX), R10
	MOVQ       normF32_N(AX), R11
	MOVQ       normF32_Scale(AX), R13
	MOVQ       normF32_Bias(AX), BX
	MOVQ       normF32_Center(AX), DX
	VMOVSS     normF32_Epsilon(AX), X11
	VXORPS     X10, X10, X10
	VCVTSI2SSQ R11, X10, X10
	MOVQ       R11, R12
	ANDQ       $-16, R12
	MOVQ       R11, CX
	ANDQ       $15, CX
	LANEMASKS(CX, SI, DI, Y12, Y13)

row:
	VXORPS Y8, Y8, Y8
	TESTQ  DX, DX
	JEQ    centered
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	MOVQ   R8, SI
	MOVQ   R12, CX
	JMP    sum1

sum0:
	VADDPS (SI), Y0, Y0
	VADDPS 32(SI), Y1, Y1
	ADDQ   $64, SI

sum1:
	SUBQ         $16, CX
	JGE          sum0
	VMASKMOVPS   (SI), Y12, Y2
	VMASKMOVPS   32(SI), Y13, Y3
	VADDPS       Y2, Y0, Y0
	VADDPS       Y3, Y1, Y1
	REDUCE
	VDIVSS       X10, X0, X0
	VBROADCASTSS X0, Y8

centered:
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	MOVQ   R8, SI
	MOVQ   R9, DI
	MOVQ   R12, CX
	JMP    square1

square0:
	VMOVUPS (SI), Y2
	VMOVUPS 32(SI), Y3
	VSUBPS  Y8, Y2, Y2
	VSUBPS  Y8, Y3, Y3
	VMOVUPS Y2, (DI)
	VMOVUPS Y3, 32(DI)
	VMULPS  Y2, Y2, Y2
	VMULPS  Y3, Y3, Y3
	VADDPS  Y2, Y0, Y0
	VADDPS  Y3, Y1, Y1
	ADDQ    $64, SI
	ADDQ    $64, DI

square1:
	SUBQ         $16, CX
	JGE          square0
	VMASKMOVPS   (SI), Y12, Y2
	VMASKMOVPS   32(SI), Y13, Y3
	VSUBPS       Y8, Y2, Y2
	VSUBPS       Y8, Y3, Y3
	VMASKMOVPS   Y2, Y12, (DI)
	VMASKMOVPS   Y3, Y13, 32(DI)
	VMULPS       Y2, Y2, Y2
	VMULPS       Y3, Y3, Y3
	VANDPS       Y12, Y2, Y2
	VANDPS       Y13, Y3, Y3
	VADDPS       Y2, Y0, Y0
	VADDPS       Y3, Y1, Y1
	REDUCE
	VDIVSS       X10, X0, X0
	VADDSS       X11, X0, X0
	VCVTSS2SD    X0, X0, X0
	VSQRTSD      X0, X0, X0
	VMOVSD       $1.0, X1
	VDIVSD       X0, X1, X0
	VCVTSD2SS    X0, X0, X0
	VBROADCASTSS X0, Y9
	MOVQ         R9, DI
	MOVQ         R12, CX
	XORL         AX, AX
	JMP          result1

result0:
	VMULPS  (DI), Y9, Y0
	VMULPS  32(DI), Y9, Y1
	VMULPS  (R13)(AX*4), Y0, Y0
	VMULPS  32(R13)(AX*4), Y1, Y1
	VADDPS  (BX)(AX*4), Y0, Y0
	VADDPS  32(BX)(AX*4), Y1, Y1
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	ADDQ    $64, DI
	ADDQ    $16, AX

result1:
	SUBQ       $16, CX
	JGE        result0
	VMASKMOVPS (DI), Y12, Y0
	VMASKMOVPS 32(DI), Y13, Y1
	VMULPS     Y9, Y0, Y0
	VMULPS     Y9, Y1, Y1
	VMULPS     (R13)(AX*4), Y0, Y0
	VMULPS     32(R13)(AX*4), Y1, Y1
	VADDPS     (BX)(AX*4), Y0, Y0
	VADDPS     32(BX)(AX*4), Y1, Y1
	VMASKMOVPS Y0, Y12, (DI)
	VMASKMOVPS Y1, Y13, 32(DI)
	LEAQ       (R8)(R11*4), R8
	LEAQ       (R9)(R11*4), R9
	DECQ       R10
	JNZ        row
	VZEROUPPER
	RET
