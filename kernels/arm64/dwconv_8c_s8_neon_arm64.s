#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func DWConv8cS8NEON(a *abi.DWConvS8)
//
// CPU: Advanced SIMD (every arm64). Weights must lie in [-127,127], as in Gemm4x4c16S8NEON: two taps share an int16 lane.
//
// A tile is eight channels of four neighbouring output pixels:
//
//	          c0-3 c4-7
//	V8   p0   V0   V1     V8..V11 take the products of two taps
//	V9   p1   V2   V3     V12..V15 and V26..V29 hold the inputs of one tap each, loaded while the tap before it
//	V10  p2   V4   V5     multiplies: eight bytes a load, which an A53 pairs with an instruction on vectors
//	V11  p3   V6   V7
//
// V17..V25 hold the weights of a 3x3 filter, other filters load theirs for each pair of taps. V16 zero point, V30 Lo, V31 Hi.
// Panel: bias[8] mult[8] -exponent[8] threshold[8] (see RESCALE4), then [KH][KW][8] weights.
//
// Where fewer than four columns are left, the tile moves back over columns that have been stored: they come out the
// same. With fewer than four in all, the tile's last pixels are one and the same.
//
//	R0 args   R1 R2 R3 x of the tile in three rows of the filter   R19 R20 R21 distance of its pixels p1-p3
//	R4-R7 of p0-p3 in tap column 1, R8-R11 in column 2; in other filters R4 taps left in the row, R5 rows left, R6 XTap,
//	R7 weights, R8 R9 x of the tap, R10 KW, R11 XRow
//	R12 columns left behind the tile   R13 panel   R14 channels left   R15 y of the tile   R16 R17 R22 distance of p1-p3
//	R23 rows left   R24 R26 scratch   R25 Lo >= ZeroPoint

// LOAD4 loads one tap of the four pixels.
#define LOAD4(row, o0, o1, o2, o3, f0, f1, f2, f3) \
	FMOVD (row)(o0), f0 \
	FMOVD (row)(o1), f1 \
	FMOVD (row)(o2), f2 \
	FMOVD (row)(o3), f3

// MUL4 multiplies one tap, MUL4LOAD the while loads one after the next over it.
#define MUL4(OP, w, x0, x1, x2, x3) \
	OP(w, x0, 8)  \
	OP(w, x1, 9)  \
	OP(w, x2, 10) \
	OP(w, x3, 11)

#define MUL4LOAD(OP, w, x0, x1, x2, x3, row, o0, o1, o2, o3, f0, f1, f2, f3) \
	OP(w, x0, 8)        \
	FMOVD (row)(o0), f0 \
	OP(w, x1, 9)        \
	FMOVD (row)(o1), f1 \
	OP(w, x2, 10)       \
	FMOVD (row)(o2), f2 \
	OP(w, x3, 11)       \
	FMOVD (row)(o3), f3

// START adds the products to the bias in V0 and V1, which are the first pixel's accumulators, ACC to the accumulators.
#define START \
	SADDW_4S(9, 0, 2)   \
	SADDW2_4S(9, 1, 3)  \
	SADDW_4S(10, 0, 4)  \
	SADDW2_4S(10, 1, 5) \
	SADDW_4S(11, 0, 6)  \
	SADDW2_4S(11, 1, 7) \
	SADDW_4S(8, 0, 0)   \
	SADDW2_4S(8, 1, 1)

#define ACC \
	SADDW_4S(8, 0, 0)   \
	SADDW2_4S(8, 1, 1)  \
	SADDW_4S(9, 2, 2)   \
	SADDW2_4S(9, 3, 3)  \
	SADDW_4S(10, 4, 4)  \
	SADDW2_4S(10, 5, 5) \
	SADDW_4S(11, 6, 6)  \
	SADDW2_4S(11, 7, 7)

// BELOW adds the -1 of RESCALE4 to two pixels.
#define BELOW(v0, v1, v2, v3) \
	CMGT_4S(v0, 12, 8)  \
	CMGT_4S(v1, 13, 9)  \
	CMGT_4S(v2, 12, 10) \
	CMGT_4S(v3, 13, 11) \
	ADD_4S(8, v0, v0)   \
	ADD_4S(9, v1, v1)   \
	ADD_4S(10, v2, v2)  \
	ADD_4S(11, v3, v3)

