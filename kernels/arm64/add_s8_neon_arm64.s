#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "sum_s8_neon_arm64.h"

// func AddS8NEON(a *abi.AddS8)
//
// CPU: Advanced SIMD (every arm64). Registers and tail: SUM_S8.
#define COMBINE \
	ADD_4S(6, 2, 2) \
	ADD_4S(7, 3, 3) \
	ADD_4S(8, 4, 4) \
	ADD_4S(9, 5, 5)

TEXT ·AddS8NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	SUM_S8
