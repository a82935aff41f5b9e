#include "textflag.h"
#include "go_asm.h"
#include "binary_s8_avx2_amd64.h"
#include "mbqm_avx2_amd64.h"
#include "narrow_avx2_amd64.h"

// func PReluS8AVX2(a *abi.PReluS8)
//
// CPU: AVX2; BMI2. Tail, and registers but these: BINARY_S8.
//
//	DI args    AX BX CX scratch
//	Y0 value    Y1 Y2 Y13 Y14 scratch    Y3 a−ZA, whose signs choose    Y4 M, Y5 left, Y6 e, Y7 half, Y8 sign for a ≥ 0; those for
//	a < 0 on the stack    Y9 ZA    Y10 ZB    Y11 ZY    Y12 2^30
//
// Each lane has its own multiplier. Narrowing clamps to [−128, 127].
#define STEP \
	VPMOVSXBD (SI), Y3                      \
	VPMOVSXBD (R8), Y1                      \
	VPSUBD    Y9, Y3, Y3                    \
	VPSUBD    Y10, Y1, Y1                   \
	VPMULLD   Y1, Y3, Y1                    \
	VBLENDVPS Y3, Y1, Y3, Y0                \
	VBLENDVPS Y3, left-64(SP), Y5, Y1       \
	VBLENDVPS Y3, multiplier-32(SP), Y4, Y2 \
	VPSLLVD   Y1, Y0, Y0                    \
	VPSRLQ    $32, Y2, Y13                  \
	SRDHM8(Y2, Y13, Y12)                    \
	VBLENDVPS Y3, right-96(SP), Y6, Y2      \
	VBLENDVPS Y3, half-128(SP), Y7, Y13     \
	VBLENDVPS Y3, sign-160(SP), Y8, Y14     \
	RDPOT8(Y2, Y13, Y14)                    \
	VPADDD    Y11, Y0, Y0                   \
	NARROW8(Y0, X0, X1)

TEXT ·PReluS8AVX2(SB), NOSPLIT, $168-8
	MOVQ         a+0(FP), DI
	VPBROADCASTD pReluS8_MNeg(DI), Y4
	EXPONENT8(pReluS8_ShiftNeg(DI), Y5, Y6, Y7, Y8)
	VMOVDQU      Y4, multiplier-32(SP)
	VMOVDQU      Y5, left-64(SP)
	VMOVDQU      Y6, right-96(SP)
	VMOVDQU      Y7, half-128(SP)
	VMOVDQU      Y8, sign-160(SP)
	VPBROADCASTD pReluS8_M(DI), Y4
	EXPONENT8(pReluS8_Shift(DI), Y5, Y6, Y7, Y8)
	VPBROADCASTD pReluS8_ZA(DI), Y9
	VPBROADCASTD pReluS8_ZB(DI), Y10
	VPBROADCASTD pReluS8_ZY(DI), Y11
	MOVL         $0x40000000, AX
	VMOVQ        AX, X12
	VPBROADCASTQ X12, Y12
	MOVQ         pReluS8_A(DI), SI
	MOVQ         pReluS8_B(DI), R8
	MOVQ         pReluS8_Y(DI), R9
	MOVQ         pReluS8_N(DI), R10
	MOVQ         pReluS8_BStep(DI), R11
	BINARY_S8(b-168(SP))
