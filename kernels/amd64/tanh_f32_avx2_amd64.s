#include "textflag.h"
#include "go_asm.h"
#include "exp_avx2_amd64.h"
#include "tanh_amd64.h"
#include "unary_f32_avx2_amd64.h"

// func TanhF32AVX2(a *abi.UnaryF32)
//
// CPU: AVX2, FMA. Registers and tail: UNARY_F32.
//
//	Y0 x²    Y1 polynomial    Y2 the other branch    Y3 scratch    Y5 x    Y14 sign bits    Y15 |x|    Y6-Y13 of EXP
#define F \
	VMOVAPS      Y0, Y5               \
	VANDNPS      Y0, Y14, Y15         \
	VADDPS       Y15, Y15, Y0         \
	EXP                               \
	VADDPS       Y12, Y2, Y2          \
	VBROADCASTSS tanh<>+20(SB), Y3    \
	VDIVPS       Y2, Y3, Y2           \
	VSUBPS       Y2, Y12, Y2          \
	VMULPS       Y15, Y15, Y0         \
	VBROADCASTSS tanh<>+0(SB), Y1     \
	HORNER(tanh<>+4(SB), Y0, Y1, Y3)  \
	HORNER(tanh<>+8(SB), Y0, Y1, Y3)  \
	HORNER(tanh<>+12(SB), Y0, Y1, Y3) \
	HORNER(tanh<>+16(SB), Y0, Y1, Y3) \
	VMULPS       Y0, Y1, Y1           \
	VFMADD213PS  Y15, Y15, Y1         \
	VBROADCASTSS tanh<>+24(SB), Y3    \
	VCMPPS       $1, Y3, Y15, Y3      \
	VBLENDVPS    Y3, Y1, Y2, Y2       \
	VANDPS       Y14, Y5, Y5          \
	VORPS        Y5, Y2, Y0

TEXT ·TanhF32AVX2(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	MOVL         $0x80000000, DX
	VMOVD        DX, X14
	VPBROADCASTD X14, Y14
	EXPCONSTANTS
	UNARY_F32
