#include "textflag.h"
#include "go_asm.h"

// func QuantizeS8AVX512(a *abi.QuantizeS8)
//
// CPU: AVX512F, BW, VL, DQ; BMI2. Sixteen elements a step; the last step reads up to 15 elements past x's end and
// stores under a mask.
//
//	SI x    DI y    CX elements left    AX scratch    Z0 value    Z1 scratch    K3 not NaN
//	Z16 Scale    Z17 −512    Z18 512    Z19 −0    Z20 ½ − 2^−25    Z21 ZeroPoint
//
// Limiting to ±512 first changes no code. Then |q| + (½ − 2^−25), rounded, has the integer part of |q| + ½: below a half
// |q| is at least its last place short of it, so the sum stays below the next integer; from a half on the sum is at most
// 2^−25 short of the integer, which is no more than half a last place, and a tie goes to the even integer.
#define STEP \
	VMOVUPS    (SI), Z0           \
	VDIVPS     Z16, Z0, Z0        \
	VCMPPS     $7, Z0, Z0, K3     \
	VMOVAPS.Z  Z0, K3, Z0         \
	VMAXPS     Z17, Z0, Z0        \
	VMINPS     Z18, Z0, Z0        \
	VANDPS     Z19, Z0, Z1        \
	VORPS      Z20, Z1, Z1        \
	VADDPS     Z1, Z0, Z0         \
	VCVTTPS2DQ Z0, Z0             \
	VPADDD     Z21, Z0, Z0        \
	VPMOVSDB   Z0, X0

TEXT ·QuantizeS8AVX512(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	MOVQ         quantizeS8_X(AX), SI
	MOVQ         quantizeS8_Y(AX), DI
	MOVQ         quantizeS8_N(AX), CX
	VBROADCASTSS quantizeS8_Scale(AX), Z16
	VPBROADCASTD quantizeS8_ZeroPoint(AX), Z21
	MOVL         $0xc4000000, AX
	VPBROADCASTD AX, Z17
	MOVL         $0x44000000, AX
	VPBROADCASTD AX, Z18
	MOVL         $0x80000000, AX
	VPBROADCASTD AX, Z19
	MOVL         $0x3effffff, AX
	VPBROADCASTD AX, Z20
	JMP          next

loop:
	STEP
	VMOVDQU X0, (DI)
	ADDQ    $64, SI
	ADDQ    $16, DI

next:
	SUBQ     $16, CX
	JGE      loop
	ADDQ     $16, CX
	JEQ      done
	MOVL     $-1, AX
	BZHIL    CX, AX, AX
	KMOVW    AX, K1
	STEP
	VMOVDQU8 X0, K1, (DI)

done:
	VZEROUPPER
	RET
