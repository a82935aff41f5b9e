#include "textflag.h"
#include "go_asm.h"

// func SumsS8AVX2(a *abi.SumsS8)
//
// CPU: AVX2. Sixteen codes a step; the last one reads up to 15 bytes past the end and leaves out what is there.
//
//	SI x    CX codes left    Y0 codes    Y1 sums    Y2 sums of squares    Y3 ones    Y4 scratch
DATA codes<>+0(SB)/8, $-1
DATA codes<>+8(SB)/8, $-1
DATA codes<>+16(SB)/8, $0
DATA codes<>+24(SB)/8, $0
GLOBL codes<>(SB), RODATA|NOPTR, $32

#define ADD16 \
	VPMADDWD Y3, Y0, Y4 \
	VPADDD   Y4, Y1, Y1 \
	VPMADDWD Y0, Y0, Y4 \
	VPADDD   Y4, Y2, Y2

TEXT ·SumsS8AVX2(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	MOVQ         sumsS8_X(AX), SI
	MOVQ         sumsS8_N(AX), CX
	VPXOR        Y1, Y1, Y1
	VPXOR        Y2, Y2, Y2
	VPCMPEQW     Y3, Y3, Y3
	VPSRLW       $15, Y3, Y3
	JMP          next

loop:
	VPMOVSXBW (SI), Y0
	ADD16
	ADDQ      $16, SI

next:
	SUBQ      $16, CX
	JGE       loop
	NEGQ      CX
	LEAQ      codes<>(SB), DX
	VMOVDQU   (SI), X0
	VPAND     (DX)(CX*1), X0, X0
	VPMOVSXBW X0, Y0
	ADD16

	VPUNPCKLDQ   Y2, Y1, Y0
	VPUNPCKHDQ   Y2, Y1, Y1
	VPADDD       Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPADDD       X1, X0, X0
	VPSHUFD      $0x4e, X0, X1
	VPADDD       X1, X0, X0
	VMOVD        X0, sumsS8_Sum(AX)
	VPEXTRD      $1, X0, sumsS8_Squares(AX)
	VZEROUPPER
	RET
