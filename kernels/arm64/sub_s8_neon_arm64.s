#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "sum_s8_neon_arm64.h"

// func SubS8NEON(a *abi.AddS8)
//
// CPU: Advanced SIMD (every arm64). Registers and tail: SUM_S8. R7 Reverse
//
// To negate a multiplier instead of exchanging the rescaled operands would turn ties.
#define COMBINE \
	CBNZ R7, reversed \
	SUB_4S(6, 2, 2)   \
	SUB_4S(7, 3, 3)   \
	SUB_4S(8, 4, 4)   \
	SUB_4S(9, 5, 5)   \
	B    combined     \
reversed:                 \
	SUB_4S(2, 6, 2)   \
	SUB_4S(3, 7, 3)   \
	SUB_4S(4, 8, 4)   \
	SUB_4S(5, 9, 5)   \
combined:

TEXT ·SubS8NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD addS8_Reverse(R0), R7
	SUM_S8
