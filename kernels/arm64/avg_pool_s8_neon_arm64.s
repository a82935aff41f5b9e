#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func AvgPoolS8NEON(a *abi.PoolS8)
//
// CPU: Advanced SIMD (every arm64). Blocks of 16 channels, of which the last reads up to 15 bytes past a tap's
// channels and stores what there is. Acc is not used.
//
// A block's sums are kept in int16 for at most 256 taps (256*-128 = -2^15), then added to int32.
//
// The quotient: with n = Count and u = |sum| + n/2, the result is u/n rounded down, with the sign of the sum.
// q = trunc(float(u)*(1/n)) has three roundings of at most 2^-24 of u/n each, so for u/n < 2^22 it is off by less than
// one before it is truncated, and by at most one after; u/n is at most 128.5 where Count is the number of taps.
// Then r = u - q*n is exact, and r < 0 takes one from q and r >= n adds one: q is the quotient.
//
//	R0 args   R1 X+Shift, R2 that of the block   R3 y of the row, R5 that of the block   R4 Taps   R6 scratch
//	R7 offsets of the row, R8 running   R9 taps left   R10 channels left   R11 rows left   R12 YStride   R13 Count
//	R14 taps before int16 may overflow
//	V0 V1 int16 sums   V2 a tap   V4-V7 int32 sums, then quotients   V8-V11 u, then remainders   V16 Lo   V17 Hi
//	V20-V23 sums' signs   V24-V27 scratch   V28 n   V29 1/n   V30 n/2   V31 0

TEXT ·AvgPoolS8NEON(SB), NOSPLIT, $0-8
	MOVD  a+0(FP), R0
	MOVD  poolS8_X(R0), R1
	MOVD  poolS8_Shift(R0), R6
	ADD   R6, R1
	MOVD  poolS8_Y(R0), R3
	MOVD  poolS8_Taps(R0), R4
	MOVD  poolS8_Off(R0), R7
	MOVD  poolS8_Count(R0), R13
	MOVD  poolS8_Rows(R0), R11
	MOVD  poolS8_YStride(R0), R12
	ADD   $poolS8_Lo, R0, R6
	VLD1R (R6), [V16.B16]
	ADD   $poolS8_Hi, R0, R6
	VLD1R (R6), [V17.B16]
	VEOR  V31.B16, V31.B16, V31.B16
	CBZ   R11, done

row:
	MOVW.P 4(R13), R6
	VDUP   R6, V28.S4
	LSR    $1, R6
	VDUP   R6, V30.S4
	FMOVS  $1.0, F29
	VDUP   V29.S[0], V29.S4
	SCVTF_4S(28, 24)
	FDIV_4S(24, 29, 29)
	MOVD   R1, R2
	MOVD   R3, R5
	MOVD   poolS8_C(R0), R10

block:
	VMOVI $0, V4.B16
	VMOVI $0, V5.B16
	VMOVI $0, V6.B16
	VMOVI $0, V7.B16
	MOVD  R7, R8
	MOVD  R4, R9

chunk:
	VMOVI $0, V0.B16
	VMOVI $0, V1.B16
	MOVD  $256, R14

tap:
	MOVW.P 4(R8), R6
	TBNZ   $63, R6, padded
	ADD    R2, R6
	FMOVQ  (R6), F2
	SADDW_8H(2, 0, 0)
	SADDW2_8H(2, 1, 1)

padded:
	SUBS $1, R9
	BEQ  summed
	SUBS $1, R14
	BNE  tap

summed:
	SADDW_4S(0, 4, 4)
	SADDW2_4S(0, 5, 5)
	SADDW_4S(1, 6, 6)
	SADDW2_4S(1, 7, 7)
	CBNZ R9, chunk

	CMLT0_4S(4, 20)
	CMLT0_4S(5, 21)
	CMLT0_4S(6, 22)
	CMLT0_4S(7, 23)
	ABS_4S(4, 8)
	ABS_4S(5, 9)
	ABS_4S(6, 10)
	ABS_4S(7, 11)
	ADD_4S(30, 8, 8)
	ADD_4S(30, 9, 9)
	ADD_4S(30, 10, 10)
	ADD_4S(30, 11, 11)
	SCVTF_4S(8, 4)
	SCVTF_4S(9, 5)
	SCVTF_4S(10, 6)
	SCVTF_4S(11, 7)
	FMUL_4S(29, 4, 4)
	FMUL_4S(29, 5, 5)
	FMUL_4S(29, 6, 6)
	FMUL_4S(29, 7, 7)
	FCVTZS_4S(4, 4)
	FCVTZS_4S(5, 5)
	FCVTZS_4S(6, 6)
	FCVTZS_4S(7, 7)
	MLS_4S(28, 4, 8)
	MLS_4S(28, 5, 9)
	MLS_4S(28, 6, 10)
	MLS_4S(28, 7, 11)

	// A comparison gives -1 or 0.
	CMGE_4S(28, 8, 24)
	CMGE_4S(28, 9, 25)
	CMGE_4S(28, 10, 26)
	CMGE_4S(28, 11, 27)
	VSUB V24.S4, V4.S4, V4.S4
	VSUB V25.S4, V5.S4, V5.S4
	VSUB V26.S4, V6.S4, V6.S4
	VSUB V27.S4, V7.S4, V7.S4
	CMLT0_4S(8, 24)
	CMLT0_4S(9, 25)
	CMLT0_4S(10, 26)
	CMLT0_4S(11, 27)
	ADD_4S(24, 4, 4)
	ADD_4S(25, 5, 5)
	ADD_4S(26, 6, 6)
	ADD_4S(27, 7, 7)

	// -q is (q ^ -1) + 1.
	VEOR    V20.B16, V4.B16, V4.B16
	VEOR    V21.B16, V5.B16, V5.B16
	VEOR    V22.B16, V6.B16, V6.B16
	VEOR    V23.B16, V7.B16, V7.B16
	VSUB    V20.S4, V4.S4, V4.S4
	VSUB    V21.S4, V5.S4, V5.S4
	VSUB    V22.S4, V6.S4, V6.S4
	VSUB    V23.S4, V7.S4, V7.S4
	NARROW4(31, 4, 5, 6, 7, 4)
	SMAX_16B(16, 4, 4)
	SMIN_16B(17, 4, 4)
	ADD     $16, R2
	SUBS    $16, R10
	BLT     tail
	FMOVQ.P F4, 16(R5)
	BNE     block
	B       next

tail:
	STORE_BYTES(V4, F4, R5, R10, s8, s4, s2, next)
	ADD  R4<<2, R7, R7
	ADD  R12, R3
	SUBS $1, R11
	BNE  row

done:
	RET
