#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func Gemm8x8F32NEON(a *abi.GemmF32)
//
// CPU: Advanced SIMD (every arm64).
//
//	             n0-3 n4-7   <- V8 V9 for k, V10 V11 for k+1, V12 V13, V14 V15: 32 bytes of the panel each
//	V0[k]  m0    V16  V17
//	V1[k]  m1    V18  V19    V0..V7 hold 4 k of a row. Each accumulator starts at the bias and takes k in ascending
//	  ...         ...        order, one fused multiply-add each: the defined order of abi.GemmF32.
//	V7[k]  m7    V30  V31
//
// K%4: steps of one k. One to four rows left: a 4x8 tile on the repeated offsets. Rows = 1 altogether: 1x32, 1x16, 1x8
// over four, two or one panel, since one panel's two chains would wait for each other's latency.
// Panels: [8 bias][taps][K][8]. Columns past the last output are computed on the zero padding and not stored.
//
//	R0 args   R1-R4 R21 R22 R24 R25 rows of x   R5 k in bytes   R6 4*K   R7 weights   R8 offsets   R9 X+Shift   R10 Zero
//	R11 taps left   R12 rows left   R13 panel   R14 columns left   R15 y of the tile   R16 4*YStride   R17 y of the panel
//	R19 PanelBytes   R20 Taps   R23 4*K-16   R26 scratch
// One row: R7 R2 R3 R4 weights of four panels, R24 panels.

// ROW turns an offset in elements into the address of a row, or of the row of zeros.
#define ROW(r) \
	ADD  r<<2, R9, R26   \
	CMP  $0, r           \
	CSEL GE, R26, R10, r

#define ROWS4(FMLA, b0, b1) \
	FMLA(0, b0, 16) \
	FMLA(0, b1, 17) \
	FMLA(1, b0, 18) \
	FMLA(1, b1, 19) \
	FMLA(2, b0, 20) \
	FMLA(2, b1, 21) \
	FMLA(3, b0, 22) \
	FMLA(3, b1, 23)

#define ROWS8(FMLA, b0, b1) \
	ROWS4(FMLA, b0, b1) \
	FMLA(4, b0, 24)     \
	FMLA(4, b1, 25)     \
	FMLA(5, b0, 26)     \
	FMLA(5, b1, 27)     \
	FMLA(6, b0, 28)     \
	FMLA(6, b1, 29)     \
	FMLA(7, b0, 30)     \
	FMLA(7, b1, 31)

TEXT ·Gemm8x8F32NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD gemmF32_X(R0), R9
	MOVD gemmF32_Shift(R0), R26
	ADD  R26<<2, R9
	MOVD gemmF32_Zero(R0), R10
	MOVD gemmF32_K(R0), R6
	LSL  $2, R6
	SUB  $16, R6, R23
	MOVD gemmF32_Taps(R0), R20
	MOVD gemmF32_YStride(R0), R16
	LSL  $2, R16
	MOVD gemmF32_PanelBytes(R0), R19
	MOVD gemmF32_W(R0), R13
	MOVD gemmF32_Y(R0), R17
	MOVD gemmF32_Cols(R0), R14
	MOVD gemmF32_Rows(R0), R12
	CMP  $1, R12
	BEQ  vector

panel:
	MOVD gemmF32_Off(R0), R8
	MOVD gemmF32_Rows(R0), R12
	MOVD R17, R15

tile:
	FLDPQ (R13), (F16, F17)
	ADD   $32, R13, R7
	MOVD  R20, R11
	CMP   $4, R12
	VMOV  V16.B16, V18.B16
	VMOV  V17.B16, V19.B16
	VMOV  V16.B16, V20.B16
	VMOV  V17.B16, V21.B16
	VMOV  V16.B16, V22.B16
	VMOV  V17.B16, V23.B16
	BLE   tap4
	VMOV  V16.B16, V24.B16
	VMOV  V17.B16, V25.B16
	VMOV  V16.B16, V26.B16
	VMOV  V17.B16, V27.B16
	VMOV  V16.B16, V28.B16
	VMOV  V17.B16, V29.B16
	VMOV  V16.B16, V30.B16
	VMOV  V17.B16, V31.B16

tap8:
	LDPSW (R8), (R1, R2)
	LDPSW 8(R8), (R3, R4)
	LDPSW 16(R8), (R21, R22)
	LDPSW 24(R8), (R24, R25)
	ADD   $32, R8
	ROW(R1)
	ROW(R2)
	ROW(R3)
	ROW(R4)
	ROW(R21)
	ROW(R22)
	ROW(R24)
	ROW(R25)
	MOVD  $0, R5
	CMP   $16, R6
	BLT   tail8

