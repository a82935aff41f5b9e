#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func Gemm4x4c16S8NEON(a *abi.GemmS8)
//
// CPU: Advanced SIMD (every arm64). Weights must lie in [-127,127]: two products share an int16 lane, and
// 2*128*127 = 32512 fits where 2*128*128 does not. The operator takes the portable kernel for a layer with a -128.
//
//	          n0   n1   n2   n3   <- V4..V7: 16 k of each output, 64 bytes of the panel
//	V0  m0   V16  V17  V18  V19
//	V1  m1   V20  V21  V22  V23   each accumulator holds four partial sums over k,
//	V2  m2   V24  V25  V26  V27   folded once, at the end of the tile
//	V3  m3   V28  V29  V30  V31
//
// Eight products at a time go through V8..V15: an in-order A53 needs that distance between dependent instructions, and
// the scalar ones out of their way; an A72 is bound by its one multiplier in any order.
//
// Panel: bias[4] mult[4] -exponent[4] threshold[4] (see RESCALE4), then [taps][K/16][4][16] weights.
// One row left: a 1x4 tile, 32 k at a time. Two: 2x4. Three: the 4x4 tile on the repeated offset, three rows stored.
// Columns past the panel's last output are computed on zero weights and not stored.
//
//	R0 args   R1-R4 rows of x   R5 k   R6 K   R7 weights   R8 offsets   R9 X+Shift   R10 Zero   R11 taps left
//	R12 rows left   R13 panel   R14 columns left   R15 y of the tile   R16 YStride   R17 y of the panel   R19 PanelBytes
//	R20 Taps   R21 R22 scratch   R23 &ZeroPoint   R24 R25 scratch, R24 rows to store

// ROW turns an offset into the address of a row, or of the row of zeros.
#define ROW(r, t) \
	CMP  $0, r         \
	CSEL GE, t, R10, r

// MUL8 multiplies four rows with two outputs and adds 16 products to each of the eight accumulators.
#define MUL8(w0, w1, a0, b0, a1, b1, a2, b2, a3, b3) \
	SMULL_8H(w0, 0, 8)   \
	SMULL_8H(w0, 1, 9)   \
	SMULL_8H(w0, 2, 10)  \
	SMULL_8H(w0, 3, 11)  \
	SMULL_8H(w1, 0, 12)  \
	SMULL_8H(w1, 1, 13)  \
	SMULL_8H(w1, 2, 14)  \
	SMULL_8H(w1, 3, 15)  \
	SMLAL2_8H(w0, 0, 8)  \
	SMLAL2_8H(w0, 1, 9)  \
	SMLAL2_8H(w0, 2, 10) \
	SMLAL2_8H(w0, 3, 11) \
	SMLAL2_8H(w1, 0, 12) \
	SMLAL2_8H(w1, 1, 13) \
	SMLAL2_8H(w1, 2, 14) \
	SMLAL2_8H(w1, 3, 15) \
	SADALP_4S(8, a0)     \
	SADALP_4S(9, a1)     \
	SADALP_4S(10, a2)    \
	SADALP_4S(11, a3)    \
	SADALP_4S(12, b0)    \
	SADALP_4S(13, b1)    \
	SADALP_4S(14, b2)    \
	SADALP_4S(15, b3)

// FOLD1 adds up pairs of the partial sums of one row's four outputs, FOLD2 pairs of those.
#define FOLD1(c0, c1, c2, c3) \
	VADDP c1.S4, c0.S4, c0.S4 \
	VADDP c3.S4, c2.S4, c2.S4

#define FOLD2(c0, c2, d) \
	VADDP c2.S4, c0.S4, d.S4

TEXT ·Gemm4x4c16S8NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD gemmS8_X(R0), R9
	MOVD gemmS8_Shift(R0), R21
	ADD  R21, R9
	MOVD gemmS8_Zero(R0), R10
	MOVD gemmS8_K(R0), R6
	MOVD gemmS8_Taps(R0), R20
	MOVD gemmS8_YStride(R0), R16
	MOVD gemmS8_PanelBytes(R0), R19
	MOVD gemmS8_W(R0), R13
	MOVD gemmS8_Y(R0), R17
	MOVD gemmS8_Cols(R0), R14
	ADD  $gemmS8_ZeroPoint, R0, R23

panel:
	MOVD gemmS8_Off(R0), R8
	MOVD gemmS8_Rows(R0), R12
	MOVD R17, R15

