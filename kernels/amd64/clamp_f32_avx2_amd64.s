#include "textflag.h"
#include "go_asm.h"
#include "clamp_avx2_amd64.h"
#include "mask_avx2_amd64.h"

// func ClampF32AVX2(a *abi.ClampF32)
//
// CPU: AVX2. Eight elements a step; the last step reads up to 7 elements past x's end and stores under a mask.
//
//	SI x    DI y    CX elements left    AX scratch    Y0 value    Y1 mask    Y8 Lo    Y9 Hi
TEXT ·ClampF32AVX2(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	VBROADCASTSS clampF32_Lo(AX), Y8
	VBROADCASTSS clampF32_Hi(AX), Y9
	MOVQ         clampF32_X(AX), SI
	MOVQ         clampF32_Y(AX), DI
	MOVQ         clampF32_N(AX), CX
	JMP          next

loop:
	VMOVUPS (SI), Y0
	CLAMP(Y8, Y9, Y0)
	VMOVUPS Y0, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI

next:
	SUBQ       $8, CX
	JGE        loop
	ADDQ       $8, CX
	JEQ        done
	VMOVUPS    (SI), Y0
	CLAMP(Y8, Y9, Y0)
	LANEMASK(CX, AX, Y1)
	VMASKMOVPS Y0, Y1, (DI)

done:
	VZEROUPPER
	RET
