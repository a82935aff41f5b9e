#include "textflag.h"
#include "go_asm.h"
#include "clamp_amd64.h"
#include "pool_amd64.h"

// func AvgPoolF32AVX512(a *abi.PoolF32)
//
// CPU: AVX512F; BMI2. Sixteen channels a step, over all taps; the last step of a pixel reads up to 15 elements past its
// channels and stores under a mask. Registers but these: pool_amd64.h.
//
//	Z0 sum    Z16 Lo    Z17 Hi    Z18 NaN    Z19 n    K2 all lanes where there is a clamp    K3 NaN
#define COUNT \
	VPBROADCASTD (BX), Z19 \
	VCVTDQ2PS    Z19, Z19

#define FIRST VXORPS X0, X0, X0

#define TAP VADDPS (SI)(AX*4), Z0, Z0

#define RESULT \
	VDIVPS  Z19, Z0, Z0    \
	VCMPPS  $3, Z0, Z0, K3 \
	VMOVAPS Z18, K3, Z0    \
	CLAMP(Z16, Z17, K2, Z0)

#define PART \
	MOVL    $-1, AX    \
	BZHIL   CX, AX, AX \
	KMOVW   AX, K1     \
	VMOVUPS Z0, K1, (DI)

TEXT ·AvgPoolF32AVX512(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), DI
	POOLARGS_F32
	MOVQ         poolF32_Count(DI), BX
	VBROADCASTSS poolF32_Lo(DI), Z16
	VBROADCASTSS poolF32_Hi(DI), Z17
	MOVL         $0x7fc00000, AX
	VPBROADCASTD AX, Z18
	CLAMPMASK(poolF32_Clamp(DI), K2)
	AVERAGE_POOL(4, 16, VMOVUPS, Z0)
