#include "textflag.h"
#include "go_asm.h"
#include "sum_s8_avx2_amd64.h"

// func AddS8AVX2(a *abi.AddS8)
//
// CPU: AVX2; BMI2. Registers and tail: SUM_S8.
#define COMBINE \
	VPADDD Y1, Y0, Y0 \
	VPXOR  offset-224(SP), Y0, Y0

TEXT ·AddS8AVX2(SB), NOSPLIT, $264-8
	MOVQ         a+0(FP), DI
	MOVL         $0x80000000, AX
	VMOVD        AX, X0
	VPBROADCASTD X0, Y0
	VMOVDQU      Y0, offset-224(SP)
	SUM_S8
