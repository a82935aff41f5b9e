#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "dwconv_arm64.h"

// func DWConv8cS8NEON(a *abi.DWConvS8)
//
// CPU: Advanced SIMD (every arm64). Weights must lie in [-127,127], as in Gemm4x4c8S8NEON: two taps share an int16 lane.
//
// A tile is eight channels of four neighbouring output pixels:
//
//	               c0-3 c4-7
//	V8   V26  p0   V0   V1     V8..V11 take the products of two taps while those in V26..V29 are added, then the
//	V9   V27  p1   V2   V3     other way round: products have one of the two vector pipes of an A72 or A76, additions
//	V10  V28  p2   V4   V5     fill the other, and an A53 need not wait for results
//	V11  V29  p3   V6   V7
//
// V12..V15 hold a tap's inputs, eight bytes each: a load that an A53 pairs with an instruction on vectors.
// V17..V25 hold the weights of a 3x3 filter; others load theirs for each pair of taps. V16 zero point, V30 Lo, V31 Hi.
// Panel: bias[8] mult[8] -exponent[8] threshold[8] (see RESCALE4), then [KH][KW][8] weights.
//
// Where fewer than four columns are left, the tile moves back over columns that have been stored: they come out the
// same. With fewer than four in all, the tile's last pixels are one and the same.
//
//	R0 args   R1 R2 R3 x of the tile in three rows of the filter   R19 R20 R21 distance of its pixels p1-p3
//	R4-R7 of p0-p3 in tap column 1, R8-R11 in column 2; in other filters R4 taps left in the row, R5 rows left, R6 XTap,
//	R7 weights, R8 R9 x of the tap, R10 KW, R11 XRow; R4 R8-R10 x of taps where there are five in a row
//	R12 columns left behind the tile   R13 panel   R14 channels left   R15 y of the tile   R16 R17 R22 distance of p1-p3
//	R23 rows left   R24 R26 scratch   R25 bit 0: Lo >= ZeroPoint, bit 1: 3x3

// LOAD4 loads one tap of the four pixels, MUL4 multiplies it.
#define LOAD4(row, o0, o1, o2, o3) \
	FMOVD (row)(o0), F12 \
	FMOVD (row)(o1), F13 \
	FMOVD (row)(o2), F14 \
	FMOVD (row)(o3), F15

#define MUL4(OP, w, d0, d1, d2, d3) \
	OP(w, 12, d0) \
	OP(w, 13, d1) \
	OP(w, 14, d2) \
	OP(w, 15, d3)

// FIRST multiplies a tap and loads the next over it. STEP has four additions between.
#define FIRST(OP, w, d0, d1, d2, d3, row, o0, o1, o2, o3) \
	OP(w, 12, d0)        \
	FMOVD (row)(o0), F12 \
	OP(w, 13, d1)        \
	FMOVD (row)(o1), F13 \
	OP(w, 14, d2)        \
	FMOVD (row)(o2), F14 \
	OP(w, 15, d3)        \
	FMOVD (row)(o3), F15

#define STEP(OP, w, d0, d1, d2, d3, add0, add1, add2, add3, row, o0, o1, o2, o3) \
	OP(w, 12, d0)        \
	FMOVD (row)(o0), F12 \
	add0                 \
	OP(w, 13, d1)        \
	FMOVD (row)(o1), F13 \
	add1                 \
	OP(w, 14, d2)        \
	FMOVD (row)(o2), F14 \
	add2                 \
	OP(w, 15, d3)        \
	FMOVD (row)(o3), F15 \
	add3

// LO and HI add four products to accumulators.
#define LO(p, v) SADDW_4S(p, v, v)
#define HI(p, v) SADDW2_4S(p, v, v)

// FLUSH adds the four products in V8..V11 while it multiplies the next tap into them; FLUSHLOAD loads as well.
#define FLUSH(w) \
	LO(8, 0)            \
	HI(8, 1)            \
	SMULL_8H(w, 12, 8)  \
	LO(9, 2)            \
	HI(9, 3)            \
	SMULL_8H(w, 13, 9)  \
	LO(10, 4)           \
	HI(10, 5)           \
	SMULL_8H(w, 14, 10) \
	LO(11, 6)           \
	HI(11, 7)           \
	SMULL_8H(w, 15, 11)

#define FLUSHLOAD(w, row) \
	LO(8, 0)              \
	HI(8, 1)              \
	SMULL_8H(w, 12, 8)    \
	FMOVD (row), F12      \
	LO(9, 2)              \
	HI(9, 3)              \
	SMULL_8H(w, 13, 9)    \
	FMOVD (row)(R19), F13 \
	LO(10, 4)             \
	HI(10, 5)             \
	SMULL_8H(w, 14, 10)   \
	FMOVD (row)(R20), F14 \
	LO(11, 6)             \
	HI(11, 7)             \
	SMULL_8H(w, 15, 11)   \
	FMOVD (row)(R21), F15

