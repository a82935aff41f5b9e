#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func MatMulF32NEON(a *abi.MatMulF32)
//
// CPU: Advanced SIMD (every arm64).
//
//	             n0-3 n4-7   <- V8 V9 or V10 V11: a row of b
//	V0[0]  m0    V16  V17
//	V1[0]  m1    V18  V19    V0..V7 hold an element of a each. They and the row of b are loaded again for the next k as
//	  ...         ...        soon as they are used: an A53 waits for no load then, and starts one beside a product.
//	V7[0]  m7    V30  V31
//
// Columns go in steps of 8, outermost: what a step reads of b is a strip that stays in the cache while the rows pass, in
// tiles of 8, then 4, 2 and 1. A last step of fewer columns reads up to 28 bytes past the ends of b's rows and has its part
// of c in the frame. A single row takes 32 columns at a time first: two sums alone would wait for each other.
//
//	R0 args   R1-R4 R20-R22 R24 rows of a   R5 k in bytes of a   R6 4*AK   R7 b of this k   R8 4*LDB   R9 k left   R10 4*AI
//	R11 a of the tile   R12 rows left   R13 b of the columns   R14 columns left   R15 c of the tile   R16 4*LDC
//	R17 c of the columns   R19 bytes between rows of R23, c of the tile or the frame   R25 rows of the tile   R26 scratch

// ROW adds an element of a row of a times a row of b, and loads the next element.
#define ROW(a, b0, b1, c0, c1, r) \
	FMLA0_4S(a, b0, c0) \
	FMLA0_4S(a, b1, c1) \
	LDR_S(5, r, a)

// LAST is ROW without the next element: there may be none.
#define LAST(a, b0, b1, c0, c1, r) \
	FMLA0_4S(a, b0, c0) \
	FMLA0_4S(a, b1, c1)

#define FIRST(a, b0, b1, c0, c1, r) LDR_S(5, r, a)

#define EACH1(DO, b0, b1) DO(0, b0, b1, 16, 17, 1)

#define EACH2(DO, b0, b1) \
	EACH1(DO, b0, b1)         \
	DO(1, b0, b1, 18, 19, 2)

#define EACH4(DO, b0, b1) \
	EACH2(DO, b0, b1)         \
	DO(2, b0, b1, 20, 21, 3)  \
	DO(3, b0, b1, 22, 23, 4)

#define EACH8(DO, b0, b1) \
	EACH4(DO, b0, b1)         \
	DO(4, b0, b1, 24, 25, 20) \
	DO(5, b0, b1, 26, 27, 21) \
	DO(6, b0, b1, 28, 29, 22) \
	DO(7, b0, b1, 30, 31, 24)

#define GET(v) \
	FLDPQ (R26), v  \
	ADD   R19, R26

#define PUT(v) \
	FSTPQ v, (R26)  \
	ADD   R19, R26

#define PARTS1(DO) DO((F16, F17))

#define PARTS2(DO) \
	PARTS1(DO)     \
	DO((F18, F19))

#define PARTS4(DO) \
	PARTS2(DO)     \
	DO((F20, F21)) \
	DO((F22, F23))

#define PARTS8(DO) \
	PARTS4(DO)     \
	DO((F24, F25)) \
	DO((F26, F27)) \
	DO((F28, F29)) \
	DO((F30, F31))

#define TILE(k, one, last, EACH, PARTS) \
	MOVD  R23, R26         \
	PARTS(GET)             \
	FLDPQ (R7), (F8, F9)   \
	EACH(FIRST, 8, 9)      \
	SUBS  $1, R9           \
	BEQ   one              \
k:                             \
	ADD   R6, R5           \
	ADD   R8, R7           \
	FLDPQ (R7), (F10, F11) \
	EACH(ROW, 8, 9)        \
	SUBS  $1, R9           \
	BEQ   last             \
	ADD   R6, R5           \
	ADD   R8, R7           \
	FLDPQ (R7), (F8, F9)   \
	EACH(ROW, 10, 11)      \
	SUBS  $1, R9           \
	BNE   k                \
one:                           \
	MOVD  R23, R26         \
	EACH(LAST, 8, 9)       \
	PARTS(PUT)             \
	B     tiled            \
last:                          \
	MOVD  R23, R26         \
	EACH(LAST, 10, 11)     \
	PARTS(PUT)             \
	B     tiled

