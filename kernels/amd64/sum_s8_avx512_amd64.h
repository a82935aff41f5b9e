#include "rescale_amd64.h"

// SUM_S8 is the body of a kernel over abi.AddS8. Sixteen elements a step; the last step reads up to 15 bytes past the
// ends and stores under a mask. COMBINE makes Z0 of the rescaled operands Z0 and Z1 and adds 2^31, as RESCALE takes it.
//
//	DI args    SI a    R8 b    R9 y    R10 elements left    R11 bytes of b to step    AX BX CX DX scratch
//	Z0 a    Z1 b    Z2-Z4 scratch    Z10-Z13 multiplier of a    Z14-Z17 of b    Z18-Z21 of y
//	Z22 ZA−2^11    Z23 ZB−2^11    Z24 ZY    Z25 Lo    Z26 Hi    Z27 2^31    K2 as RESCALE takes it
//
// (x−z)·2^20 + 2^31, RESCALE's form, is (x − (z−2^11))·2^20. One b for all becomes sixteen of it in the frame's 16 bytes.
#define SUM_STEP \
	VPMOVSXBD (SI), Z0     \
	VPMOVSXBD (R8), Z1     \
	VPSUBD    Z22, Z0, Z0  \
	VPSUBD    Z23, Z1, Z1  \
	VPSLLD    $20, Z0, Z0  \
	VPSLLD    $20, Z1, Z1  \
	RESCALE(Z0, Z10, Z10, Z11, Z11, Z12, Z13, Z2, Z3, Z4) \
	RESCALE(Z1, Z14, Z14, Z15, Z15, Z16, Z17, Z2, Z3, Z4) \
	COMBINE                \
	RESCALE(Z0, Z18, Z18, Z19, Z19, Z20, Z21, Z2, Z3, Z4) \
	VPADDD    Z24, Z0, Z0  \
	VPMAXSD   Z25, Z0, Z0  \
	VPMINSD   Z26, Z0, Z0  \
	VPMOVDB   Z0, X0

#define SUM_S8 \
	MULTIPLIER(addS8_MA(DI), addS8_ShiftA(DI), Z10, Z11, Z12, Z13) \
	MULTIPLIER(addS8_MB(DI), addS8_ShiftB(DI), Z14, Z15, Z16, Z17) \
	MULTIPLIER(addS8_MY(DI), addS8_ShiftY(DI), Z18, Z19, Z20, Z21) \
	MOVL         addS8_ZA(DI), AX    \
	SUBL         $2048, AX           \
	VPBROADCASTD AX, Z22             \
	MOVL         addS8_ZB(DI), AX    \
	SUBL         $2048, AX           \
	VPBROADCASTD AX, Z23             \
	VPBROADCASTD addS8_ZY(DI), Z24   \
	VPBROADCASTD addS8_Lo(DI), Z25   \
	VPBROADCASTD addS8_Hi(DI), Z26   \
	MOVL         $0x80000000, AX     \
	VPBROADCASTD AX, Z27             \
	MOVL         $0x5555, AX         \
	KMOVW        AX, K2              \
	MOVQ         addS8_A(DI), SI     \
	MOVQ         addS8_B(DI), R8     \
	MOVQ         addS8_Y(DI), R9     \
	MOVQ         addS8_N(DI), R10    \
	MOVQ         addS8_BStep(DI), R11 \
	SHLQ         $4, R11             \
	JNZ          next                \
	VPBROADCASTB (R8), X0            \
	LEAQ         b-16(SP), R8        \
	VMOVDQU      X0, (R8)            \
	JMP          next                \
loop:                                    \
	SUM_STEP                         \
	VMOVDQU X0, (R9)                 \
	ADDQ    $16, SI                  \
	ADDQ    R11, R8                  \
	ADDQ    $16, R9                  \
next:                                    \
	SUBQ     $16, R10                \
	JGE      loop                    \
	ADDQ     $16, R10                \
	JEQ      done                    \
	MOVL     $-1, AX                 \
	BZHIL    R10, AX, AX             \
	KMOVW    AX, K1                  \
	SUM_STEP                         \
	VMOVDQU8 X0, K1, (R9)            \
done:                                    \
	VZEROUPPER                       \
	RET
