#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func Gemm4x4c8S8NEON(a *abi.GemmS8)
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
// Panel: bias[4] mult[4] -exponent[4] threshold[4] (see RESCALE4), then for each tap [K/16][4][16] weights, and [4][8]
// where K%16 is 8. One row left: a 1x4 tile, 32 k at a time. Two: 2x4. Three: the 4x4 tile on the repeated offset, three
// rows stored.
// Columns past the panel's last output are computed on zero weights and not stored.
//
//	R0 args   R1-R4 rows of x   R5 k   R6 K   R7 weights   R8 offsets   R9 X+Shift   R10 Zero   R11 taps left
//	R12 rows left   R13 panel   R14 columns left   R15 y of the tile   R16 YStride   R17 y of the panel   R19 PanelBytes
//	R20 Taps   R21 R22 scratch   R23 &ZeroPoint   R24 R25 scratch, R24 rows to store   R26 Lo >= ZeroPoint

// ROW turns an offset into the address of a row, or of the row of zeros.
#define ROW(r, t) \
	CMP  $0, r         \
	CSEL GE, t, R10, r

// LOW4, HIGH4 and SUM4 multiply four rows with the first and the last 8 k of one output, and add the pairs of products.
#define LOW4(w, t0, t1, t2, t3) \
	SMULL_8H(w, 0, t0) \
	SMULL_8H(w, 1, t1) \
	SMULL_8H(w, 2, t2) \
	SMULL_8H(w, 3, t3)

#define HIGH4(w, t0, t1, t2, t3) \
	SMLAL2_8H(w, 0, t0) \
	SMLAL2_8H(w, 1, t1) \
	SMLAL2_8H(w, 2, t2) \
	SMLAL2_8H(w, 3, t3)

#define SUM4(t0, t1, t2, t3, c0, c1, c2, c3) \
	SADALP_4S(t0, c0) \
	SADALP_4S(t1, c1) \
	SADALP_4S(t2, c2) \
	SADALP_4S(t3, c3)

// ROWS4 finds the rows of a tap, sets R5 to 0 and puts K-32 into R21. It is ROW four times, with what else there is to
// do put between the comparisons and what waits for them.
#define ROWS4 \
	LDPSW (R8), (R1, R2)   \
	LDPSW 8(R8), (R3, R4)  \
	ADD   $16, R8          \
	CMP   $0, R1           \
	ADD   R9, R1, R21      \
	ADD   R9, R2, R22      \
	CSEL  GE, R21, R10, R1 \
	CMP   $0, R2           \
	ADD   R9, R3, R24      \
	ADD   R9, R4, R25      \
	CSEL  GE, R22, R10, R2 \
	CMP   $0, R3           \
	SUB   $32, R6, R21     \
	MOVD  $0, R5           \
	CSEL  GE, R24, R10, R3 \
	CMP   $0, R4           \
	CSEL  GE, R25, R10, R4

#define LOAD4 \
	LDR_Q(5, 1, 0) \
	LDR_Q(5, 2, 1) \
	LDR_Q(5, 3, 2) \
	LDR_Q(5, 4, 3)

// STEP4 is 16 k of four rows and four outputs, then R5 against R21. It finds the weights in V4..V7 and loads those that
// follow where the sums hide it; past the last panel these are Slack. The rows' loads stand together at the top because
// an A53 lets no load finish before the products ahead of it.
#define STEP4 \
	LOAD4                                       \
	ADD  $64, R7                                \
	ADD  $16, R5                                \
	CMP  R21, R5                                \
	LOW4(4, 8, 9, 10, 11)                       \
	LOW4(5, 12, 13, 14, 15)                     \
	HIGH4(4, 8, 9, 10, 11)                      \
	HIGH4(5, 12, 13, 14, 15)                    \
	SUM4(8, 9, 10, 11, 16, 20, 24, 28)          \
	SUM4(12, 13, 14, 15, 17, 21, 25, 29)        \
	LOW4(6, 8, 9, 10, 11)                       \
	LOW4(7, 12, 13, 14, 15)                     \
	HIGH4(6, 8, 9, 10, 11)                      \
	HIGH4(7, 12, 13, 14, 15)                    \
	VLD1 (R7), [V4.B16, V5.B16, V6.B16, V7.B16] \
	SUM4(8, 9, 10, 11, 18, 22, 26, 30)          \
	SUM4(12, 13, 14, 15, 19, 23, 27, 31)