TEXT ·DWConv8cS8NEON(SB), NOSPLIT, $0-8
	MOVD  a+0(FP), R0
	MOVW  dwConvS8_ZeroPoint(R0), R24
	MOVW  dwConvS8_Lo(R0), R26
	CMP   R24, R26
	CSET  GE, R25
	ADD   $dwConvS8_ZeroPoint, R0, R24
	VLD1R (R24), [V16.H8]
	ADD   $dwConvS8_Lo, R0, R24
	VLD1R (R24), [V30.B16]
	ADD   $dwConvS8_Hi, R0, R24
	VLD1R (R24), [V31.B16]

	// Pixel i is i columns away, or as many as there are.
	MOVD dwConvS8_Cols(R0), R12
	SUB  $1, R12
	MOVD dwConvS8_XStep(R0), R24
	MOVD dwConvS8_YStep(R0), R26
	MOVD $2, R1
	MOVD $3, R2
	MOVD $1, R3
	CMP  R3, R12
	CSEL LT, R12, R3, R3
	CMP  R1, R12
	CSEL LT, R12, R1, R1
	CMP  R2, R12
	CSEL LT, R12, R2, R2
	MUL  R24, R3, R19
	MUL  R24, R1, R20
	MUL  R24, R2, R21
	MUL  R26, R3, R16
	MUL  R26, R1, R17
	MUL  R26, R2, R22

	MOVD dwConvS8_W(R0), R13
	MOVD dwConvS8_C(R0), R14
	MOVD dwConvS8_XTap(R0), R4
	MOVD dwConvS8_KH(R0), R1
	MOVD dwConvS8_KW(R0), R2
	CMP  $3, R1
	BNE  panel
	CMP  $3, R2
	BNE  panel
	ORR  $2, R25
	ADD  R4, R19, R5
	ADD  R4, R20, R6
	ADD  R4, R21, R7
	LSL  $1, R4, R8
	ADD  R8, R19, R9
	ADD  R8, R20, R10
	ADD  R8, R21, R11

panel:
	MOVD  dwConvS8_Rows(R0), R23
	TBZ   $1, R25, row
	FLDPD 128(R13), (F17, F18)
	FLDPD 144(R13), (F19, F20)
	FLDPD 160(R13), (F21, F22)
	FLDPD 176(R13), (F23, F24)
	FMOVD 192(R13), F25

row:
	MOVD dwConvS8_Rows(R0), R24
	SUB  R23, R24
	MOVD dwConvS8_XNext(R0), R1
	MOVD dwConvS8_YNext(R0), R15
	MUL  R24, R1
	MUL  R24, R15
	MOVD dwConvS8_C(R0), R24 // channels before the panel
	SUB  R14, R24
	ADD  R24, R1
	ADD  R24, R15
	MOVD dwConvS8_X(R0), R24
	ADD  R24, R1
	MOVD dwConvS8_Y(R0), R24
	ADD  R24, R15
	MOVD dwConvS8_XRow(R0), R24
	ADD  R24, R1, R2
	ADD  R24, R2, R3
	MOVD dwConvS8_Cols(R0), R12
	SUB  $4, R12

tile:
	FLDPQ (R13), (F0, F1)
	TBZ   $1, R25, any
	LOAD4(R1, ZR, R19, R20, R21, F12, F13, F14, F15)
	LOAD4(R1, R4, R5, R6, R7, F26, F27, F28, F29)
	MUL4LOAD(SMULL_8H, 17, 12, 13, 14, 15, R1, R8, R9, R10, R11, F12, F13, F14, F15)
	MUL4LOAD(SMLAL_8H, 18, 26, 27, 28, 29, R2, ZR, R19, R20, R21, F26, F27, F28, F29)
	START
	MUL4LOAD(SMULL_8H, 19, 12, 13, 14, 15, R2, R4, R5, R6, R7, F12, F13, F14, F15)
	MUL4LOAD(SMLAL_8H, 20, 26, 27, 28, 29, R2, R8, R9, R10, R11, F26, F27, F28, F29)
	ACC
	MUL4LOAD(SMULL_8H, 21, 12, 13, 14, 15, R3, ZR, R19, R20, R21, F12, F13, F14, F15)
	MUL4LOAD(SMLAL_8H, 22, 26, 27, 28, 29, R3, R4, R5, R6, R7, F26, F27, F28, F29)
	ACC
	MUL4LOAD(SMULL_8H, 23, 12, 13, 14, 15, R3, R8, R9, R10, R11, F12, F13, F14, F15)
	MUL4(SMLAL_8H, 24, 26, 27, 28, 29)
	ACC
	MUL4(SMULL_8H, 25, 12, 13, 14, 15)
	ACC

requantize:
	FLDPQ 32(R13), (F26, F27)
	FLDPQ 64(R13), (F28, F29)
	SQRDMULH_4S(26, 0, 0)
	SQRDMULH_4S(27, 1, 1)
	SQRDMULH_4S(26, 2, 2)
	SQRDMULH_4S(27, 3, 3)
	SQRDMULH_4S(26, 4, 4)
	SQRDMULH_4S(27, 5, 5)
	SQRDMULH_4S(26, 6, 6)
	SQRDMULH_4S(27, 7, 7)
	TBNZ  $0, R25, shift
	FLDPQ 96(R13), (F12, F13)
	BELOW(0, 1, 2, 3)
	BELOW(4, 5, 6, 7)

