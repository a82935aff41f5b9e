#include "textflag.h"
#include "go_asm.h"

// func MulS8AVX512(a *abi.MulS8)
//
// CPU: AVX512F, BW, VL, DQ; BMI2. Sixteen elements a step; the last step reads up to 15 bytes past the ends and
// stores under a mask.
//
//	DI args    SI a    R8 b    R9 y    R10 elements left    R11 bytes of b to step    AX BX CX scratch
//	Z0 a    Z1 b    Z2 Z3 scratch    Z16 ZA    Z17 ZB    Z18 M    Z19 2^30    Z20 left    Z21 e
//	Z22 e > 0 ? 2^(e−1) : 0    Z23 e > 0 ? −1 : 0    Z24 ZY    Z25 Lo    Z26 Hi    K2 odd dwords
//
// Any mantissa but −2^31 and any exponent. x·m + 2^30 has the high multiply in bits 31 to 62: of the even lanes it is
// shifted down to the low dword, of the odd ones up by one into the high dword. The rounding division adds 2^(e−1), less 1
// where negative; no sum overflows, for e > 0 means no left shift and products of codes are below 2^16.
#define STEP \
	VPMOVSXBD (SI), Z0        \
	VPMOVSXBD (R8), Z1        \
	VPSUBD    Z16, Z0, Z0     \
	VPSUBD    Z17, Z1, Z1     \
	VPMULLD   Z1, Z0, Z0      \
	VPSLLVD   Z20, Z0, Z0     \
	VPSRLQ    $32, Z0, Z1     \
	VPMULDQ   Z18, Z0, Z0     \
	VPMULDQ   Z18, Z1, Z1     \
	VPADDQ    Z19, Z0, Z0     \
	VPADDQ    Z19, Z1, Z1     \
	VPSRLQ    $31, Z0, Z0     \
	VPADDQ    Z1, Z1, Z1      \
	VMOVDQA32 Z1, K2, Z0      \
	VPSRAD    $31, Z0, Z1     \
	VPANDD    Z23, Z1, Z1     \
	VPADDD    Z22, Z0, Z0     \
	VPADDD    Z1, Z0, Z0      \
	VPSRAVD   Z21, Z0, Z0     \
	VPADDD    Z24, Z0, Z0     \
	VPMAXSD   Z25, Z0, Z0     \
	VPMINSD   Z26, Z0, Z0     \
	VPMOVDB   Z0, X0

TEXT ·MulS8AVX512(SB), NOSPLIT, $16-8
	MOVQ         a+0(FP), DI
	VPBROADCASTD mulS8_ZA(DI), Z16
	VPBROADCASTD mulS8_ZB(DI), Z17
	VPBROADCASTD mulS8_M(DI), Z18
	MOVL         $0x40000000, AX
	VPBROADCASTQ AX, Z19
	MOVL         mulS8_Shift(DI), CX
	XORL         BX, BX
	MOVL         CX, AX
	TESTL        CX, CX
	CMOVLLT      BX, AX
	VPBROADCASTD AX, Z20
	SUBL         CX, AX
	VPBROADCASTD AX, Z21
	MOVL         $1, BX
	SHLXL        AX, BX, BX
	SHRL         $1, BX
	VPBROADCASTD BX, Z22
	NEGL         AX
	SARL         $31, AX
	VPBROADCASTD AX, Z23
	VPBROADCASTD mulS8_ZY(DI), Z24
	VPBROADCASTD mulS8_Lo(DI), Z25
	VPBROADCASTD mulS8_Hi(DI), Z26
	MOVL         $0xaaaa, AX
	KMOVW        AX, K2
	MOVQ         mulS8_A(DI), SI
	MOVQ         mulS8_B(DI), R8
	MOVQ         mulS8_Y(DI), R9
	MOVQ         mulS8_N(DI), R10
	MOVQ         mulS8_BStep(DI), R11
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