// HALF4 is the last 8 k of a tap.
#define HALF4 \
	LOAD4                                        \
	FMOVD 8(R7), F6                              \
	FMOVD 24(R7), F7                             \
	ADD   $32, R7                                \
	LOW4(4, 8, 9, 10, 11)                        \
	LOW4(5, 12, 13, 14, 15)                      \
	SUM4(8, 9, 10, 11, 16, 20, 24, 28)           \
	SUM4(12, 13, 14, 15, 18, 22, 26, 30)         \
	LOW4(6, 8, 9, 10, 11)                        \
	LOW4(7, 12, 13, 14, 15)                      \
	VLD1  (R7), [V4.B16, V5.B16, V6.B16, V7.B16] \
	SUM4(8, 9, 10, 11, 17, 21, 25, 29)           \
	SUM4(12, 13, 14, 15, 19, 23, 27, 31)

// FILL4 starts the accumulators of rows 1 to 3 and loads the first weights.
#define FILL4 \
	VMOV V16.B16, V20.B16                       \
	VMOV V17.B16, V21.B16                       \
	VMOV V18.B16, V22.B16                       \
	VMOV V19.B16, V23.B16                       \
	VMOV V16.B16, V24.B16                       \
	VMOV V17.B16, V25.B16                       \
	VMOV V18.B16, V26.B16                       \
	VMOV V19.B16, V27.B16                       \
	VMOV V16.B16, V28.B16                       \
	VMOV V17.B16, V29.B16                       \
	VMOV V18.B16, V30.B16                       \
	VMOV V19.B16, V31.B16                       \
	VLD1 (R7), [V4.B16, V5.B16, V6.B16, V7.B16]

// FOLD1 adds up pairs of the partial sums of one row's four outputs, FOLD2 pairs of those.
#define FOLD1(c0, c1, c2, c3) \
	VADDP c1.S4, c0.S4, c0.S4 \
	VADDP c3.S4, c2.S4, c2.S4

#define FOLD2(c0, c2, d) \
	VADDP c2.S4, c0.S4, d.S4

// FOLD4 leaves the sums of row i in Vi and loads the multiplier, -exponent, zero point and limits.
#define FOLD4 \
	FLDPQ 16(R13), (F4, F5)    \
	ADD   $4, R23, R21         \
	ADD   $8, R23, R22         \
	VLD1R (R23), [V7.H8]       \
	VLD1R (R21), [V12.B16]     \
	VLD1R (R22), [V13.B16]     \
	FOLD1(V16, V17, V18, V19)  \
	FOLD1(V20, V21, V22, V23)  \
	FOLD1(V24, V25, V26, V27)  \
	FOLD1(V28, V29, V30, V31)  \
	FOLD2(V16, V18, V0)        \
	FOLD2(V20, V22, V1)        \
	FOLD2(V24, V26, V2)        \
	FOLD2(V28, V30, V3)

// LIMIT4 makes the results into bytes.
#define LIMIT4 \
	NARROW4(7, 0, 1, 2, 3, 0) \
	SMAX_16B(12, 0, 0)        \
	SMIN_16B(13, 0, 0)

TEXT ·Gemm4x4c8S8NEON(SB), NOSPLIT, $0-8
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

	MOVW gemmS8_ZeroPoint(R0), R21
	MOVW gemmS8_Lo(R0), R22
	CMP  R21, R22
	CSET GE, R26

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
	CCMP  GT, R6, $8, $8
	BLE   other
	FILL4

tap4:
	ROWS4
	STEP4
	BGT odd4

k4:
	STEP4
	STEP4
	BLE k4

odd4:
	TBNZ $4, R6, half4
	STEP4

half4:
	TBZ $3, R6, tapped4
	HALF4

tapped4:
	SUBS $1, R11
	BNE  tap4

fold:
	CBNZ  R26, relu
	FMOVQ 48(R13), F6
	FOLD4
	RESCALE4(4, 5, 6, 0, 1, 2, 3, 8, 9, 10, 11)
	LIMIT4

