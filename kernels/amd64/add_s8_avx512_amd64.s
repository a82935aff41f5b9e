#include "textflag.h"
#include "go_asm.h"
#include "sum_s8_avx512_amd64.h"

// func AddS8AVX512(a *abi.AddS8)
//
// CPU: AVX512F, BW, VL, DQ; BMI2. Registers and tail: SUM_S8.
#define COMBINE \
	VPADDD Z1, Z0, Z0 \
	VPXORD Z27, Z0, Z0

TEXT ·AddS8AVX512(SB), NOSPLIT, $16-8
	MOVQ a+0(FP), DI
	SUM_S8
