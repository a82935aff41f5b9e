#include "textflag.h"
#include "go_asm.h"
#include "unary_f32_avx2_amd64.h"

// func LeakyReluF32AVX2(a *abi.UnaryF32)
//
// CPU: AVX2. Registers and tail: UNARY_F32. Y1 Y2 scratch    Y8 Alpha    Y9 0
//
// A NaN is not below 0 and stays.
#define F \
	VCMPPS    $1, Y9, Y0, Y1 \
	VMULPS    Y8, Y0, Y2     \
	VBLENDVPS Y1, Y2, Y0, Y0

TEXT ·LeakyReluF32AVX2(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	VBROADCASTSS unaryF32_Alpha(AX), Y8
	VXORPS       Y9, Y9, Y9
	UNARY_F32
