#include "textflag.h"
#include "go_asm.h"
#include "clamp_avx2_amd64.h"
#include "unary_f32_avx2_amd64.h"

// func HardSwishF32AVX2(a *abi.UnaryF32)
//
// CPU: AVX2. Registers and tail: UNARY_F32. Y1 factor    Y8 3    Y9 6    Y10 0    Y11 1/6
#define F \
	VADDPS Y8, Y0, Y1  \
	CLAMP(Y10, Y9, Y1) \
	VMULPS Y11, Y1, Y1 \
	VMULPS Y1, Y0, Y0

TEXT ·HardSwishF32AVX2(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	MOVL         $0x40400000, DX
	VMOVD        DX, X8
	VPBROADCASTD X8, Y8
	MOVL         $0x40c00000, DX
	VMOVD        DX, X9
	VPBROADCASTD X9, Y9
	VXORPS       Y10, Y10, Y10
	MOVL         $0x3e2aaaab, DX
	VMOVD        DX, X11
	VPBROADCASTD X11, Y11
	UNARY_F32