shift:
	// Lo >= ZeroPoint, as after a ReLU, needs no BELOW: see Gemm4x16c4S8DotProd.
	SRSHL_4S(28, 0, 0)
	SRSHL_4S(29, 1, 1)
	SRSHL_4S(28, 2, 2)
	SRSHL_4S(29, 3, 3)
	SRSHL_4S(28, 4, 4)
	SRSHL_4S(29, 5, 5)
	SRSHL_4S(28, 6, 6)
	SRSHL_4S(29, 7, 7)
	SQXTN_4H(0, 0)
	SQXTN_4H(2, 2)
	SQXTN_4H(4, 4)
	SQXTN_4H(6, 6)
	SQXTN2_8H(1, 0)
	SQXTN2_8H(3, 2)
	SQXTN2_8H(5, 4)
	SQXTN2_8H(7, 6)
	SQADD_8H(16, 0, 0)
	SQADD_8H(16, 2, 2)
	SQADD_8H(16, 4, 4)
	SQADD_8H(16, 6, 6)
	SQXTN_8B(0, 0)
	SQXTN_8B(4, 4)
	SQXTN2_16B(2, 0)
	SQXTN2_16B(6, 4)
	ADD   R16, R15, R24
	ADD   R22, R15, R26
	SMAX_16B(30, 0, 0)
	SMAX_16B(30, 4, 4)
	SMIN_16B(31, 0, 0)
	SMIN_16B(31, 4, 4)
	CMP   $8, R14
	BLT   partial
	FMOVD F0, (R15)
	VST1  V0.D[1], (R24)
	FMOVD F4, (R15)(R17)
	VST1  V4.D[1], (R26)

next:
	CMP  $0, R12
	BLE  rowdone
	MOVD $4, R24
	CMP  R24, R12
	CSEL LT, R12, R24, R24
	SUB  R24, R12
	MOVD dwConvS8_XStep(R0), R26
	MUL  R24, R26
	ADD  R26, R1
	ADD  R26, R2
	ADD  R26, R3
	MOVD dwConvS8_YStep(R0), R26
	MADD R24, R15, R26, R15
	B    tile

rowdone:
	SUBS $1, R23
	BNE  row
	MOVD dwConvS8_PanelBytes(R0), R24
	ADD  R24, R13
	SUBS $8, R14
	BGT  panel
	RET

partial:
	VEXT $8, V0.B16, V0.B16, V1.B16
	VEXT $8, V4.B16, V4.B16, V5.B16
	STORE_BYTES(V1, F1, R24, R14, p1b8, p1b4, p1b2, p1b1)
	STORE_BYTES(V5, F5, R26, R14, p3b8, p3b4, p3b2, p3b1)
	MOVD R15, R24
	ADD  R17, R15, R26
	STORE_BYTES(V0, F0, R24, R14, p0b8, p0b4, p0b2, p0b1)
	STORE_BYTES(V4, F4, R26, R14, p2b8, p2b4, p2b2, p2b1)
	B    next

any:
	VMOV V0.B16, V2.B16
	VMOV V1.B16, V3.B16
	VMOV V0.B16, V4.B16
	VMOV V1.B16, V5.B16
	VMOV V0.B16, V6.B16
	VMOV V1.B16, V7.B16
	ADD  $128, R13, R7
	MOVD R1, R2
	MOVD dwConvS8_KH(R0), R5
	MOVD dwConvS8_KW(R0), R10
	MOVD dwConvS8_XTap(R0), R6
	MOVD dwConvS8_XRow(R0), R11

filterrow:
	MOVD R2, R8
	SUBS $2, R10, R4
	BLT  single

pair:
	LOAD4(R8, ZR, R19, R20, R21, F12, F13, F14, F15)
	FLDPD.P 16(R7), (F17, F18)
	ADD  R6, R8, R9
	ADD  R6<<1, R8, R8
	SUBS $2, R4
	MUL4LOAD(SMULL_8H, 17, 12, 13, 14, 15, R9, ZR, R19, R20, R21, F26, F27, F28, F29)
	MUL4(SMLAL_8H, 18, 26, 27, 28, 29)
	ACC
	BGE  pair

single:
	CMN  $2, R4
	BEQ  filterrowdone
	LOAD4(R8, ZR, R19, R20, R21, F12, F13, F14, F15)
	FMOVD.P 8(R7), F17
	MUL4(SMULL_8H, 17, 12, 13, 14, 15)
	ACC

filterrowdone:
	ADD  R11, R2
	SUBS $1, R5
	BNE  filterrow
	B    requantize
