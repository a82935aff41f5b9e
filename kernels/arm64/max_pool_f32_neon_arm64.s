#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "pool_f32_neon_arm64.h"

// func MaxPoolF32NEON(a *abi.PoolF32)
//
// CPU: Advanced SIMD (every arm64). Tail and registers: POOL_F32.
//
// FMAX is fixed.MaxF32: NaN wins, and +0 is larger than -0. The maxima start at -Inf, below everything. Padded taps repeat
// others.
#define ROW
#define PADDED(skip)
#define TAKE(x, v) FMAX_4S(x, v, v)
#define RESULT(v)

TEXT ·MaxPoolF32NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD $0xff800000, R6
	VDUP R6, V20.S4
	POOL_F32
