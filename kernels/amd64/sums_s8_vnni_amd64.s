#include "textflag.h"
#include "go_asm.h"

// func SumsS8VNNI(a *abi.SumsS8)
//
// CPU: AVX512F, BW, VNNI; BMI2. 32 codes a step, the last one under a mask.
//
//	SI x    CX codes left    Z0 codes    Z1 sums    Z2 sums of squares    Z3 ones    K1 codes of the last step
TEXT ·SumsS8VNNI(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	MOVQ         sumsS8_X(AX), SI
	MOVQ         sumsS8_N(AX), CX
	VPXORD       Z1, Z1, Z1
	VPXORD       Z2, Z2, Z2
	MOVL         $0x00010001, DX
	VPBROADCASTD DX, Z3
	JMP          next

loop:
	VPMOVSXBW (SI), Z0
	VPDPWSSD  Z0, Z3, Z1
	VPDPWSSD  Z0, Z0, Z2
	ADDQ      $32, SI

next:
	SUBQ        $32, CX
	JGE         loop
	ADDQ        $32, CX
	MOVL        $-1, DX
	BZHIL       CX, DX, DX
	KMOVD       DX, K1
	VPMOVSXBW.Z (SI), K1, Z0
	VPDPWSSD    Z0, Z3, Z1
	VPDPWSSD    Z0, Z0, Z2

	// Pairs of both side by side, then pairs of those.
	VPUNPCKLDQ    Z2, Z1, Z0
	VPUNPCKHDQ    Z2, Z1, Z1
	VPADDD        Z1, Z0, Z0
	VEXTRACTI64X4 $1, Z0, Y1
	VPADDD        Y1, Y0, Y0
	VEXTRACTI128  $1, Y0, X1
	VPADDD        X1, X0, X0
	VPSHUFD       $0x4e, X0, X1
	VPADDD        X1, X0, X0
	VMOVD         X0, sumsS8_Sum(AX)
	VPEXTRD       $1, X0, sumsS8_Squares(AX)
	VZEROUPPER
	RET
