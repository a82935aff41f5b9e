#include "textflag.h"
#include "go_asm.h"
#include "exp_avx512_amd64.h"
#include "gelu_amd64.h"
#include "unary_f32_avx512_amd64.h"

// func GeluF32AVX512(a *abi.UnaryF32)
//
// CPU: AVX512F, DQ; BMI2. Registers and tail: UNARY_F32.
//
//	Z3 x    Z4 t    Z5 w, then −t/2, then what was rounded off    Z6 polynomial, then t·e^(t²/2)·Φ(−t)    Z7 0
//	Z8-Z16 geluPoly    Z17-Z29 of EXP    Z30 14.4    Z31 3
#define F \
	VMOVAPS      Z0, Z3                    \
	VANDPS.BCST  gelu<>+36(SB), Z0, Z4     \
	VMINPS       Z4, Z30, Z4               \
	VADDPS       Z31, Z4, Z5               \
	VDIVPS       Z5, Z31, Z5               \
	VMOVAPS      Z8, Z6                    \
	VFMADD213PS  Z9, Z5, Z6                \
	VFMADD213PS  Z10, Z5, Z6               \
	VFMADD213PS  Z11, Z5, Z6               \
	VFMADD213PS  Z12, Z5, Z6               \
	VFMADD213PS  Z13, Z5, Z6               \
	VFMADD213PS  Z14, Z5, Z6               \
	VFMADD213PS  Z15, Z5, Z6               \
	VFMADD213PS  Z16, Z5, Z6               \
	VMULPS       Z5, Z6, Z6                \
	VMULPS       Z4, Z6, Z6                \
	VMULPS.BCST  gelu<>+48(SB), Z4, Z5     \
	VMULPS       Z4, Z5, Z0                \
	VFMSUB213PS  Z0, Z4, Z5                \
	EXP                                    \
	VFMADD213PS  Z2, Z2, Z5                \
	VMAXPS       Z7, Z3, Z0                \
	VFNMADD231PS Z5, Z6, Z0

TEXT ·GeluF32AVX512(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	VPXORD       Z7, Z7, Z7
	VBROADCASTSS gelu<>+0(SB), Z8
	VBROADCASTSS gelu<>+4(SB), Z9
	VBROADCASTSS gelu<>+8(SB), Z10
	VBROADCASTSS gelu<>+12(SB), Z11
	VBROADCASTSS gelu<>+16(SB), Z12
	VBROADCASTSS gelu<>+20(SB), Z13
	VBROADCASTSS gelu<>+24(SB), Z14
	VBROADCASTSS gelu<>+28(SB), Z15
	VBROADCASTSS gelu<>+32(SB), Z16
	VBROADCASTSS gelu<>+40(SB), Z30
	VBROADCASTSS gelu<>+44(SB), Z31
	EXPCONSTANTS
	UNARY_F32
