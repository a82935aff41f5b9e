#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "pool_f32_neon_arm64.h"

// func AvgPoolF32NEON(a *abi.PoolF32)
//
// CPU: Advanced SIMD (every arm64). Tail, and registers but these: POOL_F32.
//
// Taps are added to +0 in ascending order, and the sum divided by Count: one rounding each, as abi.PoolF32 says.
//
//	R13 Count   V18 Count of the row
#define ROW \
	VLD1R.P 4(R13), [V18.S4] \
	SCVTF_4S(18, 18)

#define PADDED(skip) TBNZ $63, R6, skip
#define TAKE(x, v) FADD_4S(x, v, v)
#define RESULT(v) FDIV_4S(18, v, v)

TEXT ·AvgPoolF32NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD poolF32_Count(R0), R13
	VEOR V20.B16, V20.B16, V20.B16
	POOL_F32
