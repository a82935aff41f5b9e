#include "textflag.h"
#include "go_asm.h"
#include "part_avx2_amd64.h"

// func LutS8AVX2(a *abi.LutS8)
//
// CPU: AVX2. Thirty-two elements a step; the last step reads up to 31 bytes past x's end.
//
//	SI x    DI y    CX elements left    AX table    DX its differences    Y0 x    Y1 x+128    Y2 Y3 results    Y4 Y5 scratch    Y6 16    Y7 128
//
// VPSHUFB looks up the low 4 bits of a byte in 16 entries, and gives 0 where the byte is negative. Part i of the 16 parts
// of a half of the table is stored less (XOR) part i−1, and looked up by x − 16i, saturating: for x ≥ 16i it adds the
// difference, else nothing. Negative x use the first half by x + 128 and find nothing in the second; others vice versa.
#define LOOKUP(i) \
	VBROADCASTI128 (16*i)(DX), Y4   \
	VBROADCASTI128 (128+16*i)(DX), Y5   \
	VPSUBSB        Y6, Y1, Y1                       \
	VPSUBSB        Y6, Y0, Y0                       \
	VPSHUFB        Y1, Y4, Y4                       \
	VPSHUFB        Y0, Y5, Y5                       \
	VPXOR          Y4, Y2, Y2                       \
	VPXOR          Y5, Y3, Y3

#define STEP \
	VMOVDQU        (SI), Y0                \
	VPXOR          Y7, Y0, Y1              \
	VBROADCASTI128 (DX), Y2    \
	VBROADCASTI128 128(DX), Y3 \
	VPSHUFB        Y1, Y2, Y2              \
	VPSHUFB        Y0, Y3, Y3              \
	LOOKUP(1)                              \
	LOOKUP(2)                              \
	LOOKUP(3)                              \
	LOOKUP(4)                              \
	LOOKUP(5)                              \
	LOOKUP(6)                              \
	LOOKUP(7)                              \
	VPXOR          Y3, Y2, Y2

// DIFFERENCE stores two parts of the table less those before them.
#define DIFFERENCE(i) \
	VMOVDQU (16*i)(AX), Y0                      \
	VPXOR   (16*i-16)(AX), Y0, Y0               \
	VMOVDQU Y0, (16*i)(DX)

TEXT ·LutS8AVX2(SB), NOSPLIT, $256-8
	MOVQ         a+0(FP), BX
	MOVQ         lutS8_X(BX), SI
	MOVQ         lutS8_Y(BX), DI
	MOVQ         lutS8_N(BX), CX
	MOVQ         lutS8_Table(BX), AX
	LEAQ         differences-256(SP), DX
	DIFFERENCE(1)
	DIFFERENCE(3)
	DIFFERENCE(5)
	DIFFERENCE(7)
	DIFFERENCE(9)
	DIFFERENCE(11)
	DIFFERENCE(13)
	VMOVDQU      224(AX), X0
	VMOVDQU      240(AX), X1
	VPXOR        X0, X1, X1
	VMOVDQU      X1, 240(DX)
	VMOVDQU      (AX), X0
	VMOVDQU      X0, (DX)
	VMOVDQU      128(AX), X0
	VMOVDQU      X0, 128(DX)
	MOVL         $0x10101010, AX
	VMOVD        AX, X6
	VPBROADCASTD X6, Y6
	MOVL         $0x80808080, AX
	VMOVD        AX, X7
	VPBROADCASTD X7, Y7
	JMP          next

loop:
	STEP
	VMOVDQU Y2, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI

next:
	SUBQ $32, CX
	JGE  loop
	ADDQ $32, CX
	JEQ  done
	STEP
	STORELESS32(Y2, X2, DI, CX)

done:
	VZEROUPPER
	RET
