#include "clamp_amd64.h"

// BINARY_F32 is the body of a kernel over abi.BinaryF32; OP makes Z0 of the elements Z0 of a and those at (R8) of b.
// Sixteen elements a step; the last step reads up to 15 elements past the ends and stores under a mask.
//
//	DI args    SI a    R8 b    R9 y    R10 elements left    R11 bytes of b to step    R12 of a    AX scratch
//	Z0 value    Z16 Lo    Z17 Hi    Z18 0    K2 all lanes where there is a clamp    K3 OP's scratch
//
// One b for all becomes sixteen of it in the frame's 64 bytes. Reverse exchanges the operands' pointers and steps, which
// sums and products do not notice.
#define BINARY_F32 \
	VBROADCASTSS binaryF32_Lo(DI), Z16   \
	VBROADCASTSS binaryF32_Hi(DI), Z17   \
	VPXORD       Z18, Z18, Z18           \
	CLAMPMASK(binaryF32_Clamp(DI), K2)   \
	MOVQ         binaryF32_A(DI), SI     \
	MOVQ         binaryF32_B(DI), R8     \
	MOVQ         binaryF32_Y(DI), R9     \
	MOVQ         binaryF32_N(DI), R10    \
	MOVQ         binaryF32_BStep(DI), R11 \
	MOVQ         $64, R12                \
	SHLQ         $6, R11                 \
	JNZ          order                   \
	VBROADCASTSS (R8), Z0                \
	LEAQ         b-64(SP), R8            \
	VMOVUPS      Z0, (R8)                \
order:                                       \
	CMPQ binaryF32_Reverse(DI), $0       \
	JEQ  next                            \
	XCHGQ SI, R8                         \
	XCHGQ R11, R12                       \
	JMP  next                            \
loop:                                        \
	VMOVUPS (SI), Z0                     \
	OP                                   \
	CLAMP(Z16, Z17, K2, Z0)              \
	VMOVUPS Z0, (R9)                     \
	ADDQ    R12, SI                      \
	ADDQ    R11, R8                      \
	ADDQ    $64, R9                      \
next:                                        \
	SUBQ    $16, R10                     \
	JGE     loop                         \
	ADDQ    $16, R10                     \
	JEQ     done                         \
	MOVL    $-1, AX                      \
	BZHIL   R10, AX, AX                  \
	KMOVW   AX, K1                       \
	VMOVUPS (SI), Z0                     \
	OP                                   \
	CLAMP(Z16, Z17, K2, Z0)              \
	VMOVUPS Z0, K1, (R9)                 \
done:                                        \
	VZEROUPPER                           \
	RET
