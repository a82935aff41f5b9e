#include "textflag.h"
#include "go_asm.h"
#include "pool_amd64.h"

// func MaxPoolS8AVX512(a *abi.PoolS8)
//
// CPU: AVX512F, BW; BMI2. Sixty-four channels a step, over all taps; the last step of a pixel reads up to 63 bytes past
// its channels and stores under a mask. Registers but these: pool_amd64.h.
//
//	Z0 maximum    Z16 Lo    Z17 Hi
#define FIRST VMOVDQU8 (SI)(AX*1), Z0

#define TAP VPMAXSB (SI)(AX*1), Z0, Z0

#define RESULT \
	VPMAXSB Z16, Z0, Z0 \
	VPMINSB Z17, Z0, Z0

#define PART \
	MOVQ     $-1, AX    \
	BZHIQ    CX, AX, AX \
	KMOVQ    AX, K1     \
	VMOVDQU8 Z0, K1, (DI)

TEXT ·MaxPoolS8AVX512(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), DI
	POOLARGS_S8
	VPBROADCASTB poolS8_Lo(DI), Z16
	VPBROADCASTB poolS8_Hi(DI), Z17
	MAX_POOL(1, 64, VMOVDQU8, Z0)