#define ACC \
	LO(8, 0)  \
	HI(8, 1)  \
	LO(9, 2)  \
	HI(9, 3)  \
	LO(10, 4) \
	HI(10, 5) \
	LO(11, 6) \
	HI(11, 7)

// TILE3 is the 3x3 filter but for the last additions: a tap, then four pairs. The first adds to the bias in V0 and V1.
#define TILE3 \
	LOAD4(R1, ZR, R19, R20, R21)                                                              \
	FIRST(SMULL_8H, 17, 8, 9, 10, 11, R1, R4, R5, R6, R7)                                     \
	STEP(SMULL_8H, 18, 26, 27, 28, 29, SADDW_4S(9, 0, 2), SADDW_4S(10, 0, 4), SADDW_4S(11, 0, 6), LO(8, 0), R1, R8, R9, R10, R11) \
	STEP(SMLAL_8H, 19, 26, 27, 28, 29, SADDW2_4S(9, 1, 3), SADDW2_4S(10, 1, 5), SADDW2_4S(11, 1, 7), HI(8, 1), R2, ZR, R19, R20, R21) \
	STEP(SMULL_8H, 20, 8, 9, 10, 11, LO(26, 0), LO(27, 2), LO(28, 4), LO(29, 6), R2, R4, R5, R6, R7) \
	STEP(SMLAL_8H, 21, 8, 9, 10, 11, HI(26, 1), HI(27, 3), HI(28, 5), HI(29, 7), R2, R8, R9, R10, R11) \
	STEP(SMULL_8H, 22, 26, 27, 28, 29, LO(8, 0), LO(9, 2), LO(10, 4), LO(11, 6), R3, ZR, R19, R20, R21) \
	STEP(SMLAL_8H, 23, 26, 27, 28, 29, HI(8, 1), HI(9, 3), HI(10, 5), HI(11, 7), R3, R4, R5, R6, R7) \
	STEP(SMULL_8H, 24, 8, 9, 10, 11, LO(26, 0), LO(27, 2), LO(28, 4), LO(29, 6), R3, R8, R9, R10, R11) \
	SMLAL_8H(25, 12, 8)                                                                       \
	HI(26, 1)                                                                                 \
	SMLAL_8H(25, 13, 9)                                                                       \
	HI(27, 3)                                                                                 \
	SMLAL_8H(25, 14, 10)                                                                      \
	HI(28, 5)                                                                                 \
	SMLAL_8H(25, 15, 11)                                                                      \
	HI(29, 7)                                                                                 \
	FLDPQ 32(R13), (F26, F27)                                                                 \
	FLDPQ 64(R13), (F28, F29)

// FINISH adds the last products and rescales, but for the -1 of RESCALE4.
#define FINISH \
	LO(8, 0)              \
	HI(8, 1)              \
	LO(9, 2)              \
	HI(9, 3)              \
	LO(10, 4)             \
	SQRDMULH_4S(26, 0, 0) \
	HI(10, 5)             \
	SQRDMULH_4S(27, 1, 1) \
	LO(11, 6)             \
	SQRDMULH_4S(26, 2, 2) \
	HI(11, 7)             \
	SQRDMULH_4S(27, 3, 3) \
	SQRDMULH_4S(26, 4, 4) \
	SRSHL_4S(28, 0, 0)    \
	SQRDMULH_4S(27, 5, 5) \
	SRSHL_4S(29, 1, 1)    \
	SQRDMULH_4S(26, 6, 6) \
	SRSHL_4S(28, 2, 2)    \
	SQRDMULH_4S(27, 7, 7) \
	SRSHL_4S(29, 3, 3)    \
	SQXTN_4H(0, 0)        \
	SRSHL_4S(28, 4, 4)    \
	SRSHL_4S(29, 5, 5)    \
	SQXTN_4H(2, 2)        \
	SRSHL_4S(28, 6, 6)    \
	SQXTN2_8H(1, 0)       \
	SRSHL_4S(29, 7, 7)

