#include "textflag.h"
#include "go_asm.h"

// func ClampMaskF32AVX512(a *abi.ClampMaskF32)
//
// CPU: AVX512F; BMI2. Sixteen elements a step, the last one under a mask.
//
//	SI x    DI mask    CX elements left    AX scratch    Z0 value    Z16 Lo    Z17 Hi    K1 elements of the last step
//	K2 those that pass
//
// Order of the sources: see CLAMP in clamp_amd64.h.
TEXT ·ClampMaskF32AVX512(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	VBROADCASTSS clampMaskF32_Lo(AX), Z16
	VBROADCASTSS clampMaskF32_Hi(AX), Z17
	MOVQ         clampMaskF32_X(AX), SI
	MOVQ         clampMaskF32_Mask(AX), DI
	MOVQ         clampMaskF32_N(AX), CX
	JMP          next

loop:
	VMOVUPS (SI), Z0
	VMAXPS  Z16, Z0, Z0
	VMINPS  Z0, Z17, Z0
	VMOVUPS Z0, (SI)
	VCMPPS  $0x1e, Z16, Z0, K2     // above Lo
	VCMPPS  $0x11, Z17, Z0, K2, K2 // and below Hi
	KMOVW   K2, AX
	MOVW    AX, (DI)
	ADDQ    $64, SI
	ADDQ    $2, DI

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
	VMOVUPS Z0, K1, (SI)
	VCMPPS  $0x1e, Z16, Z0, K1, K2
	VCMPPS  $0x11, Z17, Z0, K2, K2
	KMOVW   K2, AX
	MOVB    AX, (DI)
	CMPQ    CX, $8
	JLE     done
	SHRL    $8, AX
	MOVB    AX, 1(DI)

done:
	VZEROUPPER
	RET
