#include "textflag.h"
#include "go_asm.h"
#include "mask_avx2_amd64.h"

// func DotS8AVX2(a *abi.DotS8)
//
// CPU: AVX2. Four rows a step, sixteen products each; reads up to 15 bytes past the end of a row, where x is 0. Behind the
// last row stands the last row again, and results are stored under a mask.
//
//	SI x    DI y    CX rows left    R8-R11 rows    R14 Step    AX k    R15 K    Y0-Y3 sums    Y4 products    Y5 Zero    Y6 mask

#define TAKE(row, sum) \
	VPMOVSXBW (row)(AX*1), Y4    \
	VPSUBW    Y5, Y4, Y4         \
	VPMADDWD  (SI)(AX*2), Y4, Y4 \
	VPADDD    Y4, sum, sum

TEXT ·DotS8AVX2(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	MOVQ         dotS8_X(AX), SI
	MOVQ         dotS8_W(AX), R8
	MOVQ         dotS8_Y(AX), DI
	MOVQ         dotS8_N(AX), CX
	MOVQ         dotS8_Step(AX), R14
	MOVQ         dotS8_K(AX), R15
	VPBROADCASTW dotS8_Zero(AX), Y5
	TESTQ        CX, CX
	JEQ          done

rows:
	LEAQ    (R8)(R14*1), R9
	CMPQ    CX, $1
	CMOVQLE R8, R9
	LEAQ    (R9)(R14*1), R10
	CMPQ    CX, $2
	CMOVQLE R9, R10
	LEAQ    (R10)(R14*1), R11
	CMPQ    CX, $3
	CMOVQLE R10, R11
	VPXOR   Y0, Y0, Y0
	VPXOR   Y1, Y1, Y1
	VPXOR   Y2, Y2, Y2
	VPXOR   Y3, Y3, Y3
	XORL    AX, AX
	JMP     next

loop:
	TAKE(R8, Y0)
	TAKE(R9, Y1)
	TAKE(R10, Y2)
	TAKE(R11, Y3)
	ADDQ $16, AX

next:
	CMPQ         AX, R15
	JLT          loop
	VPHADDD      Y1, Y0, Y0
	VPHADDD      Y3, Y2, Y2
	VPHADDD      Y2, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPADDD       X1, X0, X0
	VCVTDQ2PS    X0, X0
	SUBQ         $4, CX
	JLT          tail
	VMOVUPS      X0, (DI)
	JEQ          done
	ADDQ         $16, DI
	LEAQ         (R11)(R14*1), R8
	JMP          rows

tail:
	ADDQ       $4, CX
	LANEMASK(CX, AX, Y6)
	VMASKMOVPS X0, X6, (DI)

done:
	VZEROUPPER
	RET