finished:
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

	// Lo >= ZeroPoint, as after a ReLU: a negative product rounds to 0 at most with RESCALE4's -1 or without, so that the
	// sum with the zero point is limited to Lo either way.
relu:
	FOLD4
	SQRDMULH_4S(4, 0, 0)
	SQRDMULH_4S(4, 1, 1)
	SQRDMULH_4S(4, 2, 2)
	SQRDMULH_4S(4, 3, 3)
	SRSHL_4S(5, 0, 0)
	SRSHL_4S(5, 1, 1)
	SRSHL_4S(5, 2, 2)
	SRSHL_4S(5, 3, 3)
	LIMIT4
	B finished

	// One or two rows left, or taps of 8 k.
other:
	CMP $2, R12
	BLT one
	BEQ two
	FILL4

short4:
	ROWS4
	HALF4
	SUBS $1, R11
	BNE  short4
	B    fold

two:
	VMOV V16.B16, V20.B16
	VMOV V17.B16, V21.B16
	VMOV V18.B16, V22.B16
	VMOV V19.B16, V23.B16

tap2:
	LDPSW (R8), (R1, R2)
	ADD   $16, R8
	ADD   R9, R1, R21
	ADD   R9, R2, R22
	ROW(R1, R21)
	ROW(R2, R22)
	SUBS  $16, R6, R5
	BLT   half2

k2:
	FMOVQ.P 16(R1), F0
	FLDPQ.P 32(R7), (F4, F5)
	FMOVQ.P 16(R2), F1
	FLDPQ.P 32(R7), (F6, F7)
	SUBS    $16, R5
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
	BGE   k2

half2:
	TBZ     $3, R6, tapped2
	FMOVD   (R1), F0
	FLDPD.P 16(R7), (F4, F5)
	FMOVD   (R2), F1
	FLDPD.P 16(R7), (F6, F7)
	SMULL_8H(4, 0, 8)
	SMULL_8H(5, 0, 9)
	SMULL_8H(6, 0, 10)
	SMULL_8H(7, 0, 11)
	SMULL_8H(4, 1, 12)
	SMULL_8H(5, 1, 13)
	SMULL_8H(6, 1, 14)
	SMULL_8H(7, 1, 15)
	SADALP_4S(8, 16)
	SADALP_4S(9, 17)
	SADALP_4S(10, 18)
	SADALP_4S(11, 19)
	SADALP_4S(12, 20)
	SADALP_4S(13, 21)
	SADALP_4S(14, 22)
	SADALP_4S(15, 23)

tapped2:
	SUBS $1, R11
	BNE  tap2
	B    fold

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
	BLT    rest1

k1:
	FLDPQ.P 32(R1), (F0, F1)
	FLDPQ   (R7), (F4, F5)
	FLDPQ   32(R7), (F6, F7)
	FLDPQ   64(R7), (F28, F29)
	FLDPQ   96(R7), (F30, F31)
	ADD     $128, R7
	SUBS    $32, R5
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

	// K%32 is R5%32: the multiple of 32 under 0 changes neither bit.
rest1:
	TBZ     $4, R5, half1
	FMOVQ.P 16(R1), F0
	FLDPQ.P 32(R7), (F4, F5)
	FLDPQ.P 32(R7), (F6, F7)
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

half1:
	TBZ     $3, R5, tapped1
	FMOVD   (R1), F0
	FLDPD.P 16(R7), (F4, F5)
	FLDPD.P 16(R7), (F6, F7)
	SMULL_8H(4, 0, 8)
	SMULL_8H(5, 0, 9)
	SMULL_8H(6, 0, 10)
	SMULL_8H(7, 0, 11)
	SADALP_4S(8, 16)
	SADALP_4S(9, 17)
	SADALP_4S(10, 18)
	SADALP_4S(11, 19)

tapped1:
	SUBS $1, R11
	BNE  tap1
	VADD V24.S4, V16.S4, V16.S4
	VADD V25.S4, V17.S4, V17.S4
	VADD V26.S4, V18.S4, V18.S4
	VADD V27.S4, V19.S4, V19.S4
	B    fold
