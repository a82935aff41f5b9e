#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func Gemm4x16c4S8DotProd(a *abi.GemmS8)
//
// CPU: FEAT_DotProd (Armv8.2-A; Cortex-A76, A78AE). Any int8 weights.
//
//	             n0-3 n4-7 n8-11 n12-15   <- V4..V7, V8..V11 in turn: 4 k of each output, 64 bytes of the panel
//	V0[i]  m0    V16  V17  V18   V19
//	V1[i]  m1    V20  V21  V22   V23      V0..V3 hold 16 k of a row, lane i the 4 k in turn
//	V2[i]  m2    V24  V25  V26   V27
//	V3[i]  m3    V28  V29  V30   V31
//
// Panel: bias[16] mult[16] -exponent[16] threshold[16] (see RESCALE4), then [taps][K/4][16][4] weights.
// K%16: steps of 4 k. One row left: a 1x16 tile with two chains for each output. Two or three: the 4x16 tile on the
// repeated offset, as many rows stored. Columns past the panel's last output are computed on zero weights, not stored.
//
//	R0 args   R1-R4 rows of x   R5 k   R6 K   R7 weights   R8 offsets   R9 X+Shift   R10 Zero   R11 taps left
//	R12 rows left   R13 panel   R14 columns left   R15 y of the tile   R16 YStride   R17 y of the panel   R19 PanelBytes
//	R20 Taps   R21 R22 scratch   R23 &ZeroPoint   R24 scratch, rows to store   R25 Lo >= ZeroPoint   R26 K-16

// ROW turns an offset into the address of a row, or of the row of zeros.
#define ROW(r, t) \
	CMP  $0, r         \
	CSEL GE, t, R10, r

// DOT4 adds 4 k of four rows and four outputs.
#define DOT4(SDOT, w, c0, c1, c2, c3) \
	SDOT(0, w, c0) \
	SDOT(1, w, c1) \
	SDOT(2, w, c2) \
	SDOT(3, w, c3)

// DOT16 adds 4 k of four rows and sixteen outputs.
#define DOT16(SDOT, w0, w1, w2, w3) \
	DOT4(SDOT, w0, 16, 20, 24, 28) \
	DOT4(SDOT, w1, 17, 21, 25, 29) \
	DOT4(SDOT, w2, 18, 22, 26, 30) \
	DOT4(SDOT, w3, 19, 23, 27, 31)

#define DOTROW(SDOT, x, w0, w1, w2, w3, c0, c1, c2, c3) \
	SDOT(x, w0, c0) \
	SDOT(x, w1, c1) \
	SDOT(x, w2, c2) \
	SDOT(x, w3, c3)

// MULT16, SIGN16, SHIFT16 and FINISH16 are RESCALE4 and NARROW4 for a row of 16 outputs, each with its own multiplier.
#define MULT16(v0, v1, v2, v3) \
	SQRDMULH_4S(4, v0, v0) \
	SQRDMULH_4S(5, v1, v1) \
	SQRDMULH_4S(6, v2, v2) \
	SQRDMULH_4S(7, v3, v3)

#define SIGN16(v0, v1, v2, v3) \
	CMGT_4S(v0, 12, 0) \
	CMGT_4S(v1, 13, 1) \
	CMGT_4S(v2, 14, 2) \
	CMGT_4S(v3, 15, 3) \
	ADD_4S(0, v0, v0)  \
	ADD_4S(1, v1, v1)  \
	ADD_4S(2, v2, v2)  \
	ADD_4S(3, v3, v3)

#define SHIFT16(v0, v1, v2, v3) \
	SRSHL_4S(8, v0, v0)  \
	SRSHL_4S(9, v1, v1)  \
	SRSHL_4S(10, v2, v2) \
	SRSHL_4S(11, v3, v3)

#define FINISH16(v0, v1, v2, v3) \
	NARROW4(4, v0, v1, v2, v3, v0) \
	SMAX_16B(5, v0, v0)            \
	SMIN_16B(6, v0, v0)

// LIMITS loads the zero point and the limits over the multipliers.
#define LIMITS \
	ADD   $4, R23, R21    \
	ADD   $8, R23, R22    \
	VLD1R (R23), [V4.H8]  \
	VLD1R (R21), [V5.B16] \
	VLD1R (R22), [V6.B16]