tile:
	// The bias enters the first of the four partial sums; a 32-bit load clears the others.
	FMOVS (R13), F16
	FMOVS 4(R13), F17
	FMOVS 8(R13), F18
	FMOVS 12(R13), F19
	ADD   $64, R13, R7
	MOVD  R20, R11
	CMP   $2, R12
	BLT   one
	VMOV  V16.B16, V20.B16
	VMOV  V17.B16, V21.B16
	VMOV  V18.B16, V22.B16
	VMOV  V19.B16, V23.B16
	BEQ   two
	VMOV  V16.B16, V24.B16
	VMOV  V17.B16, V25.B16
	VMOV  V18.B16, V26.B16
	VMOV  V19.B16, V27.B16
	VMOV  V16.B16, V28.B16
	VMOV  V17.B16, V29.B16
	VMOV  V18.B16, V30.B16
	VMOV  V19.B16, V31.B16

tap4:
	LDPSW (R8), (R1, R2)
	LDPSW 8(R8), (R3, R4)
	ADD   $16, R8
	ADD   R9, R1, R21
	ADD   R9, R2, R22
	ADD   R9, R3, R24
	ADD   R9, R4, R25
	ROW(R1, R21)
	ROW(R2, R22)
	ROW(R3, R24)
	ROW(R4, R25)
	MOVD  $0, R5

k4:
	LDR_Q(5, 1, 0)
	FLDPQ (R7), (F4, F5)
	LDR_Q(5, 2, 1)
	LDR_Q(5, 3, 2)
	LDR_Q(5, 4, 3)
	FLDPQ 32(R7), (F6, F7)
	ADD   $64, R7
	ADD   $16, R5
	CMP   R6, R5
	MUL8(4, 5, 16, 17, 20, 21, 24, 25, 28, 29)
	MUL8(6, 7, 18, 19, 22, 23, 26, 27, 30, 31)
	BLT   k4
	SUBS  $1, R11
	BNE   tap4

	FOLD1(V16, V17, V18, V19)
	FOLD1(V20, V21, V22, V23)
	FOLD1(V24, V25, V26, V27)
	FOLD1(V28, V29, V30, V31)
	FOLD2(V16, V18, V0)
	FOLD2(V20, V22, V1)
	FOLD2(V24, V26, V2)
	FOLD2(V28, V30, V3)

requantize:
	FLDPQ 16(R13), (F4, F5)
	FMOVQ 48(R13), F6
	ADD   $4, R23, R21
	ADD   $8, R23, R22
	VLD1R (R23), [V7.H8]
	VLD1R (R21), [V16.B16]
	VLD1R (R22), [V17.B16]
	RESCALE4(4, 5, 6, 0, 1, 2, 3, 8, 9, 10, 11)
	NARROW4(7, 0, 1, 2, 3, 0)
	SMAX_16B(16, 0, 0)
	SMIN_16B(17, 0, 0)

	CMP   $4, R14
	BLT   partial
	CMP   $4, R12
	BLT   partial
	ADD   R16, R15, R21
	ADD   R16<<1, R15, R22
	FMOVS F0, (R15)
	VST1  V0.S[1], (R21)
	ADD   R16<<1, R21, R21
	VST1  V0.S[2], (R22)
	VST1  V0.S[3], (R21)
	ADD   R16<<2, R15, R15

next:
	SUBS $4, R12
	BGT  tile
	ADD  R19, R13
	ADD  $4, R17
	SUBS $4, R14
	BGT  panel
	RET

partial:
	MOVD $4, R24
	CMP  R24, R12
	CSEL LT, R12, R24, R24

store:
	FMOVS F0, R22
	CMP   $4, R14
	BLT   store3
	MOVW  R22, (R15)
	B     stored

store3:
	MOVD R15, R21
	TBZ  $1, R14, store1
	MOVH R22, (R21)
	ADD  $2, R21
	LSR  $16, R22

store1:
	TBZ  $0, R14, stored
	MOVB R22, (R21)

stored:
	VEXT $4, V0.B16, V0.B16, V0.B16
	ADD  R16, R15
	SUBS $1, R24
	BNE  store
	B    next

two:
tap2:
	LDPSW (R8), (R1, R2)
	ADD   $16, R8
	ADD   R9, R1, R21
	ADD   R9, R2, R22
	ROW(R1, R21)
	ROW(R2, R22)
	MOVD  $0, R5

