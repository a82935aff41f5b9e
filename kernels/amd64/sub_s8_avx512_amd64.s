#include "textflag.h"
#include "go_asm.h"
#include "sum_s8_avx512_amd64.h"

// func SubS8AVX512(a *abi.AddS8)
//
// CPU: AVX512F, BW, VL, DQ; BMI2. Registers and tail: SUM_S8. Z28 −Reverse    Z29 2^31 + Reverse
//
// The rescaled difference, negated after both roundings where Reverse is set: to negate a multiplier would turn ties.
#define COMBINE \
	VPSUBD Z1, Z0, Z0  \
	VPXORD Z28, Z0, Z0 \
	VPADDD Z29, Z0, Z0

TEXT ·SubS8AVX512(SB), NOSPLIT, $16-8
	MOVQ         a+0(FP), DI
	MOVL         addS8_Reverse(DI), AX
	MOVL         $0x80000000, BX
	ADDL         AX, BX
	NEGL         AX
	VPBROADCASTD AX, Z28
	VPBROADCASTD BX, Z29
	SUM_S8
