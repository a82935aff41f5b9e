// UNARY_F32 is the body of a kernel over abi.UnaryF32; F replaces the sixteen elements in Z0. The last step reads up to 15
// elements past x's end and stores under a mask.
//
//	SI x    DI y    CX elements left    AX scratch, the arguments at first    K1 lanes of the last step
//
// F has the other registers; before UNARY_F32 stands what loads its constants.
#define UNARY_F32 \
	MOVQ    unaryF32_X(AX), SI \
	MOVQ    unaryF32_Y(AX), DI \
	MOVQ    unaryF32_N(AX), CX \
	JMP     next               \
loop:                              \
	VMOVUPS (SI), Z0           \
	F                          \
	VMOVUPS Z0, (DI)           \
	ADDQ    $64, SI            \
	ADDQ    $64, DI            \
next:                              \
	SUBQ    $16, CX            \
	JGE     loop               \
	ADDQ    $16, CX            \
	JEQ     done               \
	MOVL    $-1, AX            \
	BZHIL   CX, AX, AX         \
	KMOVW   AX, K1             \
	VMOVUPS (SI), Z0           \
	F                          \
	VMOVUPS Z0, K1, (DI)       \
done:                              \
	VZEROUPPER                 \
	RET
