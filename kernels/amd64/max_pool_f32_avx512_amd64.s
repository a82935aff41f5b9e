#include "textflag.h"
#include "go_asm.h"
#include "clamp_amd64.h"
#include "pool_amd64.h"

// func MaxPoolF32AVX512(a *abi.PoolF32)
//
// CPU: AVX512F, DQ; BMI2. Sixteen channels a step, over all taps; the last step of a pixel reads up to 15 elements past
// its channels and stores under a mask. Registers but these: pool_amd64.h.
//
//	Z0 maximum    Z1 x    Z16 Lo    Z17 Hi    Z18 NaN    K2 no NaN so far    K3 NaN    K4 all lanes where there is a clamp
//
// VRANGEPS $5 is the larger number: +0 above −0, as fixed.MaxF32 has it, but it drops a NaN, which K2 remembers.
#define FIRST \
	VMOVUPS (SI)(AX*4), Z0 \
	VCMPPS  $7, Z0, Z0, K2

#define TAP \
	VMOVUPS  (SI)(AX*4), Z1     \
	VCMPPS   $7, Z1, Z1, K2, K2 \
	VRANGEPS $5, Z1, Z0, Z0

#define RESULT \
	KNOTW   K2, K3      \
	VMOVAPS Z18, K3, Z0 \
	CLAMP(Z16, Z17, K4, Z0)

#define PART \
	MOVL    $-1, AX    \
	BZHIL   CX, AX, AX \
	KMOVW   AX, K1     \
	VMOVUPS Z0, K1, (DI)

TEXT ·MaxPoolF32AVX512(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), DI
	POOLARGS_F32
	VBROADCASTSS poolF32_Lo(DI), Z16
	VBROADCASTSS poolF32_Hi(DI), Z17
	MOVL         $0x7fc00000, AX
	VPBROADCASTD AX, Z18
	CLAMPMASK(poolF32_Clamp(DI), K4)
	MAX_POOL(4, 16, VMOVUPS, Z0)
