#include "textflag.h"
#include "go_asm.h"
#include "mask_avx2_amd64.h"

// func MixS8AVX2(a *abi.MixS8)
//
// CPU: AVX2. Thirty-two columns a step, then eight; the last step reads up to 7 bytes past the end of a row and stores
// under a mask.
//
//	SI x    R8 w of the columns    R9 Step    DI y    CX columns left    DX K
//	R10 w    R11 left    R12 x    Y0-Y3 sums    Y4 element of x    Y5 Y6 products    Y7 Less    Y8 mask

#define START \
	MOVQ R8, R10 \
	MOVQ DX, R11 \
	MOVQ SI, R12

#define NEXT \
	ADDQ R9, R10 \
	ADDQ $4, R12 \
	DECQ R11

#define ELEMENT \
	VBROADCASTSS (R12), Y4 \
	VCVTPS2DQ    Y4, Y4

#define TAKE(i, sum, t) \
	VPMOVSXBD i(R10), t \
	VPMULLD   Y4, t, t  \
	VPADDD    t, sum, sum

TEXT ·MixS8AVX2(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	MOVQ         mixS8_X(AX), SI
	MOVQ         mixS8_W(AX), R8
	MOVQ         mixS8_Y(AX), DI
	MOVQ         mixS8_N(AX), CX
	MOVQ         mixS8_K(AX), DX
	MOVQ         mixS8_Step(AX), R9
	VPBROADCASTD mixS8_Less(AX), Y7
	JMP          wide

columns32:
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3
	START

loop32:
	ELEMENT
	TAKE(0, Y0, Y5)
	TAKE(8, Y1, Y6)
	TAKE(16, Y2, Y5)
	TAKE(24, Y3, Y6)
	NEXT
	JNZ     loop32
	VPSUBD  Y7, Y0, Y0
	VPSUBD  Y7, Y1, Y1
	VPSUBD  Y7, Y2, Y2
	VPSUBD  Y7, Y3, Y3
	VMOVDQU Y0, (DI)
	VMOVDQU Y1, 32(DI)
	VMOVDQU Y2, 64(DI)
	VMOVDQU Y3, 96(DI)
	ADDQ    $32, R8
	ADDQ    $128, DI

wide:
	SUBQ $32, CX
	JGE  columns32
	ADDQ $32, CX

columns8:
	TESTQ CX, CX
	JLE   done
	VPXOR Y0, Y0, Y0
	START

loop8:
	ELEMENT
	TAKE(0, Y0, Y5)
	NEXT
	JNZ     loop8
	VPSUBD  Y7, Y0, Y0
	SUBQ    $8, CX
	JLT     tail
	VMOVDQU Y0, (DI)
	ADDQ    $8, R8
	ADDQ    $32, DI
	JMP     columns8

tail:
	ADDQ       $8, CX
	LANEMASK(CX, AX, Y8)
	VPMASKMOVD Y0, Y8, (DI)

done:
	VZEROUPPER
	RET
