#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "lanes_arm64.h"

// func NormF32NEON(a *abi.NormF32)
//
// CPU: Advanced SIMD (every arm64). Sixteen elements a step, three passes over each row: sum, differences and the sum of
// their squares, results. The sums are fixed.Sum16 and SumSquares16: their sixteen partial sums are the lanes of V0-V3.
// The last step of a pass reads up to 60 bytes past the ends, leaves out what is there and stores what there is.
//
//	R0 args, then N%16   R1 x of the row   R2 y of it   R3 rows left   R4 N   R5 N&^15   R6 scale   R7 bias   R8 Center
//	R9 x   R10 y   R11 left   R12 R13 scale and bias   R14 scratch
//	V0-V3 sums   V4-V7 V16-V23 scratch   V24-V27 lanes of the last step   V28 mean   V29 reciprocal   F30 N   F31 Epsilon

// REDUCE is F0 = the sum of the lanes of V0-V3.
#define REDUCE \
	FADD_4S(2, 0, 0)                \
	FADD_4S(3, 1, 1)                \
	FADD_4S(1, 0, 0)                \
	VEXT $8, V0.B16, V0.B16, V1.B16 \
	FADD_4S(1, 0, 0)                \
	VEXT $4, V0.B16, V0.B16, V1.B16 \
	FADDS F1, F0, F0

#define CLEAR \
	VEOR V0.B16, V0.B16, V0.B16 \
	VEOR V1.B16, V1.B16, V1.B16 \
	VEOR V2.B16, V2.B16, V2.B16 \
	VEOR V3.B16, V3.B16, V3.B16

#define DIFFERENCES \
	FSUB_4S(28, 4, 4)    \
	FSUB_4S(28, 5, 5)    \
	FSUB_4S(28, 6, 6)    \
	FSUB_4S(28, 7, 7)    \
	FMUL_4S(4, 4, 16)    \
	FMUL_4S(5, 5, 17)    \
	FMUL_4S(6, 6, 18)    \
	FMUL_4S(7, 7, 19)

#define ACCUMULATE(a, b, c, d) \
	FADD_4S(a, 0, 0) \
	FADD_4S(b, 1, 1) \
	FADD_4S(c, 2, 2) \
	FADD_4S(d, 3, 3)

#define RESULTS \
	VLD1.P 64(R12), [V16.S4, V17.S4, V18.S4, V19.S4] \
	VLD1.P 64(R13), [V20.S4, V21.S4, V22.S4, V23.S4] \
	FMUL_4S(29, 4, 4)  \
	FMUL_4S(29, 5, 5)  \
	FMUL_4S(29, 6, 6)  \
	FMUL_4S(29, 7, 7)  \
	FMUL_4S(16, 4, 4)  \
	FMUL_4S(17, 5, 5)  \
	FMUL_4S(18, 6, 6)  \
	FMUL_4S(19, 7, 7)  \
	FADD_4S(20, 4, 4)  \
	FADD_4S(21, 5, 5)  \
	FADD_4S(22, 6, 6)  \
	FADD_4S(23, 7, 7)

#define KEEP(a, b, c, d) \
	VAND V24.B16, a.B16, a.B16 \
	VAND V25.B16, b.B16, b.B16 \
	VAND V26.B16, c.B16, c.B16 \
	VAND V27.B16, d.B16, d.B16

TEXT ·NormF32NEON(SB), NOSPLIT, $0-8
	MOVD   a+0(FP), R0
	MOVD   normF32_X(R0), R1
	MOVD   normF32_Y(R0), R2
	MOVD   normF32_Rows(R0), R3
	MOVD   normF32_N(R0), R4
	MOVD   normF32_Scale(R0), R6
	MOVD   normF32_Bias(R0), R7
	MOVD   normF32_Center(R0), R8
	FMOVS  normF32_Epsilon(R0), F31
	SCVTFS R4, F30
	AND    $~15, R4, R5
	AND    $15, R4, R0
	LANES(R0, R14, V24, V25, V26, V27)

row:
	VEOR V28.B16, V28.B16, V28.B16
	CBZ  R8, centered
	CLEAR
	MOVD R1, R9
	CBZ  R5, sumtail
	MOVD R5, R11

sum:
	VLD1.P 64(R9), [V4.S4, V5.S4, V6.S4, V7.S4]
	ACCUMULATE(4, 5, 6, 7)
	SUBS   $16, R11
	BNE    sum

sumtail:
	CBZ  R0, mean
	VLD1 (R9), [V4.S4, V5.S4, V6.S4, V7.S4]
	KEEP(V4, V5, V6, V7)
	ACCUMULATE(4, 5, 6, 7)

mean:
	REDUCE
	FDIVS F30, F0, F0
	VDUP  V0.S[0], V28.S4

centered:
	CLEAR
	MOVD R1, R9
	MOVD R2, R10
	CBZ  R5, squaretail
	MOVD R5, R11

square:
	VLD1.P 64(R9), [V4.S4, V5.S4, V6.S4, V7.S4]
	DIFFERENCES
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R10)
	ACCUMULATE(16, 17, 18, 19)
	SUBS   $16, R11
	BNE    square

squaretail:
	CBZ  R0, deviation
	VLD1 (R9), [V4.S4, V5.S4, V6.S4, V7.S4]
	DIFFERENCES
	KEEP(V16, V17, V18, V19)
	ACCUMULATE(16, 17, 18, 19)
	STORE_LANES(R10, R0, store8, store4, store2, deviation)
	REDUCE
	FDIVS  F30, F0, F0
	FADDS  F31, F0, F0
	FCVTSD F0, F0
	FSQRTD F0, F0
	FMOVD  $1.0, F1
	FDIVD  F0, F1, F0
	FCVTDS F0, F0
	VDUP   V0.S[0], V29.S4
	MOVD   R2, R10
	MOVD   R6, R12
	MOVD   R7, R13
	CBZ    R5, resulttail
	MOVD   R5, R11

result:
	VLD1   (R10), [V4.S4, V5.S4, V6.S4, V7.S4]
	RESULTS
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R10)
	SUBS   $16, R11
	BNE    result

resulttail:
	CBZ  R0, next
	VLD1 (R10), [V4.S4, V5.S4, V6.S4, V7.S4]
	RESULTS
	STORE_LANES(R10, R0, result8, result4, result2, next)
	ADD  R4<<2, R1, R1
	ADD  R4<<2, R2, R2
	SUBS $1, R3
	BNE  row
	RET
