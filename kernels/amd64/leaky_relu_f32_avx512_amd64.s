#include "textflag.h"
#include "go_asm.h"
#include "unary_f32_avx512_amd64.h"

// func LeakyReluF32AVX512(a *abi.UnaryF32)
//
// CPU: AVX512F; BMI2. Registers and tail: UNARY_F32. Z16 Alpha    Z17 0
//
// A NaN is not below 0 and stays.
#define F \
	VCMPPS $1, Z17, Z0, K3 \
	VMULPS Z16, Z0, K3, Z0

TEXT ·LeakyReluF32AVX512(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	VBROADCASTSS unaryF32_Alpha(AX), Z16
	VPXORD       Z17, Z17, Z17
	UNARY_F32
