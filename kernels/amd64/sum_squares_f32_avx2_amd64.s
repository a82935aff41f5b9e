#include "textflag.h"
#include "go_asm.h"
#include "mask_avx2_amd64.h"

// func SumSquaresF32AVX2(a *abi.SumSquaresF32)
//
// CPU: AVX2. Sixteen elements a step; the last one reads under masks and keeps the sums that get nothing.
//
//	SI x    DI sums    CX elements left    AX BX DX scratch    Y0 Y1 squares    Y2 Y3 sums    Y4 Y5 elements of the last step
TEXT ·SumSquaresF32AVX2(SB), NOSPLIT, $0-8
	MOVQ    a+0(FP), AX
	MOVQ    sumSquaresF32_X(AX), SI
	MOVQ    sumSquaresF32_Sum(AX), DI
	MOVQ    sumSquaresF32_N(AX), CX
	VMOVUPS (DI), Y2
	VMOVUPS 32(DI), Y3
	JMP     next

loop:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VMULPS  Y0, Y0, Y0
	VMULPS  Y1, Y1, Y1
	VADDPS  Y0, Y2, Y2
	VADDPS  Y1, Y3, Y3
	ADDQ    $64, SI

next:
	SUBQ       $16, CX
	JGE        loop
	ADDQ       $16, CX
	LANEMASKS(CX, BX, DX, Y4, Y5)
	VMASKMOVPS (SI), Y4, Y0
	VMASKMOVPS 32(SI), Y5, Y1
	VMULPS     Y0, Y0, Y0
	VMULPS     Y1, Y1, Y1
	VADDPS     Y0, Y2, Y0
	VADDPS     Y1, Y3, Y1
	VBLENDVPS  Y4, Y0, Y2, Y2
	VBLENDVPS  Y5, Y1, Y3, Y3
	VMOVUPS    Y2, (DI)
	VMOVUPS    Y3, 32(DI)
	VZEROUPPER
	RET