k8:
	LDR_Q(5, 1, 0)
	FLDPQ (R7), (F8, F9)
	LDR_Q(5, 2, 1)
	LDR_Q(5, 3, 2)
	LDR_Q(5, 4, 3)
	LDR_Q(5, 21, 4)
	LDR_Q(5, 22, 5)
	LDR_Q(5, 24, 6)
	LDR_Q(5, 25, 7)
	ROWS8(FMLA0_4S, 8, 9)
	FLDPQ 32(R7), (F10, F11)
	FLDPQ 64(R7), (F12, F13)
	FLDPQ 96(R7), (F14, F15)
	ADD   $128, R7
	ROWS8(FMLA1_4S, 10, 11)
	ROWS8(FMLA2_4S, 12, 13)
	ADD   $16, R5
	CMP   R23, R5
	ROWS8(FMLA3_4S, 14, 15)
	BLE   k8
	CMP   R6, R5
	BEQ   tapped8

tail8:
	LDR_S(5, 1, 0)
	LDR_S(5, 2, 1)
	LDR_S(5, 3, 2)
	LDR_S(5, 4, 3)
	LDR_S(5, 21, 4)
	LDR_S(5, 22, 5)
	LDR_S(5, 24, 6)
	LDR_S(5, 25, 7)
	FLDPQ.P 32(R7), (F8, F9)
	ADD     $4, R5
	CMP     R6, R5
	ROWS8(FMLA0_4S, 8, 9)
	BLT     tail8

tapped8:
	SUBS  $1, R11
	BNE   tap8
	MOVD  gemmF32_Clamp(R0), R26
	CBZ   R26, clamped
	ADD   $gemmF32_Lo, R0, R26
	VLD1R (R26), [V0.S4]
	ADD   $gemmF32_Hi, R0, R26
	VLD1R (R26), [V1.S4]
	CLAMP4(0, 1, 16, 17, 18, 19, 2, 3, 4, 5)
	CLAMP4(0, 1, 20, 21, 22, 23, 2, 3, 4, 5)
	CLAMP4(0, 1, 24, 25, 26, 27, 2, 3, 4, 5)
	CLAMP4(0, 1, 28, 29, 30, 31, 2, 3, 4, 5)

clamped:
	CMP   $8, R14
	BLT   partial
	CMP   $8, R12
	BLT   partial
	ADD   R16, R15, R1
	ADD   R16<<1, R15, R2
	ADD   R16<<1, R1, R3
	FSTPQ (F16, F17), (R15)
	FSTPQ (F18, F19), (R1)
	FSTPQ (F20, F21), (R2)
	FSTPQ (F22, F23), (R3)
	ADD   R16<<2, R15, R15
	ADD   R16<<2, R1, R1
	ADD   R16<<2, R2, R2
	ADD   R16<<2, R3, R3
	FSTPQ (F24, F25), (R15)
	FSTPQ (F26, F27), (R1)
	FSTPQ (F28, F29), (R2)
	FSTPQ (F30, F31), (R3)
	ADD   R16<<2, R15, R15

next:
	SUBS $8, R12
	BGT  tile
	ADD  R19, R13
	ADD  $32, R17
	SUBS $8, R14
	BGT  panel
	RET

partial:
	MOVD $8, R24
	CMP  R24, R12
	CSEL LT, R12, R24, R24

store:
	CMP   $8, R14
	BLT   narrow
	FSTPQ (F16, F17), (R15)
	B     stored

narrow:
	MOVD R15, R26
	STORE_FLOATS(V16, V17, F16, R26, R14, s4, s2, s1)

stored:
	VMOV V18.B16, V16.B16
	VMOV V19.B16, V17.B16
	VMOV V20.B16, V18.B16
	VMOV V21.B16, V19.B16
	VMOV V22.B16, V20.B16
	VMOV V23.B16, V21.B16
	VMOV V24.B16, V22.B16
	VMOV V25.B16, V23.B16
	VMOV V26.B16, V24.B16
	VMOV V27.B16, V25.B16
	VMOV V28.B16, V26.B16
	VMOV V29.B16, V27.B16
	VMOV V30.B16, V28.B16
	VMOV V31.B16, V29.B16
	ADD  R16, R15
	SUBS $1, R24
	BNE  store
	B    next

	// 4x8
