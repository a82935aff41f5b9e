#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func DWConv8cF32NEON(a *abi.DWConvF32)
//
// CPU: Advanced SIMD (every arm64).
//
// A tile is eight channels of four neighbouring output pixels: V0 V1, V2 V3, V4 V5, V6 V7. Each accumulator starts at the
// bias and takes the taps in ascending order, one fused multiply-add each: the defined order of abi.DWConvF32.
//
// At stride 1, rows of three and of five taps share what they read: six columns in V8..V19 serve four pixels' three taps,
// eight in V8..V23 five. Other filters read each tap of each pixel into V8..V15. Weights are V24 and up.
// Panel: bias[8], then [KH][KW][8] weights.
//
// Where fewer than four columns are left, the tile moves back over columns that have been stored: they come out the
// same. With fewer than four in all, the tile's last pixels are one and the same.
//
//	R0 args   R1 x of the tile   R19 R20 R21 distance of its pixels p1-p3   R2-R5 R8-R11 x of columns or pixels
//	R6 XTap   R7 weights   R10 KW   R11 taps left in the row   R26 rows of the filter left
//	R12 columns left behind the tile   R13 panel   R14 channels left   R15 y of the tile   R16 R17 R22 distance of p1-p3
//	R23 rows left   R24 scratch   R25 XRow
//	V16 and V17 are Lo and Hi after the last tap.

#define FMLA2(w0, w1, x0, x1, v0, v1) \
	VFMLA w0.S4, x0.S4, v0.S4 \
	VFMLA w1.S4, x1.S4, v1.S4

// TAP multiplies one tap of the four pixels.
#define TAP(w0, w1, a0, a1, b0, b1, c0, c1, d0, d1) \
	FMLA2(w0, w1, a0, a1, V0, V1) \
	FMLA2(w0, w1, b0, b1, V2, V3) \
	FMLA2(w0, w1, c0, c1, V4, V5) \
	FMLA2(w0, w1, d0, d1, V6, V7)

// COLUMNS loads six columns from R2 on, an input row, and moves R2 to the next.
#define COLUMNS \
	ADD   R6, R2, R3         \
	ADD   R6<<1, R2, R4      \
	FLDPQ (R2), (F8, F9)     \
	ADD   R6<<1, R3, R5      \
	FLDPQ (R3), (F10, F11)   \
	ADD   R6<<2, R2, R8      \
	FLDPQ (R4), (F12, F13)   \
	ADD   R6<<2, R3, R9      \
	FLDPQ (R5), (F14, F15)   \
	ADD   R25, R2            \
	FLDPQ (R8), (F16, F17)   \
	FLDPQ (R9), (F18, F19)

TEXT ·DWConv8cF32NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0

	// Pixel i is i columns away, or as many as there are.
	MOVD dwConvF32_Cols(R0), R12
	SUB  $1, R12
	MOVD dwConvF32_XStep(R0), R24
	LSL  $2, R24
	MOVD dwConvF32_YStep(R0), R26
	LSL  $2, R26
	MOVD $1, R1
	MOVD $2, R2
	MOVD $3, R3
	CMP  R1, R12
	CSEL LT, R12, R1, R1
	CMP  R2, R12
	CSEL LT, R12, R2, R2
	CMP  R3, R12
	CSEL LT, R12, R3, R3
	MUL  R24, R1, R19
	MUL  R24, R2, R20
	MUL  R24, R3, R21
	MUL  R26, R1, R16
	MUL  R26, R2, R17
	MUL  R26, R3, R22

	MOVD dwConvF32_W(R0), R13
	MOVD dwConvF32_C(R0), R14
	MOVD dwConvF32_XTap(R0), R6
	LSL  $2, R6
	MOVD dwConvF32_XRow(R0), R25
	LSL  $2, R25

panel:
	MOVD dwConvF32_Rows(R0), R23

row:
	MOVD dwConvF32_Rows(R0), R24
	SUB  R23, R24
	MOVD dwConvF32_XNext(R0), R1
	MOVD dwConvF32_YNext(R0), R15
	MUL  R24, R1
	MUL  R24, R15
	MOVD dwConvF32_C(R0), R24 // channels before the panel
	SUB  R14, R24
	ADD  R24, R1
	ADD  R24, R15
	MOVD dwConvF32_X(R0), R24
	ADD  R1<<2, R24, R1
	MOVD dwConvF32_Y(R0), R24
	ADD  R15<<2, R24, R15
	MOVD dwConvF32_Cols(R0), R12
	SUB  $4, R12

