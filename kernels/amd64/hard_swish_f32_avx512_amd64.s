#include "textflag.h"
#include "go_asm.h"
#include "unary_f32_avx512_amd64.h"

// func HardSwishF32AVX512(a *abi.UnaryF32)
//
// CPU: AVX512F; BMI2. Registers and tail: UNARY_F32. Z16 3    Z17 6    Z18 0    Z19 1/6
//
// Order of the sources: see CLAMP in clamp_amd64.h.
#define F \
	VADDPS Z16, Z0, Z1 \
	VMAXPS Z18, Z1, Z1 \
	VMINPS Z1, Z17, Z1 \
	VMULPS Z19, Z1, Z1 \
	VMULPS Z1, Z0, Z0

TEXT ·HardSwishF32AVX512(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	MOVL         $0x40400000, DX
	VPBROADCASTD DX, Z16
	MOVL         $0x40c00000, DX
	VPBROADCASTD DX, Z17
	VPXORD       Z18, Z18, Z18
	MOVL         $0x3e2aaaab, DX
	VPBROADCASTD DX, Z19
	UNARY_F32
