#include "textflag.h"
#include "go_asm.h"

// func NormS8AVX512(a *abi.NormS8)
//
// CPU: AVX512F; BMI2. Eight codes a step in 64 bits each, the last one under a mask. VPMOVSQB is the clamp.
//
//	SI x    DI y    R8 m    R9 b    CX codes left    Z0 values    Z1 m    K1 codes of the last step
//	Z16 Size    Z17 Less    Z18 Inv    Z19 half a unit of z    X20 ShiftZ    X21 ShiftY    Z22 Zero

#define STEP1 \
	VPMULDQ Z16, Z0, Z0 \
	VPSUBQ  Z17, Z0, Z0 \
	VPMULDQ Z18, Z0, Z0 \
	VPADDQ  Z19, Z0, Z0 \
	VPSRAQ  X20, Z0, Z0 \
	VPMULDQ Z1, Z0, Z0

#define STEP2 \
	VPSRAQ X21, Z0, Z0 \
	VPADDQ Z22, Z0, Z0

// SIGNED fills a vector with an int32 of the arguments.
#define SIGNED(from, to) \
	MOVLQSX      from, DX \
	VPBROADCASTQ DX, to

TEXT ·NormS8AVX512(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	MOVQ         normS8_X(AX), SI
	MOVQ         normS8_Y(AX), DI
	MOVQ         normS8_M(AX), R8
	MOVQ         normS8_B(AX), R9
	SIGNED(normS8_Size(AX), Z16)
	SIGNED(normS8_Less(AX), Z17)
	SIGNED(normS8_Inv(AX), Z18)
	SIGNED(normS8_Zero(AX), Z22)
	MOVQ         normS8_ShiftZ(AX), CX
	VMOVQ        CX, X20
	VMOVQ        normS8_ShiftY(AX), X21
	DECQ         CX
	MOVL         $1, DX
	SHLQ         CX, DX
	VPBROADCASTQ DX, Z19
	MOVQ         normS8_N(AX), CX
	JMP          next

loop:
	VPMOVSXBQ (SI), Z0
	VPMOVSXDQ (R8), Z1
	STEP1
	VPADDQ    (R9), Z0, Z0
	STEP2
	VPMOVSQB  Z0, (DI)
	ADDQ      $8, SI
	ADDQ      $8, DI
	ADDQ      $32, R8
	ADDQ      $64, R9

next:
	SUBQ        $8, CX
	JGE         loop
	ADDQ        $8, CX
	JEQ         done
	MOVL        $-1, DX
	BZHIL       CX, DX, DX
	KMOVW       DX, K1
	VPMOVSXBQ.Z (SI), K1, Z0
	VPMOVSXDQ.Z (R8), K1, Z1
	STEP1
	VPADDQ.Z    (R9), Z0, K1, Z0
	STEP2
	VPMOVSQB    Z0, K1, (DI)

done:
	VZEROUPPER
	RET
