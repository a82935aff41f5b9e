#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func SumSquaresF32NEON(a *abi.SumSquaresF32)
//
// CPU: Advanced SIMD (every arm64). Sixteen elements a step; the last one reads up to 60 bytes past the end of x and stores
// the sums that got something.
//
//	R0 args   R1 x   R2 sums   R4 elements left   V0-V3 squares   V16-V19 sums
TEXT ·SumSquaresF32NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD sumSquaresF32_X(R0), R1
	MOVD sumSquaresF32_Sum(R0), R2
	MOVD sumSquaresF32_N(R0), R4
	CBZ  R4, done
	VLD1 (R2), [V16.S4, V17.S4, V18.S4, V19.S4]

loop:
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4]
	FMUL_4S(0, 0, 0)
	FMUL_4S(1, 1, 1)
	FMUL_4S(2, 2, 2)
	FMUL_4S(3, 3, 3)
	SUBS   $16, R4
	BLT    tail
	FADD_4S(0, 16, 16)
	FADD_4S(1, 17, 17)
	FADD_4S(2, 18, 18)
	FADD_4S(3, 19, 19)
	BNE    loop
	VST1   [V16.S4, V17.S4, V18.S4, V19.S4], (R2)
	RET

tail:
	VST1    [V16.S4, V17.S4, V18.S4, V19.S4], (R2)
	FADD_4S(0, 16, 16)
	FADD_4S(1, 17, 17)
	FADD_4S(2, 18, 18)
	FADD_4S(3, 19, 19)
	TBZ     $3, R4, tail8
	FSTPQ.P (F16, F17), 32(R2)
	VMOV    V18.B16, V16.B16
	VMOV    V19.B16, V17.B16

tail8:
	STORE_FLOATS(V16, V17, F16, R2, R4, s4, s2, done)
	RET
