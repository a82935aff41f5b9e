#include "textflag.h"
#include "go_asm.h"
#include "exp_avx2_amd64.h"
#include "gelu_amd64.h"
#include "unary_f32_avx2_amd64.h"

// func GeluF32AVX2(a *abi.UnaryF32)
//
// CPU: AVX2, FMA. Registers and tail: UNARY_F32.
//
//	Y0 w, then −t²/2    Y2 polynomial    Y5 x    Y14 t, then what was rounded off    Y15 t·e^(t²/2)·Φ(−t)
//	Y1 Y3 scratch    Y6-Y13 of EXP
#define F \
	VMOVAPS      Y0, Y5               \
	VBROADCASTSS gelu<>+36(SB), Y1    \
	VANDPS       Y1, Y0, Y14          \
	VBROADCASTSS gelu<>+40(SB), Y1    \
	VMINPS       Y14, Y1, Y14         \
	VBROADCASTSS gelu<>+44(SB), Y1    \
	VADDPS       Y1, Y14, Y0          \
	VDIVPS       Y0, Y1, Y0           \
	VBROADCASTSS gelu<>+0(SB), Y2     \
	HORNER(gelu<>+4(SB), Y0, Y2, Y3)  \
	HORNER(gelu<>+8(SB), Y0, Y2, Y3)  \
	HORNER(gelu<>+12(SB), Y0, Y2, Y3) \
	HORNER(gelu<>+16(SB), Y0, Y2, Y3) \
	HORNER(gelu<>+20(SB), Y0, Y2, Y3) \
	HORNER(gelu<>+24(SB), Y0, Y2, Y3) \
	HORNER(gelu<>+28(SB), Y0, Y2, Y3) \
	HORNER(gelu<>+32(SB), Y0, Y2, Y3) \
	VMULPS       Y0, Y2, Y2           \
	VMULPS       Y14, Y2, Y15         \
	VBROADCASTSS gelu<>+48(SB), Y1    \
	VMULPS       Y1, Y14, Y2          \
	VMULPS       Y14, Y2, Y0          \
	VFMSUB213PS  Y0, Y2, Y14          \
	EXP                               \
	VFMADD213PS  Y2, Y2, Y14          \
	VXORPS       Y0, Y0, Y0           \
	VMAXPS       Y0, Y5, Y0           \
	VFNMADD231PS Y14, Y15, Y0

TEXT ·GeluF32AVX2(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	EXPCONSTANTS
	UNARY_F32
