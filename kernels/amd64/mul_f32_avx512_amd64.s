#include "textflag.h"
#include "go_asm.h"
#include "binary_f32_avx512_amd64.h"

// func MulF32AVX512(a *abi.BinaryF32)
//
// CPU: AVX512F; BMI2. Registers, tail and the operands' order: BINARY_F32.
#define OP VMULPS (R8), Z0, Z0

TEXT ·MulF32AVX512(SB), NOSPLIT, $64-8
	MOVQ a+0(FP), DI
	BINARY_F32
