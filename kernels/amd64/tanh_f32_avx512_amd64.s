#include "textflag.h"
#include "go_asm.h"
#include "exp_avx512_amd64.h"
#include "tanh_amd64.h"
#include "unary_f32_avx512_amd64.h"

// func TanhF32AVX512(a *abi.UnaryF32)
//
// CPU: AVX512F, DQ; BMI2. Registers and tail: UNARY_F32.
//
//	Z4 x    Z5 |x|    Z6 x²    Z7 polynomial    Z8-Z12 tanhPoly    Z16 sign bits    Z17-Z29 of EXP    Z30 2    Z31 0.625
#define F \
	VMOVAPS     Z0, Z4          \
	VANDNPS     Z0, Z16, Z5     \
	VADDPS      Z5, Z5, Z0      \
	EXP                         \
	VADDPS      Z28, Z2, Z2     \
	VDIVPS      Z2, Z30, Z2     \
	VSUBPS      Z2, Z28, Z2     \
	VMULPS      Z5, Z5, Z6      \
	VMOVAPS     Z8, Z7          \
	VFMADD213PS Z9, Z6, Z7      \
	VFMADD213PS Z10, Z6, Z7     \
	VFMADD213PS Z11, Z6, Z7     \
	VFMADD213PS Z12, Z6, Z7     \
	VMULPS      Z6, Z7, Z7      \
	VFMADD213PS Z5, Z5, Z7      \
	VCMPPS      $1, Z31, Z5, K3 \
	VMOVAPS     Z7, K3, Z2      \
	VANDPS      Z16, Z4, Z4     \
	VORPS       Z4, Z2, Z0

TEXT ·TanhF32AVX512(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	MOVL         $0x80000000, DX
	VPBROADCASTD DX, Z16
	VBROADCASTSS tanh<>+0(SB), Z8
	VBROADCASTSS tanh<>+4(SB), Z9
	VBROADCASTSS tanh<>+8(SB), Z10
	VBROADCASTSS tanh<>+12(SB), Z11
	VBROADCASTSS tanh<>+16(SB), Z12
	VBROADCASTSS tanh<>+20(SB), Z30
	VBROADCASTSS tanh<>+24(SB), Z31
	EXPCONSTANTS
	UNARY_F32