#define SIGNEDFINISH \
	ACC                                     \
	FLDPQ 96(R13), (F12, F13)               \
	SQRDMULH_4S(26, 0, 0)                   \
	SQRDMULH_4S(27, 1, 1)                   \
	SQRDMULH_4S(26, 2, 2)                   \
	SQRDMULH_4S(27, 3, 3)                   \
	SQRDMULH_4S(26, 4, 4)                   \
	SQRDMULH_4S(27, 5, 5)                   \
	SQRDMULH_4S(26, 6, 6)                   \
	SQRDMULH_4S(27, 7, 7)                   \
	BELOW(0, 1, 2, 3, 12, 13, 8, 9, 10, 11) \
	SRSHL_4S(28, 0, 0)                      \
	SRSHL_4S(29, 1, 1)                      \
	SRSHL_4S(28, 2, 2)                      \
	SRSHL_4S(29, 3, 3)                      \
	BELOW(4, 5, 6, 7, 12, 13, 8, 9, 10, 11) \
	SQXTN_4H(0, 0)                          \
	SQXTN_4H(2, 2)                          \
	SRSHL_4S(28, 4, 4)                      \
	SRSHL_4S(29, 5, 5)                      \
	SRSHL_4S(28, 6, 6)                      \
	SRSHL_4S(29, 7, 7)                      \
	SQXTN2_8H(1, 0)

TEXT ·DWConv8cS8NEON(SB), NOSPLIT, $0-8
	MOVD  a+0(FP), R0
	SETUP
	MOVD dwConvS8_KH(R0), R1
	MOVD dwConvS8_KW(R0), R2
	CMP  $3, R1
	BNE  panel
	CMP  $3, R2
	BNE  panel
	ORR  $2, R25
	TAPCOLUMNS

panel:
	MOVD  dwConvS8_Rows(R0), R23
	TBZ   $1, R25, row
	FLDPD 128(R13), (F17, F18)
	FLDPD 144(R13), (F19, F20)
	FLDPD 160(R13), (F21, F22)
	FLDPD 176(R13), (F23, F24)
	FMOVD 192(R13), F25

row:
	ROW

tile:
	FLDPQ (R13), (F0, F1)
	TBZ   $1, R25, any
	TBZ   $0, R25, signed3
	TILE3
	FINISH

narrow:
	NARROW8(0, 1, 2, 3, 4, 5, 6, 7)
	STORE_TILE(V0, F0, V4, F4, V1, F1, V5, F5)

	// Without a ReLU: its absence is what needs the -1 (see Gemm4x16c4S8DotProd).
signed3:
	TILE3

signed:
	SIGNEDFINISH
	B narrow

any:
	VMOV V0.B16, V2.B16
	VMOV V1.B16, V3.B16
	VMOV V0.B16, V4.B16
	VMOV V1.B16, V5.B16
	VMOV V0.B16, V6.B16
	VMOV V1.B16, V7.B16
	VMOVI $0, V8.B16
	VMOVI $0, V9.B16
	VMOVI $0, V10.B16
	VMOVI $0, V11.B16
	ADD  $128, R13, R7
	MOVD R1, R2
	MOVD dwConvS8_KH(R0), R5
	MOVD dwConvS8_KW(R0), R10
	MOVD dwConvS8_XTap(R0), R6
	MOVD dwConvS8_XRow(R0), R11
	CMP  $5, R10
	BEQ  five

filterrow:
	MOVD R2, R8
	SUBS $2, R10, R4
	BLT  single

pair:
	LOAD4(R8, ZR, R19, R20, R21)
	FLDPD.P 16(R7), (F17, F18)
	ADD  R6, R8, R9
	ADD  R6<<1, R8, R8
	SUBS $2, R4
	FLUSHLOAD(17, R9)
	MUL4(SMLAL_8H, 18, 8, 9, 10, 11)
	BGE  pair

single:
	CMN  $2, R4
	BEQ  filterrowdone
	LOAD4(R8, ZR, R19, R20, R21)
	FMOVD.P 8(R7), F17
	FLUSH(17)

filterrowdone:
	ADD  R11, R2
	SUBS $1, R5
	BNE  filterrow

filtered:
	FLDPQ 32(R13), (F26, F27)
	FLDPQ 64(R13), (F28, F29)
	TBZ   $0, R25, signed
	FINISH
	B     narrow

five:
	FLDPD (R7), (F17, F18)
	FLDPD 16(R7), (F19, F20)
	LOAD4(R2, ZR, R19, R20, R21)
	FMOVD 32(R7), F21
	ADD   $40, R7
	ADD   R6, R2, R8
	ADD   R6<<1, R2, R9
	ADD   R6<<1, R8, R10
	ADD   R6<<2, R2, R4
	ADD   R11, R2
	SUBS  $1, R5
	FLUSHLOAD(17, R8)
	FIRST(SMLAL_8H, 18, 8, 9, 10, 11, R9, ZR, R19, R20, R21)
	FLUSHLOAD(19, R10)
	FIRST(SMLAL_8H, 20, 8, 9, 10, 11, R4, ZR, R19, R20, R21)
	FLUSH(21)
	BNE   five
	B     filtered
