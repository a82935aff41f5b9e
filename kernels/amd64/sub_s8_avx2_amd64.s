#include "textflag.h"
#include "go_asm.h"
#include "sum_s8_avx2_amd64.h"

// func SubS8AVX2(a *abi.AddS8)
//
// CPU: AVX2; BMI2. Registers and tail: SUM_S8. negate: −Reverse    offset: 2^31 + Reverse
//
// The rescaled difference, negated after both roundings where Reverse is set: to negate a multiplier would turn ties.
#define COMBINE \
	VPSUBD Y1, Y0, Y0             \
	VPXOR  negate-256(SP), Y0, Y0 \
	VPADDD offset-224(SP), Y0, Y0

TEXT ·SubS8AVX2(SB), NOSPLIT, $264-8
	MOVQ         a+0(FP), DI
	MOVL         addS8_Reverse(DI), AX
	MOVL         $0x80000000, BX
	ADDL         AX, BX
	NEGL         AX
	VMOVD        AX, X0
	VPBROADCASTD X0, Y0
	VMOVDQU      Y0, negate-256(SP)
	VMOVD        BX, X0
	VPBROADCASTD X0, Y0
	VMOVDQU      Y0, offset-224(SP)
	SUM_S8