tile:
	FLDPQ (R13), (F0, F1)
	ADD   $32, R13, R7
	MOVD  R1, R2
	MOVD  dwConvF32_KH(R0), R26
	MOVD  dwConvF32_KW(R0), R10
	VMOV  V0.B16, V2.B16
	VMOV  V1.B16, V3.B16
	VMOV  V0.B16, V4.B16
	VMOV  V1.B16, V5.B16
	VMOV  V0.B16, V6.B16
	VMOV  V1.B16, V7.B16
	ADD   R6<<1, R6, R24
	CMP   R6, R19 // a column is as far as a tap, and the tile has four
	BNE   any
	CMP   R24, R21
	BNE   any
	CMP   $5, R10
	BEQ   five
	CMP   $3, R10
	BNE   any

three:
	COLUMNS
	FLDPQ (R7), (F24, F25)
	FLDPQ 32(R7), (F26, F27)
	FLDPQ 64(R7), (F28, F29)
	ADD   $96, R7
	SUBS  $1, R26
	TAP(V24, V25, V8, V9, V10, V11, V12, V13, V14, V15)
	TAP(V26, V27, V10, V11, V12, V13, V14, V15, V16, V17)
	TAP(V28, V29, V12, V13, V14, V15, V16, V17, V18, V19)
	BNE   three

filtered:
	MOVD  dwConvF32_Clamp(R0), R24
	CBZ   R24, clamped
	ADD   $dwConvF32_Lo, R0, R24
	VLD1R (R24), [V16.S4]
	ADD   $dwConvF32_Hi, R0, R24
	VLD1R (R24), [V17.S4]
	CLAMP4(16, 17, 0, 1, 2, 3, 8, 9, 10, 11)
	CLAMP4(16, 17, 4, 5, 6, 7, 12, 13, 14, 15)

clamped:
	ADD   R16, R15, R2
	ADD   R17, R15, R3
	ADD   R22, R15, R4
	CMP   $8, R14
	BLT   partial
	FSTPQ (F0, F1), (R15)
	FSTPQ (F2, F3), (R2)
	FSTPQ (F4, F5), (R3)
	FSTPQ (F6, F7), (R4)

next:
	// R20 and R17 are two columns: there are more than four.
	SUBS $4, R12
	BLT  last
	ADD  R20<<1, R1
	ADD  R17<<1, R15
	B    tile

last:
	ADDS $4, R12
	BLE  rowdone
	MADD R19, R1, R12, R1
	MADD R16, R15, R12, R15
	MOVD $0, R12
	B    tile

rowdone:
	SUBS $1, R23
	BNE  row
	MOVD dwConvF32_PanelBytes(R0), R24
	ADD  R24, R13
	SUBS $8, R14
	BGT  panel
	RET

partial:
	MOVD R15, R24
	STORE_FLOATS(V0, V1, F0, R24, R14, p0f4, p0f2, p0f1)
	STORE_FLOATS(V2, V3, F2, R2, R14, p1f4, p1f2, p1f1)
	STORE_FLOATS(V4, V5, F4, R3, R14, p2f4, p2f2, p2f1)
	STORE_FLOATS(V6, V7, F6, R4, R14, p3f4, p3f2, p3f1)
	B    next

five:
	COLUMNS
	ADD   R6<<1, R8, R8
	ADD   R6<<1, R9, R9
	FLDPQ (R7), (F24, F25)
	FLDPQ 32(R7), (F26, F27)
	FLDPQ 64(R7), (F28, F29)
	FLDPQ 96(R7), (F30, F31)
	FLDPQ (R8), (F20, F21)
	FLDPQ (R9), (F22, F23)
	SUBS  $1, R26
	TAP(V24, V25, V8, V9, V10, V11, V12, V13, V14, V15)
	FLDPQ 128(R7), (F24, F25)
	ADD   $160, R7
	TAP(V26, V27, V10, V11, V12, V13, V14, V15, V16, V17)
	TAP(V28, V29, V12, V13, V14, V15, V16, V17, V18, V19)
	TAP(V30, V31, V14, V15, V16, V17, V18, V19, V20, V21)
	TAP(V24, V25, V16, V17, V18, V19, V20, V21, V22, V23)
	BNE   five
	B     filtered

any:
	MOVD R2, R8
	MOVD R10, R11

tap:
	ADD   R19, R8, R3
	ADD   R20, R8, R4
	ADD   R21, R8, R5
	FLDPQ (R8), (F8, F9)
	FLDPQ.P 32(R7), (F24, F25)
	FLDPQ (R3), (F10, F11)
	FLDPQ (R4), (F12, F13)
	FLDPQ (R5), (F14, F15)
	ADD   R6, R8
	SUBS  $1, R11
	TAP(V24, V25, V8, V9, V10, V11, V12, V13, V14, V15)
	BNE   tap
	ADD   R25, R2
	SUBS  $1, R26
	BNE   any
	B     filtered
