#include "textflag.h"
#include "go_asm.h"
#include "binary_f32_avx2_amd64.h"

// func PReluF32AVX2(a *abi.BinaryF32)
//
// CPU: AVX2. Registers, tail and the operands' order: BINARY_F32.
//
// A NaN is not below 0 and stays.
#define OP \
	VCMPPS    $1, Y11, Y0, Y1 \
	VMULPS    (R8), Y0, Y2    \
	VBLENDVPS Y1, Y2, Y0, Y0

TEXT ·PReluF32AVX2(SB), NOSPLIT, $32-8
	MOVQ a+0(FP), DI
	BINARY_F32
