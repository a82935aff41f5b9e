#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "dwconv_arm64.h"

// func DWConv8cS8DotProd(a *abi.DWConvS8)
//
// CPU: FEAT_DotProd (Armv8.2-A; Cortex-A76, A78AE). Filters other than 3x3 go to DWConv8cS8NEON.
//
// A dot product takes the three taps of one column and four channels: the rows of an input column are interleaved by
// ZIP into [channel][row 0, row 1, row 2, row 2], whose last meets a weight of zero. At stride 1 an interleaved column
// serves three pixels, at stride 2 every second one serves two.
//
// Registers as in dwconv_arm64.h; further
//
//	V0-V7 accumulators, two for a pixel   V8-V15 an input column or two   V17-V22 weights, two for a tap column
//	V26 V27 multipliers   V28 V29 -exponents   V24 V25 thresholds   R25 bit 1: stride 1, bit 2: stride 2
//
// Panel: bias[8] mult[8] -exponent[8] threshold[8] (see RESCALE4), then [KW][8][3 of KH, 0] weights.

// COLUMN interleaves one input column into vl and vh.
#define COLUMN(o, f0, v0, f1, v1, f2, v2, vl, vh) \
	FMOVD (R1)(o), f0            \
	FMOVD (R2)(o), f1            \
	FMOVD (R3)(o), f2            \
	VZIP1 v1.B16, v0.B16, v0.B16 \
	VZIP1 v2.B16, v2.B16, v2.B16 \
	VZIP1 v2.H8, v0.H8, vl.H8    \
	VZIP2 v2.H8, v0.H8, vh.H8

#define EVEN(o) COLUMN(o, F8, V8, F9, V9, F10, V10, V9, V11)
#define ODD(o) COLUMN(o, F12, V12, F13, V13, F14, V14, V13, V15)

// DOT adds an even or odd column to a pixel's accumulators, by the weights of a tap column.
#define DOTEVEN(w, v) \
	SDOT_4S(w, 9, v) \
	SDOT_4S(w+1, 11, v+1)

#define DOTODD(w, v) \
	SDOT_4S(w, 13, v) \
	SDOT_4S(w+1, 15, v+1)

TEXT ·DWConv8cS8DotProd(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD dwConvS8_KH(R0), R1
	MOVD dwConvS8_KW(R0), R2
	CMP  $3, R1
	BNE  neon
	CMP  $3, R2
	BNE  neon
	SETUP
	TAPCOLUMNS

	// Stride 1: pixel 1 is one tap away, pixel 3 three. Stride 2: two and six.
	CMP  R4, R19
	BNE  not1
	ADD  R4, R8, R24
	CMP  R24, R21
	BNE  panel
	ORR  $2, R25

not1:
	CMP  R8, R19
	BNE  panel
	ADD  R8<<1, R8, R24
	CMP  R24, R21
	BNE  panel
	ORR  $4, R25

panel:
	MOVD  dwConvS8_Rows(R0), R23
	FLDPQ 32(R13), (F26, F27)
	FLDPQ 64(R13), (F28, F29)
	FLDPQ 96(R13), (F24, F25)
	FLDPQ 128(R13), (F17, F18)
	FLDPQ 160(R13), (F19, F20)
	FLDPQ 192(R13), (F21, F22)

row:
	ROW

tile:
	FLDPQ (R13), (F0, F1)
	FLDPQ (R13), (F2, F3)
	FLDPQ (R13), (F4, F5)
	FLDPQ (R13), (F6, F7)
	TBNZ  $1, R25, stride1
	TBNZ  $2, R25, stride2
	EVEN(ZR)
	DOTEVEN(17, 0)
	ODD(R4)
	DOTODD(19, 0)
	EVEN(R8)
	DOTEVEN(21, 0)
	ODD(R19)
	DOTODD(17, 2)
	EVEN(R5)
	DOTEVEN(19, 2)
	ODD(R9)
	DOTODD(21, 2)
	EVEN(R20)
	DOTEVEN(17, 4)
	ODD(R6)
	DOTODD(19, 4)
	EVEN(R10)
	DOTEVEN(21, 4)
	ODD(R21)
	DOTODD(17, 6)
	EVEN(R7)
	DOTEVEN(19, 6)
	ODD(R11)
	DOTODD(21, 6)
	B finish

stride2:
	EVEN(ZR)
	DOTEVEN(17, 0)
	ODD(R4)
	DOTODD(19, 0)
	EVEN(R19)
	DOTEVEN(21, 0)
	DOTEVEN(17, 2)
	ODD(R5)
	DOTODD(19, 2)
	EVEN(R20)
	DOTEVEN(21, 2)
	DOTEVEN(17, 4)
	ODD(R6)
	DOTODD(19, 4)
	EVEN(R21)
	DOTEVEN(21, 4)
	DOTEVEN(17, 6)
	ODD(R7)
	DOTODD(19, 6)
	EVEN(R11)
	DOTEVEN(21, 6)
	B finish

stride1:
	EVEN(ZR)
	DOTEVEN(17, 0)
	ODD(R19)
	DOTODD(19, 0)
	DOTODD(17, 2)
	EVEN(R20)
	DOTEVEN(21, 0)
	DOTEVEN(19, 2)
	DOTEVEN(17, 4)
	ODD(R21)
	DOTODD(21, 2)
	DOTODD(19, 4)
	DOTODD(17, 6)
	EVEN(R7)
	DOTEVEN(21, 4)
	DOTEVEN(19, 6)
	ODD(R11)
	DOTODD(21, 6)

finish:
	SQRDMULH_4S(26, 0, 8)
	SQRDMULH_4S(27, 1, 9)
	SQRDMULH_4S(26, 2, 10)
	SQRDMULH_4S(27, 3, 11)
	SQRDMULH_4S(26, 4, 12)
	SQRDMULH_4S(27, 5, 13)
	SQRDMULH_4S(26, 6, 14)
	SQRDMULH_4S(27, 7, 15)
	TBNZ $0, R25, shift // no -1 after a ReLU: see Gemm4x16c4S8DotProd
	BELOW(8, 9, 10, 11, 24, 25, 0, 1, 2, 3)
	BELOW(12, 13, 14, 15, 24, 25, 4, 5, 6, 7)

shift:
	SRSHL_4S(28, 8, 0)
	SRSHL_4S(29, 9, 1)
	SRSHL_4S(28, 10, 2)
	SRSHL_4S(29, 11, 3)
	SRSHL_4S(28, 12, 4)
	SRSHL_4S(29, 13, 5)
	SRSHL_4S(28, 14, 6)
	SRSHL_4S(29, 15, 7)
	SQXTN_4H(0, 0)
	SQXTN_4H(2, 2)
	SQXTN2_8H(1, 0)
	NARROW8(0, 1, 2, 3, 4, 5, 6, 7)
	STORE_TILE(V0, F0, V4, F4, V1, F1, V5, F5)

neon:
	B ·DWConv8cS8NEON(SB)
