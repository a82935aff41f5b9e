#include "textflag.h"
#include "go_asm.h"
#include "clamp_avx2_amd64.h"
#include "unary_f32_avx2_amd64.h"

// func HardSigmoidF32AVX2(a *abi.UnaryF32)
//
// CPU: AVX2. Registers and tail: UNARY_F32. Y8 Alpha    Y9 Beta    Y10 0    Y11 1
#define F \
	VMULPS Y8, Y0, Y0 \
	VADDPS Y9, Y0, Y0 \
	CLAMP(Y10, Y11, Y0)

TEXT ·HardSigmoidF32AVX2(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	VBROADCASTSS unaryF32_Alpha(AX), Y8
	VBROADCASTSS unaryF32_Beta(AX), Y9
	VXORPS       Y10, Y10, Y10
	MOVL         $0x3f800000, DX
	VMOVD        DX, X11
	VPBROADCASTD X11, Y11
	UNARY_F32
