#include "textflag.h"
#include "go_asm.h"
#include "mask_avx2_amd64.h"

// func DequantizeS8AVX2(a *abi.DequantizeS8)
//
// CPU: AVX2. Eight elements a step; the last step reads up to 7 bytes past x's end and stores under a mask.
//
//	SI x    DI y    CX elements left    AX scratch    Y0 value    Y1 mask    Y8 Scale    Y9 ZeroPoint
#define STEP \
	VPMOVSXBD (SI), Y0     \
	VPSUBD    Y9, Y0, Y0   \
	VCVTDQ2PS Y0, Y0       \
	VMULPS    Y8, Y0, Y0

TEXT ·DequantizeS8AVX2(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	MOVQ         dequantizeS8_X(AX), SI
	MOVQ         dequantizeS8_Y(AX), DI
	MOVQ         dequantizeS8_N(AX), CX
	VBROADCASTSS dequantizeS8_Scale(AX), Y8
	VPBROADCASTD dequantizeS8_ZeroPoint(AX), Y9
	JMP          next

loop:
	STEP
	VMOVUPS Y0, (DI)
	ADDQ    $8, SI
	ADDQ    $32, DI

next:
	SUBQ       $8, CX
	JGE        loop
	ADDQ       $8, CX
	JEQ        done
	STEP
	LANEMASK(CX, AX, Y1)
	VMASKMOVPS Y0, Y1, (DI)

done:
	VZEROUPPER
	RET