tap4:
	LDPSW (R8), (R1, R2)
	LDPSW 8(R8), (R3, R4)
	ADD   $32, R8
	ROW(R1)
	ROW(R2)
	ROW(R3)
	ROW(R4)
	MOVD  $0, R5
	CMP   $16, R6
	BLT   tail4

k4:
	LDR_Q(5, 1, 0)
	FLDPQ (R7), (F8, F9)
	LDR_Q(5, 2, 1)
	LDR_Q(5, 3, 2)
	LDR_Q(5, 4, 3)
	ROWS4(FMLA0_4S, 8, 9)
	FLDPQ 32(R7), (F10, F11)
	FLDPQ 64(R7), (F12, F13)
	FLDPQ 96(R7), (F14, F15)
	ADD   $128, R7
	ROWS4(FMLA1_4S, 10, 11)
	ROWS4(FMLA2_4S, 12, 13)
	ADD   $16, R5
	CMP   R23, R5
	ROWS4(FMLA3_4S, 14, 15)
	BLE   k4
	CMP   R6, R5
	BEQ   tapped4

tail4:
	LDR_S(5, 1, 0)
	LDR_S(5, 2, 1)
	LDR_S(5, 3, 2)
	LDR_S(5, 4, 3)
	FLDPQ.P 32(R7), (F8, F9)
	ADD     $4, R5
	CMP     R6, R5
	ROWS4(FMLA0_4S, 8, 9)
	BLT     tail4

tapped4:
	SUBS  $1, R11
	BNE   tap4
	MOVD  gemmF32_Clamp(R0), R26
	CBZ   R26, clamped
	ADD   $gemmF32_Lo, R0, R26
	VLD1R (R26), [V0.S4]
	ADD   $gemmF32_Hi, R0, R26
	VLD1R (R26), [V1.S4]
	CLAMP4(0, 1, 16, 17, 18, 19, 2, 3, 4, 5)
	CLAMP4(0, 1, 20, 21, 22, 23, 2, 3, 4, 5)
	B     clamped

	// One row. Each step loads one k of every panel and adds it to that panel's two accumulators.
#define FMLA8(FMLA, b0, b1, b2, b3, b4, b5, b6, b7) \
	FMLA(0, b0, 16) \
	FMLA(0, b1, 17) \
	FMLA(0, b2, 18) \
	FMLA(0, b3, 19) \
	FMLA(0, b4, 20) \
	FMLA(0, b5, 21) \
	FMLA(0, b6, 22) \
	FMLA(0, b7, 23)

#define LOAD4EVEN(i) \
	FLDPQ i(R7), (F8, F9)   \
	FLDPQ i(R2), (F10, F11) \
	FLDPQ i(R3), (F12, F13) \
	FLDPQ i(R4), (F14, F15)

#define LOAD4ODD(i) \
	FLDPQ i(R7), (F24, F25) \
	FLDPQ i(R2), (F26, F27) \
	FLDPQ i(R3), (F28, F29) \
	FLDPQ i(R4), (F30, F31)

vector:
	MOVD  gemmF32_Off(R0), R8
	MOVD  R20, R11
	ADD   $32, R13, R7
	ADD   R19, R7, R2
	ADD   R19, R2, R3
	ADD   R19, R3, R4
	FLDPQ (R13), (F16, F17)
	CMP   $8, R14
	BLE   one
	FLDPQ -32(R2), (F18, F19)
	CMP   $24, R14
	BLE   two
	FLDPQ -32(R3), (F20, F21)
	FLDPQ -32(R4), (F22, F23)
	MOVD  $4, R24

vtap4:
	MOVW.P 32(R8), R1
	ROW(R1)
	SUBS   $16, R6, R5
	BLT    vrest4

vk4:
	FMOVQ.P 16(R1), F0
	LOAD4EVEN(0)
	LOAD4ODD(32)
	FMLA8(FMLA0_4S, 8, 9, 10, 11, 12, 13, 14, 15)
	LOAD4EVEN(64)
	FMLA8(FMLA1_4S, 24, 25, 26, 27, 28, 29, 30, 31)
	LOAD4ODD(96)
	ADD     $128, R7
	ADD     $128, R2
	ADD     $128, R3
	FMLA8(FMLA2_4S, 8, 9, 10, 11, 12, 13, 14, 15)
	ADD     $128, R4
	SUBS    $16, R5
	FMLA8(FMLA3_4S, 24, 25, 26, 27, 28, 29, 30, 31)
	BGE     vk4

vrest4:
	ADDS $16, R5
	BEQ  vtapped4

