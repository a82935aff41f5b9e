#include "textflag.h"
#include "go_asm.h"
#include "clamp_avx2_amd64.h"
#include "mask_avx2_amd64.h"

// func ClampMaskF32AVX2(a *abi.ClampMaskF32)
//
// CPU: AVX2. Eight elements a step; the last step reads up to 7 elements past x's end and stores under a mask.
//
//	SI x    DI mask    CX elements left    AX scratch    Y0 value    Y1 Y2 masks    Y8 Lo    Y9 Hi

// PASS sets Y2 where Y0 lies between the limits.
#define PASS \
	VCMPPS $0x1e, Y8, Y0, Y2 \
	VCMPPS $0x11, Y9, Y0, Y3 \
	VANDPS Y3, Y2, Y2

TEXT ·ClampMaskF32AVX2(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	VBROADCASTSS clampMaskF32_Lo(AX), Y8
	VBROADCASTSS clampMaskF32_Hi(AX), Y9
	MOVQ         clampMaskF32_X(AX), SI
	MOVQ         clampMaskF32_Mask(AX), DI
	MOVQ         clampMaskF32_N(AX), CX
	JMP          next

loop:
	VMOVUPS   (SI), Y0
	CLAMP(Y8, Y9, Y0)
	VMOVUPS   Y0, (SI)
	PASS
	VMOVMSKPS Y2, AX
	MOVB      AX, (DI)
	ADDQ      $32, SI
	INCQ      DI

next:
	SUBQ       $8, CX
	JGE        loop
	ADDQ       $8, CX
	JEQ        done
	VMOVUPS    (SI), Y0
	CLAMP(Y8, Y9, Y0)
	LANEMASK(CX, AX, Y1)
	VMASKMOVPS Y0, Y1, (SI)
	PASS
	VANDPS     Y1, Y2, Y2
	VMOVMSKPS  Y2, AX
	MOVB       AX, (DI)

done:
	VZEROUPPER
	RET
