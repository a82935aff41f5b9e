#include "mask_avx2_amd64.h"

// UNARY_F32 is the body of a kernel over abi.UnaryF32; F replaces the eight elements in Y0. The last step reads up to 7
// elements past x's end and stores under a mask.
//
//	SI x    DI y    CX elements left    AX scratch, the arguments at first    Y1 mask
//
// F has the other registers; before UNARY_F32 stands what loads its constants.
#define UNARY_F32 \
	MOVQ       unaryF32_X(AX), SI \
	MOVQ       unaryF32_Y(AX), DI \
	MOVQ       unaryF32_N(AX), CX \
	JMP        next               \
loop:                                 \
	VMOVUPS    (SI), Y0           \
	F                             \
	VMOVUPS    Y0, (DI)           \
	ADDQ       $32, SI            \
	ADDQ       $32, DI            \
next:                                 \
	SUBQ       $8, CX             \
	JGE        loop               \
	ADDQ       $8, CX             \
	JEQ        done               \
	VMOVUPS    (SI), Y0           \
	F                             \
	LANEMASK(CX, AX, Y1)          \
	VMASKMOVPS Y0, Y1, (DI)       \
done:                                 \
	VZEROUPPER                    \
	RET
