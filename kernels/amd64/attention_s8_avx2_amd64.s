#include "textflag.h"
#include "go_asm.h"
#include "exp_avx2_amd64.h"
#include "mask_avx2_amd64.h"
#include "attention_amd64.h"

// func AttentionS8AVX2(a *abi.AttentionS8)
//
// CPU: AVX2, FMA. Eight scores a step; the last one reads up to 28 bytes past the end and stores under a mask. Exponentials
// are computed, which gives the numbers of Exp; sums of up to 2^15 of them are exact in float32.
//
//	SI DI x    CX left    DX N    AX args    R8 scratch    Y14 maximum    Y15 sum    Y5 mask
//	Y0-Y4 scratch    Y6-Y13 of EXP    on the stack: M, half

#define LIMIT(y, t) \
	VPCMPGTQ  Y3, y, t      \
	VBLENDVPD t, Y3, y, y

// F is Y2 = the weights of the scores in Y0.
#define F \
	VCVTPS2DQ    Y0, Y0                    \
	VPSUBD       Y0, Y14, Y0               \
	VPSRLQ       $32, Y0, Y1               \
	VPBROADCASTQ attentionS8_M(AX), Y3     \
	VPMULUDQ     Y3, Y0, Y0                \
	VPMULUDQ     Y3, Y1, Y1                \
	VPBROADCASTQ half-8(SP), Y3            \
	VPADDQ       Y3, Y0, Y0                \
	VPADDQ       Y3, Y1, Y1                \
	VMOVQ        attentionS8_Right(AX), X3 \
	VPSRLQ       X3, Y0, Y0                \
	VPSRLQ       X3, Y1, Y1                \
	VPBROADCASTQ attention<>+8(SB), Y3     \
	LIMIT(Y0, Y4)                          \
	LIMIT(Y1, Y4)                          \
	VPSLLQ       $32, Y1, Y1               \
	VPOR         Y1, Y0, Y0                \
	VCVTDQ2PS    Y0, Y0                    \
	VBROADCASTSS attention<>+0(SB), Y3     \
	VMULPS       Y3, Y0, Y0                \
	EXP                                    \
	VBROADCASTSS attention<>+4(SB), Y3     \
	VMULPS       Y3, Y2, Y2                \
	VROUNDPS     $0, Y2, Y2

TEXT ·AttentionS8AVX2(SB), NOSPLIT, $8-8
	MOVQ  a+0(FP), AX
	MOVQ  attentionS8_X(AX), DI
	MOVQ  attentionS8_N(AX), DX
	MOVQ  attentionS8_Right(AX), CX
	DECQ  CX
	MOVL  $1, R8
	SHLQ  CX, R8
	MOVQ  R8, half-8(SP)
	EXPCONSTANTS
	MOVQ  DX, CX
	ANDQ  $7, CX
	LANEMASK(CX, R8, Y5)

	VBROADCASTSS (DI), Y14
	MOVQ         DI, SI
	MOVQ         DX, CX
	JMP          max1

max0:
	VMAXPS (SI), Y14, Y14
	ADDQ   $32, SI

max1:
	SUBQ         $8, CX
	JGE          max0
	VMOVUPS      (SI), Y0
	VBLENDVPS    Y5, Y0, Y14, Y0
	VMAXPS       Y0, Y14, Y14
	VEXTRACTF128 $1, Y14, X0
	VMAXPS       X0, X14, X14
	VPSHUFD      $0x4e, X14, X0
	VMAXPS       X0, X14, X14
	VPSHUFD      $0xb1, X14, X0
	VMAXPS       X0, X14, X14
	VCVTPS2DQ    X14, X14
	VPBROADCASTD X14, Y14

	VXORPS Y15, Y15, Y15
	JMP    next

loop:
	VMOVUPS (DI), Y0
	F
	VADDPS  Y2, Y15, Y15
	VMOVUPS Y2, (DI)
	ADDQ    $32, DI

next:
	SUBQ       $8, DX
	JGE        loop
	ADDQ       $8, DX
	JEQ        reduce
	VMASKMOVPS (DI), Y5, Y0
	F
	VMASKMOVPS Y2, Y5, (DI)
	VANDPS     Y5, Y2, Y2
	VADDPS     Y2, Y15, Y15

reduce:
	VEXTRACTF128 $1, Y15, X0
	VADDPS       X0, X15, X0
	VPSHUFD      $0x4e, X0, X1
	VADDPS       X1, X0, X0
	VPSHUFD      $0xb1, X0, X1
	VADDSS       X1, X0, X0
	VCVTSS2SIQ   X0, CX
	MOVQ         CX, attentionS8_Sum(AX)
	VZEROUPPER
	RET
