#include "textflag.h"
#include "go_asm.h"

// func PReluS8AVX512(a *abi.PReluS8)
//
// CPU: AVX512F, BW, VL, DQ; BMI2. Sixteen elements a step; the last step reads up to 15 bytes past the ends and
// stores under a mask.
//
//	DI args    SI a    R8 b    R9 y    R10 elements left    R11 bytes of b to step    AX BX CX scratch
//	Z0 a    Z1 b    Z2-Z6 M, left, e, half, sign of each lane, from those of a ≥ 0 (Z10-Z14) and a < 0 (Z15-Z19)
//	Z20 ZA    Z21 ZB    Z22 ZY    Z23 −128    Z24 127    Z25 2^30    K2 odd dwords    K3 a < 0
//
// The multiplication is MulS8AVX512's, with a multiplier for each lane.
#define STEP \
	VPMOVSXBD  (SI), Z0         \
	VPMOVSXBD  (R8), Z1         \
	VPSUBD     Z20, Z0, Z0      \
	VPSUBD     Z21, Z1, Z1      \
	VPMOVD2M   Z0, K3           \
	VPMULLD    Z1, Z0, K3, Z0   \
	VPBLENDMD  Z15, Z10, K3, Z2 \
	VPBLENDMD  Z16, Z11, K3, Z3 \
	VPBLENDMD  Z17, Z12, K3, Z4 \
	VPBLENDMD  Z18, Z13, K3, Z5 \
	VPBLENDMD  Z19, Z14, K3, Z6 \
	VPSLLVD    Z3, Z0, Z0       \
	VPSRLQ     $32, Z0, Z1      \
	VPMULDQ    Z2, Z0, Z0       \
	VPSRLQ     $32, Z2, Z2      \
	VPMULDQ    Z2, Z1, Z1       \
	VPADDQ     Z25, Z0, Z0      \
	VPADDQ     Z25, Z1, Z1      \
	VPSRLQ     $31, Z0, Z0      \
	VPADDQ     Z1, Z1, Z1       \
	VMOVDQA32  Z1, K2, Z0       \
	VPSRAD     $31, Z0, Z1      \
	VPANDD     Z6, Z1, Z1       \
	VPADDD     Z5, Z0, Z0       \
	VPADDD     Z1, Z0, Z0       \
	VPSRAVD    Z4, Z0, Z0       \
	VPADDD     Z22, Z0, Z0      \
	VPMAXSD    Z23, Z0, Z0      \
	VPMINSD    Z24, Z0, Z0      \
	VPMOVDB    Z0, X0

// SHIFTS takes an exponent apart: left shift, right shift e, e > 0 ? 2^(e−1) : 0, e > 0 ? −1 : 0. Overwrites AX, BX, CX.
#define SHIFTS(shift, left, e, half, sign) \
	MOVL         shift, CX  \
	XORL         BX, BX     \
	MOVL         CX, AX     \
	TESTL        CX, CX     \
	CMOVLLT      BX, AX     \
	VPBROADCASTD AX, left   \
	SUBL         CX, AX     \
	VPBROADCASTD AX, e      \
	MOVL         $1, BX     \
	SHLXL        AX, BX, BX \
	SHRL         $1, BX     \
	VPBROADCASTD BX, half   \
	NEGL         AX         \
	SARL         $31, AX    \
	VPBROADCASTD AX, sign

TEXT ·PReluS8AVX512(SB), NOSPLIT, $16-8
	MOVQ         a+0(FP), DI
	VPBROADCASTD pReluS8_M(DI), Z10
	VPBROADCASTD pReluS8_MNeg(DI), Z15
	SHIFTS(pReluS8_Shift(DI), Z11, Z12, Z13, Z14)
	SHIFTS(pReluS8_ShiftNeg(DI), Z16, Z17, Z18, Z19)
	VPBROADCASTD pReluS8_ZA(DI), Z20
	VPBROADCASTD pReluS8_ZB(DI), Z21
	VPBROADCASTD pReluS8_ZY(DI), Z22
	MOVL         $-128, AX
	VPBROADCASTD AX, Z23
	MOVL         $127, AX
	VPBROADCASTD AX, Z24
	MOVL         $0x40000000, AX
	VPBROADCASTQ AX, Z25
	MOVL         $0xaaaa, AX
	KMOVW        AX, K2
	MOVQ         pReluS8_A(DI), SI
	MOVQ         pReluS8_B(DI), R8
	MOVQ         pReluS8_Y(DI), R9
	MOVQ         pReluS8_N(DI), R10
	MOVQ         pReluS8_BStep(DI), R11
	SHLQ         $4, R11
	JNZ          next

	// One b for all: sixteen of it where the step is 0.
	VPBROADCASTB (R8), X0
	LEAQ         b-16(SP), R8
	VMOVDQU      X0, (R8)
	JMP          next

loop:
	STEP
	VMOVDQU X0, (R9)
	ADDQ    $16, SI
	ADDQ    R11, R8
	ADDQ    $16, R9

next:
	SUBQ     $16, R10
	JGE      loop
	ADDQ     $16, R10
	JEQ      done
	MOVL     $-1, AX
	BZHIL    R10, AX, AX
	KMOVW    AX, K1
	STEP
	VMOVDQU8 X0, K1, (R9)

done:
	VZEROUPPER
	RET
