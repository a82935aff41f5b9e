#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func MaxPoolS8NEON(a *abi.PoolS8)
//
// CPU: Advanced SIMD (every arm64). Blocks of 64 channels, then of 16, of which the last reads up to 15 bytes past a
// tap's channels and stores what there is. Each block goes through all taps with its maxima in registers.
//
//	R0 args   R1 X+Shift, R2 that of the block   R3 y of the row, R5 that of the block   R4 Taps   R6 scratch
//	R7 offsets of the row, R8 running   R9 taps left   R10 channels left   R11 rows left   R12 YStride
//	V0-V3 maxima   V4-V7 a tap   V16 Lo   V17 Hi

TEXT ·MaxPoolS8NEON(SB), NOSPLIT, $0-8
	MOVD  a+0(FP), R0
	MOVD  poolS8_X(R0), R1
	MOVD  poolS8_Shift(R0), R6
	ADD   R6, R1
	MOVD  poolS8_Y(R0), R3
	MOVD  poolS8_Taps(R0), R4
	MOVD  poolS8_Off(R0), R7
	MOVD  poolS8_Rows(R0), R11
	MOVD  poolS8_YStride(R0), R12
	ADD   $poolS8_Lo, R0, R6
	VLD1R (R6), [V16.B16]
	ADD   $poolS8_Hi, R0, R6
	VLD1R (R6), [V17.B16]
	CBZ   R11, done

row:
	MOVD R1, R2
	MOVD R3, R5
	MOVD poolS8_C(R0), R10
	SUBS $64, R10
	BLT  rest

block:
	VMOVI $128, V0.B16
	VMOVI $128, V1.B16
	VMOVI $128, V2.B16
	VMOVI $128, V3.B16
	MOVD  R7, R8
	MOVD  R4, R9

tap:
	MOVW.P 4(R8), R6
	ADD    R2, R6
	VLD1   (R6), [V4.B16, V5.B16, V6.B16, V7.B16]
	SUBS   $1, R9
	SMAX_16B(4, 0, 0)
	SMAX_16B(5, 1, 1)
	SMAX_16B(6, 2, 2)
	SMAX_16B(7, 3, 3)
	BNE    tap
	SMAX_16B(16, 0, 0)
	SMAX_16B(16, 1, 1)
	SMAX_16B(16, 2, 2)
	SMAX_16B(16, 3, 3)
	SMIN_16B(17, 0, 0)
	SMIN_16B(17, 1, 1)
	SMIN_16B(17, 2, 2)
	SMIN_16B(17, 3, 3)
	VST1.P [V0.B16, V1.B16, V2.B16, V3.B16], 64(R5)
	ADD    $64, R2
	SUBS   $64, R10
	BGE    block

rest:
	ADDS $64, R10
	BEQ  next

block16:
	VMOVI $128, V0.B16
	MOVD  R7, R8
	MOVD  R4, R9

tap16:
	MOVW.P  4(R8), R6
	ADD     R2, R6
	FMOVQ   (R6), F4
	SUBS    $1, R9
	SMAX_16B(4, 0, 0)
	BNE     tap16
	SMAX_16B(16, 0, 0)
	SMIN_16B(17, 0, 0)
	ADD     $16, R2
	SUBS    $16, R10
	BLT     tail
	FMOVQ.P F0, 16(R5)
	BNE     block16
	B       next

tail:
	STORE_BYTES(V0, F0, R5, R10, s8, s4, s2, next)
	ADD  R4<<2, R7, R7
	ADD  R12, R3
	SUBS $1, R11
	BNE  row

done:
	RET
