#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func LutS8NEON(a *abi.LutS8)
//
// CPU: Advanced SIMD (every arm64). Sixteen elements a step; the last step reads up to 15 bytes past the end of x and
// stores what there is. Y may be X.
//
// The table fills V16..V31. TBL gives 0 and TBX nothing for an index past its 64 bytes, so four of them, each on an
// index 64 smaller than the last, find every byte once.
//
//	R0 args   R1 x   R3 y   R4 elements left   R6 scratch
//	V0-V3 index   V4 y   V5 128   V6 64

TEXT ·LutS8NEON(SB), NOSPLIT, $0-8
	MOVD   a+0(FP), R0
	MOVD   lutS8_X(R0), R1
	MOVD   lutS8_Y(R0), R3
	MOVD   lutS8_N(R0), R4
	MOVD   lutS8_Table(R0), R6
	VLD1.P 64(R6), [V16.B16, V17.B16, V18.B16, V19.B16]
	VLD1.P 64(R6), [V20.B16, V21.B16, V22.B16, V23.B16]
	VLD1.P 64(R6), [V24.B16, V25.B16, V26.B16, V27.B16]
	VLD1   (R6), [V28.B16, V29.B16, V30.B16, V31.B16]
	VMOVI  $128, V5.B16
	VMOVI  $64, V6.B16
	CBZ    R4, done

loop:
	FMOVQ.P 16(R1), F0
	VEOR    V5.B16, V0.B16, V0.B16
	VSUB    V6.B16, V0.B16, V1.B16
	VEOR    V5.B16, V0.B16, V2.B16
	VSUB    V6.B16, V2.B16, V3.B16
	VTBL    V0.B16, [V16.B16, V17.B16, V18.B16, V19.B16], V4.B16
	VTBX    V1.B16, [V20.B16, V21.B16, V22.B16, V23.B16], V4.B16
	VTBX    V2.B16, [V24.B16, V25.B16, V26.B16, V27.B16], V4.B16
	VTBX    V3.B16, [V28.B16, V29.B16, V30.B16, V31.B16], V4.B16
	SUBS    $16, R4
	BLT     tail
	FMOVQ.P F4, 16(R3)
	BNE     loop
	RET

tail:
	STORE_BYTES(V4, F4, R3, R4, s8, s4, s2, done)
	RET
