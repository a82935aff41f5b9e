#include "textflag.h"
#include "go_asm.h"
#include "binary_s8_avx512_amd64.h"
#include "mbqm_avx512_amd64.h"

// func PReluS8AVX512(a *abi.PReluS8)
//
// CPU: AVX512F, BW, VL, DQ; BMI2. Tail, and registers but these: BINARY_S8.
//
//	DI args    AX BX CX scratch
//	Z0 a    Z1 b    Z2-Z6 M, left, e, half, sign of each lane, from those of a ≥ 0 (Z10-Z14) and a < 0 (Z15-Z19)
//	Z7 M of the odd lanes    Z20 ZA    Z21 ZB    Z22 ZY    Z23 −128    Z24 127    Z25 2^30    K2 odd dwords    K3 a < 0
//
// Each lane has its own multiplier.
#define STEP \
	VPMOVSXBD (SI), Z0         \
	VPMOVSXBD (R8), Z1         \
	VPSUBD    Z20, Z0, Z0      \
	VPSUBD    Z21, Z1, Z1      \
	VPMOVD2M  Z0, K3           \
	VPMULLD   Z1, Z0, K3, Z0   \
	VPBLENDMD Z15, Z10, K3, Z2 \
	VPBLENDMD Z16, Z11, K3, Z3 \
	VPBLENDMD Z17, Z12, K3, Z4 \
	VPBLENDMD Z18, Z13, K3, Z5 \
	VPBLENDMD Z19, Z14, K3, Z6 \
	VPSLLVD   Z3, Z0, Z0       \
	VPSRLQ    $32, Z2, Z7      \
	SRDHM(Z2, Z7, Z25)         \
	RDPOT(Z4, Z5, Z6)          \
	VPADDD    Z22, Z0, Z0      \
	VPMAXSD   Z23, Z0, Z0      \
	VPMINSD   Z24, Z0, Z0      \
	VPMOVDB   Z0, X0

TEXT ·PReluS8AVX512(SB), NOSPLIT, $16-8
	MOVQ         a+0(FP), DI
	VPBROADCASTD pReluS8_M(DI), Z10
	VPBROADCASTD pReluS8_MNeg(DI), Z15
	EXPONENT(pReluS8_Shift(DI), Z11, Z12, Z13, Z14)
	EXPONENT(pReluS8_ShiftNeg(DI), Z16, Z17, Z18, Z19)
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
	BINARY_S8
