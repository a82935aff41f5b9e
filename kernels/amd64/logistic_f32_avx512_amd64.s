#include "textflag.h"
#include "go_asm.h"
#include "exp_avx512_amd64.h"
#include "unary_f32_avx512_amd64.h"

// func LogisticF32AVX512(a *abi.UnaryF32)
//
// CPU: AVX512F, DQ; BMI2. Registers and tail: UNARY_F32. Z4 x    Z16 sign bits    Z17-Z29 of EXP
#define F \
	VMOVAPS   Z0, Z4         \
	VORPS     Z16, Z0, Z0    \
	EXP                      \
	VPMOVD2M  Z4, K3         \
	VADDPS    Z28, Z2, Z1    \
	VMOVAPS   Z28, Z0        \
	VMOVAPS   Z2, K3, Z0     \
	VDIVPS    Z1, Z0, Z0

TEXT ·LogisticF32AVX512(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	MOVL         $0x80000000, DX
	VPBROADCASTD DX, Z16
	EXPCONSTANTS
	UNARY_F32
