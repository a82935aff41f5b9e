#include "textflag.h"
#include "go_asm.h"
#include "exp_avx2_amd64.h"
#include "unary_f32_avx2_amd64.h"

// func LogisticF32AVX2(a *abi.UnaryF32)
//
// CPU: AVX2, FMA. Registers and tail: UNARY_F32. Y5 x    Y14 sign bits    Y6-Y13 of EXP
#define F \
	VMOVAPS   Y0, Y5          \
	VORPS     Y14, Y0, Y0     \
	EXP                       \
	VADDPS    Y12, Y2, Y1     \
	VBLENDVPS Y5, Y2, Y12, Y0 \
	VDIVPS    Y1, Y0, Y0

TEXT ·LogisticF32AVX2(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	MOVL         $0x80000000, DX
	VMOVD        DX, X14
	VPBROADCASTD X14, Y14
	EXPCONSTANTS
	UNARY_F32