vtail4:
	FMOVS.P 4(R1), F0
	LOAD4EVEN(0)
	ADD     $32, R7
	ADD     $32, R2
	ADD     $32, R3
	ADD     $32, R4
	SUBS    $4, R5
	FMLA8(FMLA0_4S, 8, 9, 10, 11, 12, 13, 14, 15)
	BNE     vtail4

vtapped4:
	SUBS $1, R11
	BNE  vtap4
	B    vclamp

#define FMLA4(FMLA, b0, b1, b2, b3) \
	FMLA(0, b0, 16) \
	FMLA(0, b1, 17) \
	FMLA(0, b2, 18) \
	FMLA(0, b3, 19)

two:
	MOVD $2, R24

vtap2:
	MOVW.P 32(R8), R1
	ROW(R1)
	SUBS   $16, R6, R5
	BLT    vrest2

vk2:
	FMOVQ.P 16(R1), F0
	FLDPQ   (R7), (F8, F9)
	FLDPQ   (R2), (F10, F11)
	FLDPQ   32(R7), (F12, F13)
	FLDPQ   32(R2), (F14, F15)
	FMLA4(FMLA0_4S, 8, 9, 10, 11)
	FLDPQ   64(R7), (F24, F25)
	FLDPQ   64(R2), (F26, F27)
	FMLA4(FMLA1_4S, 12, 13, 14, 15)
	FLDPQ   96(R7), (F28, F29)
	FLDPQ   96(R2), (F30, F31)
	ADD     $128, R7
	ADD     $128, R2
	FMLA4(FMLA2_4S, 24, 25, 26, 27)
	SUBS    $16, R5
	FMLA4(FMLA3_4S, 28, 29, 30, 31)
	BGE     vk2

vrest2:
	ADDS $16, R5
	BEQ  vtapped2

vtail2:
	FMOVS.P 4(R1), F0
	FLDPQ.P 32(R7), (F8, F9)
	FLDPQ.P 32(R2), (F10, F11)
	SUBS    $4, R5
	FMLA4(FMLA0_4S, 8, 9, 10, 11)
	BNE     vtail2

vtapped2:
	SUBS $1, R11
	BNE  vtap2
	B    vclamp

one:
	MOVD $1, R24

vtap1:
	MOVW.P 32(R8), R1
	ROW(R1)
	SUBS   $16, R6, R5
	BLT    vrest1

vk1:
	FMOVQ.P 16(R1), F0
	FLDPQ   (R7), (F8, F9)
	FLDPQ   32(R7), (F10, F11)
	FLDPQ   64(R7), (F12, F13)
	FLDPQ   96(R7), (F14, F15)
	ADD     $128, R7
	FMLA0_4S(0, 8, 16)
	FMLA0_4S(0, 9, 17)
	FMLA1_4S(0, 10, 16)
	FMLA1_4S(0, 11, 17)
	SUBS    $16, R5
	FMLA2_4S(0, 12, 16)
	FMLA2_4S(0, 13, 17)
	FMLA3_4S(0, 14, 16)
	FMLA3_4S(0, 15, 17)
	BGE     vk1

vrest1:
	ADDS $16, R5
	BEQ  vtapped1

vtail1:
	FMOVS.P 4(R1), F0
	FLDPQ.P 32(R7), (F8, F9)
	SUBS    $4, R5
	FMLA0_4S(0, 8, 16)
	FMLA0_4S(0, 9, 17)
	BNE     vtail1

vtapped1:
	SUBS $1, R11
	BNE  vtap1

vclamp:
	MOVD  gemmF32_Clamp(R0), R26
	CBZ   R26, vstore
	ADD   $gemmF32_Lo, R0, R26
	VLD1R (R26), [V0.S4]
	ADD   $gemmF32_Hi, R0, R26
	VLD1R (R26), [V1.S4]
	CLAMP4(0, 1, 16, 17, 18, 19, 2, 3, 4, 5)
	CLAMP4(0, 1, 20, 21, 22, 23, 2, 3, 4, 5)

vstore:
	CMP     $8, R14
	BLT     vnarrow
	FSTPQ.P (F16, F17), 32(R17)
	VMOV    V18.B16, V16.B16
	VMOV    V19.B16, V17.B16
	VMOV    V20.B16, V18.B16
	VMOV    V21.B16, V19.B16
	VMOV    V22.B16, V20.B16
	VMOV    V23.B16, V21.B16
	ADD     R19, R13
	SUBS    $8, R14
	BEQ     done
	SUBS    $1, R24
	BNE     vstore
	B       vector

vnarrow:
	STORE_FLOATS(V16, V17, F16, R17, R14, v4, v2, v1)

done:
	RET
