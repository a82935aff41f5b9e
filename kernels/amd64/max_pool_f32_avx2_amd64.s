#include "textflag.h"
#include "go_asm.h"
#include "clamp_avx2_amd64.h"
#include "mask_avx2_amd64.h"
#include "pool_amd64.h"

// func MaxPoolF32AVX2(a *abi.PoolF32)
//
// CPU: AVX2. Eight channels a step, over all taps; the last step of a pixel reads up to 7 elements past its channels
// and stores under a mask. Registers but these: pool_amd64.h.
//
//	Y0 maximum    Y1 x    Y2 Y4 scratch    Y3 a NaN so far    Y8 Lo    Y9 Hi    Y10 all lanes where there is a clamp    Y11 NaN
//
// The instruction gives its second source for two zeros. Taken both ways, the common bits are +0 if one is, as
// fixed.MaxF32 has it. It also drops a NaN, which Y3 remembers.
#define FIRST \
	VMOVUPS (SI)(AX*4), Y0 \
	VCMPPS  $3, Y0, Y0, Y3

#define TAP \
	VMOVUPS (SI)(AX*4), Y1 \
	VCMPPS  $3, Y1, Y1, Y2 \
	VORPS   Y2, Y3, Y3     \
	VMAXPS  Y1, Y0, Y2     \
	VMAXPS  Y0, Y1, Y4     \
	VANDPS  Y4, Y2, Y0

#define RESULT \
	VBLENDVPS Y3, Y11, Y0, Y0 \
	CLAMPIF(Y8, Y9, Y10, Y0, Y1)

#define PART \
	LANEMASK(CX, AX, Y1) \
	VMASKMOVPS Y0, Y1, (DI)

TEXT ·MaxPoolF32AVX2(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), DI
	POOLARGS_F32
	VBROADCASTSS poolF32_Lo(DI), Y8
	VBROADCASTSS poolF32_Hi(DI), Y9
	CLAMPMASK(poolF32_Clamp(DI), X10, Y10)
	MOVL         $0x7fc00000, AX
	VMOVD        AX, X11
	VPBROADCASTD X11, Y11
	MAX_POOL(4, 8, VMOVUPS, Y0)