TEXT ·Gemm4x16c4S8DotProd(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD gemmS8_X(R0), R9
	MOVD gemmS8_Shift(R0), R21
	ADD  R21, R9
	MOVD gemmS8_Zero(R0), R10
	MOVD gemmS8_K(R0), R6
	SUB  $16, R6, R26
	MOVD gemmS8_Taps(R0), R20
	MOVD gemmS8_YStride(R0), R16
	MOVD gemmS8_PanelBytes(R0), R19
	MOVD gemmS8_W(R0), R13
	MOVD gemmS8_Y(R0), R17
	MOVD gemmS8_Cols(R0), R14
	MOVW gemmS8_ZeroPoint(R0), R21
	MOVW gemmS8_Lo(R0), R22
	CMP  R21, R22
	CSET GE, R25
	ADD  $gemmS8_ZeroPoint, R0, R23

panel:
	MOVD gemmS8_Off(R0), R8
	MOVD gemmS8_Rows(R0), R12
	MOVD R17, R15

tile:
	FLDPQ (R13), (F16, F17)
	FLDPQ 32(R13), (F18, F19)
	ADD   $256, R13, R7
	MOVD  R20, R11
	CMP   $1, R12
	BEQ   one
	VMOV  V16.B16, V20.B16
	VMOV  V17.B16, V21.B16
	VMOV  V18.B16, V22.B16
	VMOV  V19.B16, V23.B16
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
	ADD   R9, R4, R5
	ROW(R1, R21)
	ROW(R2, R22)
	ROW(R3, R24)
	ROW(R4, R5)
	MOVD  $0, R5
	CMP   $16, R6
	BLT   tail4

k4:
	LDR_Q(5, 1, 0)
	FLDPQ (R7), (F4, F5)
	LDR_Q(5, 2, 1)
	LDR_Q(5, 3, 2)
	LDR_Q(5, 4, 3)
	FLDPQ 32(R7), (F6, F7)
	DOT16(SDOT0_4S, 4, 5, 6, 7)
	FLDPQ 64(R7), (F8, F9)
	FLDPQ 96(R7), (F10, F11)
	DOT16(SDOT1_4S, 8, 9, 10, 11)
	FLDPQ 128(R7), (F4, F5)
	FLDPQ 160(R7), (F6, F7)
	DOT16(SDOT2_4S, 4, 5, 6, 7)
	FLDPQ 192(R7), (F8, F9)
	FLDPQ 224(R7), (F10, F11)
	ADD   $256, R7
	ADD   $16, R5
	CMP   R26, R5
	DOT16(SDOT3_4S, 8, 9, 10, 11)
	BLE   k4
	CMP   R6, R5
	BEQ   tapped4

tail4:
	LDR_S(5, 1, 0)
	LDR_S(5, 2, 1)
	LDR_S(5, 3, 2)
	LDR_S(5, 4, 3)
	FLDPQ (R7), (F4, F5)
	FLDPQ 32(R7), (F6, F7)
	ADD   $64, R7
	ADD   $4, R5
	CMP   R6, R5
	DOT16(SDOT0_4S, 4, 5, 6, 7)
	BLT   tail4

tapped4:
	SUBS $1, R11
	BNE  tap4

	FLDPQ 64(R13), (F4, F5)
	FLDPQ 96(R13), (F6, F7)
	FLDPQ 128(R13), (F8, F9)
	FLDPQ 160(R13), (F10, F11)
	CBNZ  R25, relu
	FLDPQ 192(R13), (F12, F13)
	FLDPQ 224(R13), (F14, F15)
	MULT16(16, 17, 18, 19)
	MULT16(20, 21, 22, 23)
	MULT16(24, 25, 26, 27)
	MULT16(28, 29, 30, 31)
	LIMITS
	SIGN16(16, 17, 18, 19)
	SIGN16(20, 21, 22, 23)
	SIGN16(24, 25, 26, 27)
	SIGN16(28, 29, 30, 31)
	SHIFT16(16, 17, 18, 19)
	FINISH16(16, 17, 18, 19)
	SHIFT16(20, 21, 22, 23)
	FINISH16(20, 21, 22, 23)
	SHIFT16(24, 25, 26, 27)
	FINISH16(24, 25, 26, 27)
	SHIFT16(28, 29, 30, 31)
	FINISH16(28, 29, 30, 31)

finished:
	CMP   $16, R14
	BLT   partial
	CMP   $4, R12
	BLT   partial
	ADD   R16, R15, R21
	ADD   R16<<1, R15, R22
	FMOVQ F16, (R15)
	FMOVQ F20, (R21)
	ADD   R16<<1, R21, R21
	FMOVQ F24, (R22)
	FMOVQ F28, (R21)
	ADD   R16<<2, R15, R15

next:
	SUBS $4, R12
	BGT  tile
	ADD  R19, R13
	ADD  $16, R17
	SUBS $16, R14
	BGT  panel
	RET

partial:
	MOVD $4, R24
	CMP  R24, R12
	CSEL LT, R12, R24, R24

store:
	CMP   $16, R14
	BLT   narrow
	FMOVQ F16, (R15)
	B     stored

narrow:
	MOVD R15, R21
	STORE_BYTES(V16, F16, R21, R14, s8, s4, s2, s1)

stored:
	VMOV V20.B16, V16.B16
	VMOV V24.B16, V20.B16
	VMOV V28.B16, V24.B16
	ADD  R16, R15
	SUBS $1, R24
	BNE  store
	B    next

	// Lo >= ZeroPoint, as after a ReLU: a negative product rounds to 0 at most with the -1 or without, so that the sum
	// with the zero point is limited to Lo either way, and SIGN16 can go.
relu:
	MULT16(16, 17, 18, 19)
	MULT16(20, 21, 22, 23)
	MULT16(24, 25, 26, 27)
	MULT16(28, 29, 30, 31)
	LIMITS
	SHIFT16(16, 17, 18, 19)
	FINISH16(16, 17, 18, 19)
	SHIFT16(20, 21, 22, 23)
	FINISH16(20, 21, 22, 23)
	SHIFT16(24, 25, 26, 27)
	FINISH16(24, 25, 26, 27)
	SHIFT16(28, 29, 30, 31)
	FINISH16(28, 29, 30, 31)
	B finished

	// 1x16. V20..V23 take every second 4 k, so that eight chains are in flight.
one:
	VMOVI $0, V20.B16
	VMOVI $0, V21.B16
	VMOVI $0, V22.B16
	VMOVI $0, V23.B16

tap1:
	MOVW.P 16(R8), R1
	ADD    R9, R1, R21
	ROW(R1, R21)
	SUBS   $16, R6, R5
	BLT    rest1

k1:
	FMOVQ.P 16(R1), F0
	FLDPQ   (R7), (F4, F5)
	FLDPQ   32(R7), (F6, F7)
	FLDPQ   64(R7), (F8, F9)
	FLDPQ   96(R7), (F10, F11)
	DOTROW(SDOT0_4S, 0, 4, 5, 6, 7, 16, 17, 18, 19)
	FLDPQ   128(R7), (F24, F25)
	FLDPQ   160(R7), (F26, F27)
	DOTROW(SDOT1_4S, 0, 8, 9, 10, 11, 20, 21, 22, 23)
	FLDPQ   192(R7), (F28, F29)
	FLDPQ   224(R7), (F30, F31)
	DOTROW(SDOT2_4S, 0, 24, 25, 26, 27, 16, 17, 18, 19)
	ADD     $256, R7
	SUBS    $16, R5
	DOTROW(SDOT3_4S, 0, 28, 29, 30, 31, 20, 21, 22, 23)
	BGE     k1

rest1:
	ADDS $16, R5
	BEQ  tapped1

tail1:
	FMOVS.P 4(R1), F0
	FLDPQ   (R7), (F4, F5)
	FLDPQ   32(R7), (F6, F7)
	ADD     $64, R7
	SUBS    $4, R5
	DOTROW(SDOT0_4S, 0, 4, 5, 6, 7, 16, 17, 18, 19)
	BNE     tail1

tapped1:
	SUBS  $1, R11
	BNE   tap1
	VADD  V20.S4, V16.S4, V16.S4
	VADD  V21.S4, V17.S4, V17.S4
	VADD  V22.S4, V18.S4, V18.S4
	VADD  V23.S4, V19.S4, V19.S4
	FLDPQ 64(R13), (F4, F5)
	FLDPQ 96(R13), (F6, F7)
	FLDPQ 128(R13), (F8, F9)
	FLDPQ 160(R13), (F10, F11)
	FLDPQ 192(R13), (F12, F13)
	FLDPQ 224(R13), (F14, F15)
	MULT16(16, 17, 18, 19)
	SIGN16(16, 17, 18, 19)
	SHIFT16(16, 17, 18, 19)
	LIMITS
	FINISH16(16, 17, 18, 19)
	MOVD  $1, R24
	B     store
