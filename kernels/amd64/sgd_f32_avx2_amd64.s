#include "textflag.h"
#include "go_asm.h"
#include "mask_avx2_amd64.h"

// func SGDF32AVX2(a *abi.SGDF32)
//
// CPU: AVX2. Eight weights a step; the last one reads up to 7 elements past the ends and stores under a mask.
//
//	SI w    DI g    BX v, or 0    CX weights left    R8 Nesterov    AX scratch
//	Y0 w    Y1 g, then the step    Y2 v    Y3 scratch    Y8 GScale    Y9 Decay    Y10 Momentum    Y11 LR
//	Y12 weights of the last step

#define PUT(v, p) VMOVUPS v, p
#define PUTPART(v, p) VMASKMOVPS v, Y12, p

#define STEP(PUT, velocity, step) \
	VMOVUPS (SI), Y0    \
	VMULPS  (DI), Y8, Y1 \
	VMULPS  Y9, Y0, Y3  \
	VADDPS  Y3, Y1, Y1  \
	TESTQ   BX, BX      \
	JEQ     step        \
	VMULPS  (BX), Y10, Y2 \
	VADDPS  Y1, Y2, Y2  \
	PUT(Y2, (BX))       \
	TESTQ   R8, R8      \
	JEQ     velocity    \
	VMULPS  Y10, Y2, Y2 \
	VADDPS  Y2, Y1, Y1  \
	JMP     step        \
velocity:                   \
	VMOVAPS Y2, Y1      \
step:                       \
	VMULPS  Y11, Y1, Y1 \
	VSUBPS  Y1, Y0, Y0  \
	PUT(Y0, (SI))

TEXT ·SGDF32AVX2(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	VBROADCASTSS sgdF32_GScale(AX), Y8
	VBROADCASTSS sgdF32_Decay(AX), Y9
	VBROADCASTSS sgdF32_Momentum(AX), Y10
	VBROADCASTSS sgdF32_LR(AX), Y11
	MOVQ         sgdF32_W(AX), SI
	MOVQ         sgdF32_G(AX), DI
	MOVQ         sgdF32_V(AX), BX
	MOVQ         sgdF32_N(AX), CX
	MOVQ         sgdF32_Nesterov(AX), R8
	JMP          next

loop:
	STEP(PUT, velocity, step)
	ADDQ  $32, SI
	ADDQ  $32, DI
	TESTQ BX, BX
	JEQ   next
	ADDQ  $32, BX

next:
	SUBQ $8, CX
	JGE  loop
	ADDQ $8, CX
	JEQ  done
	LANEMASK(CX, AX, Y12)
	STEP(PUTPART, lastvelocity, laststep)

done:
	VZEROUPPER
	RET
