#include "textflag.h"
#include "go_asm.h"

// func ClampF32AVX512(a *abi.ClampF32)
//
// CPU: AVX512F; BMI2. Sixteen elements a step; the last step reads up to 15 elements past x's end and stores under a
// mask.
//
//	SI x    DI y    CX elements left    AX scratch    Z0 value    Z16 Lo    Z17 Hi
//
// Order of the sources: see CLAMP in clamp_amd64.h.
TEXT ·ClampF32AVX512(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	VBROADCASTSS clampF32_Lo(AX), Z16
	VBROADCASTSS clampF32_Hi(AX), Z17
	MOVQ         clampF32_X(AX), SI
	MOVQ         clampF32_Y(AX), DI
	MOVQ         clampF32_N(AX), CX
	JMP          next

loop:
	VMOVUPS (SI), Z0
	VMAXPS  Z16, Z0, Z0
	VMINPS  Z0, Z17, Z0
	VMOVUPS Z0, (DI)
	ADDQ    $64, SI
	ADDQ    $64, DI

next:
	SUBQ    $16, CX
	JGE     loop
	ADDQ    $16, CX
	JEQ     done
	MOVL    $-1, AX
	BZHIL   CX, AX, AX
	KMOVW   AX, K1
	VMOVUPS (SI), Z0
	VMAXPS  Z16, Z0, Z0
	VMINPS  Z0, Z17, Z0
	VMOVUPS Z0, K1, (DI)

done:
	VZEROUPPER
	RET