TEXT ·MatMulF32NEON(SB), NOSPLIT, $256-8
	MOVD a+0(FP), R0
	MOVD matMulF32_AI(R0), R10
	LSL  $2, R10
	MOVD matMulF32_AK(R0), R6
	LSL  $2, R6
	MOVD matMulF32_LDB(R0), R8
	LSL  $2, R8
	MOVD matMulF32_LDC(R0), R16
	LSL  $2, R16
	MOVD matMulF32_B(R0), R13
	MOVD matMulF32_C(R0), R17
	MOVD matMulF32_N(R0), R14
	MOVD matMulF32_M(R0), R12
	CMP  $1, R12
	BEQ  single

column:
	MOVD matMulF32_A(R0), R11
	MOVD matMulF32_M(R0), R12
	MOVD R17, R15

tile:
	MOVD $8, R25
	CMP  R25, R12
	BGE  chosen
	MOVD $4, R25
	TBNZ $2, R12, chosen
	MOVD $2, R25
	TBNZ $1, R12, chosen
	MOVD $1, R25

chosen:
	MOVD R15, R23
	MOVD R16, R19
	CMP  $8, R14
	BLT  enter

entered:
	MOVD $0, R5
	MOVD R13, R7
	MOVD matMulF32_K(R0), R9
	MOVD R11, R1
	CMP  $2, R25
	BLT  tile1
	ADD  R10, R1, R2
	BEQ  tile2
	ADD  R10, R2, R3
	ADD  R10, R3, R4
	CMP  $4, R25
	BEQ  tile4
	ADD  R10, R4, R20
	ADD  R10, R20, R21
	ADD  R10, R21, R22
	ADD  R10, R22, R24
	TILE(k8, one8, last8, EACH8, PARTS8)

tile4:
	TILE(k4, one4, last4, EACH4, PARTS4)

tile2:
	TILE(k2, one2, last2, EACH2, PARTS2)

tile1:
	TILE(k1, one1, last1, EACH1, PARTS1)

tiled:
	CMP  $8, R14
	BLT  leave

left:
	MADD R10, R11, R25, R11
	MADD R16, R15, R25, R15
	SUBS R25, R12
	BGT  tile
	ADD  $32, R13
	ADD  $32, R17
	SUBS $8, R14
	BGT  column
	RET

	// A tile of fewer columns comes from the frame, where whole rows of it may be read and written, and goes back.
enter:
	MOVD $part-256(SP), R23
	MOVD $32, R19
	MOVD R15, R4
	MOVD R23, R3
	MOVD R25, R9

in:
	MOVD  R4, R1
	MOVD  R3, R2
	TBZ   $2, R14, in2
	FMOVQ.P 16(R1), F0
	FMOVQ.P F0, 16(R2)

in2:
	TBZ     $1, R14, in1
	FMOVD.P 8(R1), F0
	FMOVD.P F0, 8(R2)

in1:
	TBZ   $0, R14, in0
	FMOVS (R1), F0
	FMOVS F0, (R2)

in0:
	ADD  R16, R4
	ADD  $32, R3
	SUBS $1, R9
	BNE  in
	B    entered

leave:
	MOVD R15, R4
	MOVD R25, R9

out:
	FLDPQ.P 32(R23), (F0, F1)
	MOVD    R4, R1
	STORE_FLOATS(V0, V1, F0, R1, R14, out2, out1, out0)
	ADD     R16, R4
	SUBS    $1, R9
	BNE     out
	B       left

#define FMLA2(b0, b1, c0, c1) \
	FMLA0_4S(0, b0, c0) \
	FMLA0_4S(0, b1, c1)

single:
	SUBS  $32, R14
	BLT   narrow
	MOVD  matMulF32_A(R0), R11
	MOVD  matMulF32_K(R0), R9
	MOVD  R13, R7
	FLDPQ (R17), (F16, F17)
	FLDPQ 32(R17), (F18, F19)
	FLDPQ 64(R17), (F20, F21)
	FLDPQ 96(R17), (F22, F23)

k1x32:
	FMOVS (R11), F0
	FLDPQ (R7), (F8, F9)
	FLDPQ 32(R7), (F10, F11)
	FLDPQ 64(R7), (F12, F13)
	FLDPQ 96(R7), (F14, F15)
	ADD   R6, R11
	ADD   R8, R7
	FMLA2(8, 9, 16, 17)
	FMLA2(10, 11, 18, 19)
	SUBS  $1, R9
	FMLA2(12, 13, 20, 21)
	FMLA2(14, 15, 22, 23)
	BNE   k1x32

	FSTPQ.P (F16, F17), 32(R17)
	FSTPQ.P (F18, F19), 32(R17)
	FSTPQ.P (F20, F21), 32(R17)
	FSTPQ.P (F22, F23), 32(R17)
	ADD     $128, R13
	CBNZ    R14, single
	RET

narrow:
	ADD $32, R14
	B   column