k2:
	LDR_Q(5, 1, 0)
	FLDPQ (R7), (F4, F5)
	LDR_Q(5, 2, 1)
	FLDPQ 32(R7), (F6, F7)
	ADD   $64, R7
	ADD   $16, R5
	CMP   R6, R5
	SMULL_8H(4, 0, 8)
	SMULL_8H(5, 0, 9)
	SMULL_8H(6, 0, 10)
	SMULL_8H(7, 0, 11)
	SMULL_8H(4, 1, 12)
	SMULL_8H(5, 1, 13)
	SMULL_8H(6, 1, 14)
	SMULL_8H(7, 1, 15)
	SMLAL2_8H(4, 0, 8)
	SMLAL2_8H(5, 0, 9)
	SMLAL2_8H(6, 0, 10)
	SMLAL2_8H(7, 0, 11)
	SMLAL2_8H(4, 1, 12)
	SMLAL2_8H(5, 1, 13)
	SMLAL2_8H(6, 1, 14)
	SMLAL2_8H(7, 1, 15)
	SADALP_4S(8, 16)
	SADALP_4S(9, 17)
	SADALP_4S(10, 18)
	SADALP_4S(11, 19)
	SADALP_4S(12, 20)
	SADALP_4S(13, 21)
	SADALP_4S(14, 22)
	SADALP_4S(15, 23)
	BLT   k2
	SUBS  $1, R11
	BNE   tap2
	FOLD1(V16, V17, V18, V19)
	FOLD1(V20, V21, V22, V23)
	FOLD2(V16, V18, V0)
	FOLD2(V20, V22, V1)
	B     requantize

	// 1x4. V24..V27 take the second 16 k of each step.
one:
	VMOVI $0, V24.B16
	VMOVI $0, V25.B16
	VMOVI $0, V26.B16
	VMOVI $0, V27.B16

tap1:
	MOVW.P 16(R8), R1
	ADD    R9, R1, R21
	ROW(R1, R21)
	SUBS   $32, R6, R5
	BLT    half

k1:
	FLDPQ (R1), (F0, F1)
	FLDPQ (R7), (F4, F5)
	FLDPQ 32(R7), (F6, F7)
	FLDPQ 64(R7), (F28, F29)
	FLDPQ 96(R7), (F30, F31)
	ADD   $128, R7
	ADD   $32, R1
	SUBS  $32, R5
	SMULL_8H(4, 0, 8)
	SMULL_8H(5, 0, 9)
	SMULL_8H(6, 0, 10)
	SMULL_8H(7, 0, 11)
	SMULL_8H(28, 1, 12)
	SMULL_8H(29, 1, 13)
	SMULL_8H(30, 1, 14)
	SMULL_8H(31, 1, 15)
	SMLAL2_8H(4, 0, 8)
	SMLAL2_8H(5, 0, 9)
	SMLAL2_8H(6, 0, 10)
	SMLAL2_8H(7, 0, 11)
	SMLAL2_8H(28, 1, 12)
	SMLAL2_8H(29, 1, 13)
	SMLAL2_8H(30, 1, 14)
	SMLAL2_8H(31, 1, 15)
	SADALP_4S(8, 16)
	SADALP_4S(9, 17)
	SADALP_4S(10, 18)
	SADALP_4S(11, 19)
	SADALP_4S(12, 24)
	SADALP_4S(13, 25)
	SADALP_4S(14, 26)
	SADALP_4S(15, 27)
	BGE   k1

half:
	CMN   $32, R5
	BEQ   tapped
	FMOVQ (R1), F0
	FLDPQ (R7), (F4, F5)
	FLDPQ 32(R7), (F6, F7)
	ADD   $64, R7
	SMULL_8H(4, 0, 8)
	SMULL_8H(5, 0, 9)
	SMULL_8H(6, 0, 10)
	SMULL_8H(7, 0, 11)
	SMLAL2_8H(4, 0, 8)
	SMLAL2_8H(5, 0, 9)
	SMLAL2_8H(6, 0, 10)
	SMLAL2_8H(7, 0, 11)
	SADALP_4S(8, 16)
	SADALP_4S(9, 17)
	SADALP_4S(10, 18)
	SADALP_4S(11, 19)

tapped:
	SUBS $1, R11
	BNE  tap1
	VADD V24.S4, V16.S4, V16.S4
	VADD V25.S4, V17.S4, V17.S4
	VADD V26.S4, V18.S4, V18.S4
	VADD V27.S4, V19.S4, V19.S4
	FOLD1(V16, V17, V18, V19)
	FOLD2(V16, V18, V0)
	B    requantize
