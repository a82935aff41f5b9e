#include "textflag.h"
#include "go_asm.h"
#include "mask_avx2_amd64.h"

// func MixF32AVX2(a *abi.RowF32)
//
// CPU: AVX2, FMA. Thirty-two columns a step, then eight; the last step reads up to 28 bytes past the end of a row and
// stores under a mask.
//
//	SI x    R8 w of the columns    R9 bytes between rows    DI y    CX columns left    DX K
//	R10 w    R11 left    R12 x    Y0-Y3 sums    Y4 element of x    Y5 mask

#define START \
	MOVQ R8, R10 \
	MOVQ DX, R11 \
	MOVQ SI, R12

#define NEXT \
	ADDQ R9, R10 \
	ADDQ $4, R12 \
	DECQ R11

TEXT ·MixF32AVX2(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	MOVQ rowF32_X(AX), SI
	MOVQ rowF32_W(AX), R8
	MOVQ rowF32_Y(AX), DI
	MOVQ rowF32_N(AX), CX
	MOVQ rowF32_K(AX), DX
	MOVQ rowF32_Step(AX), R9
	SHLQ $2, R9
	JMP  wide

columns32:
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	START

loop32:
	VBROADCASTSS (R12), Y4
	VFMADD231PS  (R10), Y4, Y0
	VFMADD231PS  32(R10), Y4, Y1
	VFMADD231PS  64(R10), Y4, Y2
	VFMADD231PS  96(R10), Y4, Y3
	NEXT
	JNZ          loop32
	VMOVUPS      Y0, (DI)
	VMOVUPS      Y1, 32(DI)
	VMOVUPS      Y2, 64(DI)
	VMOVUPS      Y3, 96(DI)
	ADDQ         $128, R8
	ADDQ         $128, DI

wide:
	SUBQ $32, CX
	JGE  columns32
	ADDQ $32, CX

columns8:
	TESTQ  CX, CX
	JLE    done
	VXORPS Y0, Y0, Y0
	START

loop8:
	VBROADCASTSS (R12), Y4
	VFMADD231PS  (R10), Y4, Y0
	NEXT
	JNZ          loop8
	SUBQ         $8, CX
	JLT          tail
	VMOVUPS      Y0, (DI)
	ADDQ         $32, R8
	ADDQ         $32, DI
	JMP          columns8

tail:
	ADDQ       $8, CX
	LANEMASK(CX, AX, Y5)
	VMASKMOVPS Y0, Y5, (DI)

done:
	VZEROUPPER
	RET
