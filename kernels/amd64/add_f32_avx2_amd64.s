#include "textflag.h"
#include "go_asm.h"
#include "binary_f32_avx2_amd64.h"

// func AddF32AVX2(a *abi.BinaryF32)
//
// CPU: AVX2. Registers, tail and the operands' order: BINARY_F32.
#define OP VADDPS (R8), Y0, Y0

TEXT ·AddF32AVX2(SB), NOSPLIT, $32-8
	MOVQ a+0(FP), DI
	BINARY_F32
