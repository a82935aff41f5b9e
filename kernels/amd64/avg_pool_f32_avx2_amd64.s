#include "textflag.h"
#include "go_asm.h"
#include "clamp_avx2_amd64.h"
#include "mask_avx2_amd64.h"
#include "pool_amd64.h"

// func AvgPoolF32AVX2(a *abi.PoolF32)
//
// CPU: AVX2. Eight channels a step, over all taps; the last step of a pixel reads up to 7 elements past its channels
// and stores under a mask. Registers but these: pool_amd64.h.
//
//	Y0 sum    Y1 scratch    Y8 Lo    Y9 Hi    Y10 all lanes where there is a clamp    Y11 NaN    Y12 n
#define COUNT \
	VPBROADCASTD (BX), Y12 \
	VCVTDQ2PS    Y12, Y12

#define FIRST VXORPS X0, X0, X0

#define TAP VADDPS (SI)(AX*4), Y0, Y0

#define RESULT \
	VDIVPS    Y12, Y0, Y0     \
	VCMPPS    $3, Y0, Y0, Y1  \
	VBLENDVPS Y1, Y11, Y0, Y0 \
	CLAMPIF(Y8, Y9, Y10, Y0, Y1)

#define PART \
	LANEMASK(CX, AX, Y1) \
	VMASKMOVPS Y0, Y1, (DI)

TEXT ·AvgPoolF32AVX2(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), DI
	POOLARGS_F32
	MOVQ         poolF32_Count(DI), BX
	VBROADCASTSS poolF32_Lo(DI), Y8
	VBROADCASTSS poolF32_Hi(DI), Y9
	CLAMPMASK(poolF32_Clamp(DI), X10, Y10)
	MOVL         $0x7fc00000, AX
	VMOVD        AX, X11
	VPBROADCASTD X11, Y11
	AVERAGE_POOL(4, 8, VMOVUPS, Y0)
