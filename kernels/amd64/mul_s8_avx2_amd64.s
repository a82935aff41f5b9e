#include "textflag.h"
#include "go_asm.h"
#include "binary_s8_avx2_amd64.h"
#include "mbqm_avx2_amd64.h"
#include "narrow_avx2_amd64.h"

// func MulS8AVX2(a *abi.MulS8)
//
// CPU: AVX2; BMI2. Tail, and registers but these: BINARY_S8.
//
//	DI args    AX BX CX scratch
//	Y0 a    Y1 b    Y5 ZA    Y6 ZB    Y7 M    Y8 2^30    Y9 left    Y10 e
//	Y11 e > 0 ? 2^(e−1) : 0    Y12 e > 0 ? −1 : 0    Y13 ZY    Y14 Lo    Y15 Hi
//
// RDPOT8 overflows as little as in mul_s8_avx512_amd64.s.
#define STEP \
	VPMOVSXBD (SI), Y0    \
	VPMOVSXBD (R8), Y1    \
	VPSUBD    Y5, Y0, Y0  \
	VPSUBD    Y6, Y1, Y1  \
	VPMULLD   Y1, Y0, Y0  \
	VPSLLVD   Y9, Y0, Y0  \
	SRDHM8(Y7, Y7, Y8)    \
	RDPOT8(Y10, Y11, Y12) \
	VPADDD    Y13, Y0, Y0 \
	VPMAXSD   Y14, Y0, Y0 \
	VPMINSD   Y15, Y0, Y0 \
	NARROW8(Y0, X0, X1)

TEXT ·MulS8AVX2(SB), NOSPLIT, $8-8
	MOVQ         a+0(FP), DI
	VPBROADCASTD mulS8_ZA(DI), Y5
	VPBROADCASTD mulS8_ZB(DI), Y6
	VPBROADCASTD mulS8_M(DI), Y7
	MOVL         $0x40000000, AX
	VMOVQ        AX, X8
	VPBROADCASTQ X8, Y8
	EXPONENT8(mulS8_Shift(DI), Y9, Y10, Y11, Y12)
	VPBROADCASTD mulS8_ZY(DI), Y13
	VPBROADCASTD mulS8_Lo(DI), Y14
	VPBROADCASTD mulS8_Hi(DI), Y15
	MOVQ         mulS8_A(DI), SI
	MOVQ         mulS8_B(DI), R8
	MOVQ         mulS8_Y(DI), R9
	MOVQ         mulS8_N(DI), R10
	MOVQ         mulS8_BStep(DI), R11
	BINARY_S8(b-8(SP))
