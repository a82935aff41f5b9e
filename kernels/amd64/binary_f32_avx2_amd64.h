#include "clamp_avx2_amd64.h"
#include "mask_avx2_amd64.h"

// BINARY_F32 is the body of a kernel over abi.BinaryF32; OP makes Y0 of the elements Y0 of a and those at (R8) of b.
// Eight elements a step; the last step reads up to 7 elements past the ends and stores under a mask.
//
//	DI args    SI a    R8 b    R9 y    R10 elements left    R11 bytes of b to step    R12 of a    AX scratch
//	Y0 value    Y1 Y2 scratch    Y8 Lo    Y9 Hi    Y10 all lanes where there is a clamp    Y11 0
//
// One b for all becomes eight of it in the frame's 32 bytes. Reverse exchanges the operands' pointers and steps, which
// sums and products do not notice.
#define BINARY_F32 \
	VBROADCASTSS binaryF32_Lo(DI), Y8        \
	VBROADCASTSS binaryF32_Hi(DI), Y9        \
	CLAMPMASK(binaryF32_Clamp(DI), X10, Y10) \
	VXORPS       Y11, Y11, Y11               \
	MOVQ         binaryF32_A(DI), SI         \
	MOVQ         binaryF32_B(DI), R8         \
	MOVQ         binaryF32_Y(DI), R9         \
	MOVQ         binaryF32_N(DI), R10        \
	MOVQ         binaryF32_BStep(DI), R11    \
	MOVL         $32, R12                    \
	SHLQ         $5, R11                     \
	JNZ          order                       \
	VBROADCASTSS (R8), Y0                    \
	LEAQ         b-32(SP), R8                \
	VMOVUPS      Y0, (R8)                    \
order:                                           \
	CMPQ         binaryF32_Reverse(DI), $0   \
	JEQ          next                        \
	XCHGQ        SI, R8                      \
	XCHGQ        R11, R12                    \
	JMP          next                        \
loop:                                            \
	VMOVUPS      (SI), Y0                    \
	OP                                       \
	CLAMPIF(Y8, Y9, Y10, Y0, Y1)             \
	VMOVUPS      Y0, (R9)                    \
	ADDQ         R12, SI                     \
	ADDQ         R11, R8                     \
	ADDQ         $32, R9                     \
next:                                            \
	SUBQ         $8, R10                     \
	JGE          loop                        \
	ADDQ         $8, R10                     \
	JEQ          done                        \
	VMOVUPS      (SI), Y0                    \
	OP                                       \
	CLAMPIF(Y8, Y9, Y10, Y0, Y1)             \
	LANEMASK(R10, AX, Y1)                    \
	VMASKMOVPS   Y0, Y1, (R9)                \
done:                                            \
	VZEROUPPER                               \
	RET
