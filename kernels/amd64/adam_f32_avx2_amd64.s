#include "textflag.h"
#include "go_asm.h"
#include "mask_avx2_amd64.h"

// func AdamF32AVX2(a *abi.AdamF32)
//
// CPU: AVX2. Eight weights a step; the last one reads up to 7 elements past the ends and stores under a mask.
//
//	SI w    DI g    BX m    DX v    CX weights left    AX scratch
//	Y0 w    Y1 g    Y2 m    Y3 v    Y4 scratch    Y5 weights of the last step    Y6 GScale    Y7 L2    Y8 Shrink
//	Y9 InvBeta1    Y10 Beta2    Y11 InvBeta2    Y12 StepSize    Y13 InvSqrtBias2    Y14 Eps

#define PUT(v, p) VMOVUPS v, p
#define PUTPART(v, p) VMASKMOVPS v, Y5, p

#define STEP(PUT) \
	VMOVUPS (SI), Y0      \
	VMOVUPS (BX), Y2      \
	VMULPS  Y8, Y0, Y4    \
	VSUBPS  Y4, Y0, Y0    \
	VMULPS  (DI), Y6, Y1  \
	VMULPS  Y7, Y0, Y4    \
	VADDPS  Y4, Y1, Y1    \
	VSUBPS  Y2, Y1, Y4    \
	VMULPS  Y9, Y4, Y4    \
	VADDPS  Y4, Y2, Y2    \
	VMULPS  Y11, Y1, Y4   \
	VMULPS  Y1, Y4, Y4    \
	VMULPS  (DX), Y10, Y3 \
	VADDPS  Y4, Y3, Y3    \
	PUT(Y2, (BX))         \
	PUT(Y3, (DX))         \
	VSQRTPS Y3, Y3        \
	VMULPS  Y13, Y3, Y3   \
	VADDPS  Y14, Y3, Y3   \
	VMULPS  Y12, Y2, Y2   \
	VDIVPS  Y3, Y2, Y2    \
	VSUBPS  Y2, Y0, Y0    \
	PUT(Y0, (SI))

TEXT ·AdamF32AVX2(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	VBROADCASTSS adamF32_GScale(AX), Y6
	VBROADCASTSS adamF32_L2(AX), Y7
	VBROADCASTSS adamF32_Shrink(AX), Y8
	VBROADCASTSS adamF32_InvBeta1(AX), Y9
	VBROADCASTSS adamF32_Beta2(AX), Y10
	VBROADCASTSS adamF32_InvBeta2(AX), Y11
	VBROADCASTSS adamF32_StepSize(AX), Y12
	VBROADCASTSS adamF32_InvSqrtBias2(AX), Y13
	VBROADCASTSS adamF32_Eps(AX), Y14
	MOVQ         adamF32_W(AX), SI
	MOVQ         adamF32_G(AX), DI
	MOVQ         adamF32_M(AX), BX
	MOVQ         adamF32_V(AX), DX
	MOVQ         adamF32_N(AX), CX
	JMP          next

loop:
	STEP(PUT)
	ADDQ $32, SI
	ADDQ $32, DI
	ADDQ $32, BX
	ADDQ $32, DX

next:
	SUBQ $8, CX
	JGE  loop
	ADDQ $8, CX
	JEQ  done
	LANEMASK(CX, AX, Y5)
	STEP(PUTPART)

done:
	VZEROUPPER
	RET
