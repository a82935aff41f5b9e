#include "textflag.h"
#include "go_asm.h"
#include "unary_f32_avx512_amd64.h"

// func HardSigmoidF32AVX512(a *abi.UnaryF32)
//
// CPU: AVX512F; BMI2. Registers and tail: UNARY_F32. Z16 Alpha    Z17 Beta    Z18 0    Z19 1
//
// Order of the sources: see CLAMP in clamp_amd64.h.
#define F \
	VMULPS Z16, Z0, Z0 \
	VADDPS Z17, Z0, Z0 \
	VMAXPS Z18, Z0, Z0 \
	VMINPS Z0, Z19, Z0

TEXT ·HardSigmoidF32AVX512(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	VBROADCASTSS unaryF32_Alpha(AX), Z16
	VBROADCASTSS unaryF32_Beta(AX), Z17
	VPXORD       Z18, Z18, Z18
	MOVL         $0x3f800000, DX
	VPBROADCASTD DX, Z19
	UNARY_F32
