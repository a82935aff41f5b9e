#include "textflag.h"
#include "go_asm.h"
#include "binary_s8_avx512_amd64.h"
#include "mbqm_avx512_amd64.h"

// func MulS8AVX512(a *abi.MulS8)
//
// CPU: AVX512F, BW, VL, DQ; BMI2. Tail, and registers but these: BINARY_S8.
//
//	DI args    AX BX CX scratch
//	Z0 a    Z1 b    Z16 ZA    Z17 ZB    Z18 M    Z19 2^30    Z20 left    Z21 e
//	Z22 e > 0 ? 2^(e−1) : 0    Z23 e > 0 ? −1 : 0    Z24 ZY    Z25 Lo    Z26 Hi    K2 odd dwords
//
// RDPOT does not overflow: e > 0 means no left shift, and products of codes are at most 2^16.
#define STEP \
	VPMOVSXBD (SI), Z0    \
	VPMOVSXBD (R8), Z1    \
	VPSUBD    Z16, Z0, Z0 \
	VPSUBD    Z17, Z1, Z1 \
	VPMULLD   Z1, Z0, Z0  \
	VPSLLVD   Z20, Z0, Z0 \
	SRDHM(Z18, Z18, Z19)  \
	RDPOT(Z21, Z22, Z23)  \
	VPADDD    Z24, Z0, Z0 \
	VPMAXSD   Z25, Z0, Z0 \
	VPMINSD   Z26, Z0, Z0 \
	VPMOVDB   Z0, X0

TEXT ·MulS8AVX512(SB), NOSPLIT, $16-8
	MOVQ         a+0(FP), DI
	VPBROADCASTD mulS8_ZA(DI), Z16
	VPBROADCASTD mulS8_ZB(DI), Z17
	VPBROADCASTD mulS8_M(DI), Z18
	MOVL         $0x40000000, AX
	VPBROADCASTQ AX, Z19
	EXPONENT(mulS8_Shift(DI), Z20, Z21, Z22, Z23)
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
	BINARY_S8
