#include "textflag.h"
#include "go_asm.h"
#include "part_avx2_amd64.h"
#include "pool_amd64.h"

// func MaxPoolS8AVX2(a *abi.PoolS8)
//
// CPU: AVX2. Thirty-two channels a step, over all taps; the last step of a pixel reads up to 31 bytes past its
// channels. Registers but these: pool_amd64.h.
//
//	Y0 maximum    Y8 Lo    Y9 Hi
#define FIRST VMOVDQU (SI)(AX*1), Y0

#define TAP VPMAXSB (SI)(AX*1), Y0, Y0

#define RESULT \
	VPMAXSB Y8, Y0, Y0 \
	VPMINSB Y9, Y0, Y0

#define PART STORELESS32(Y0, X0, DI, CX)

TEXT ·MaxPoolS8AVX2(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), DI
	POOLARGS_S8
	VPBROADCASTB poolS8_Lo(DI), Y8
	VPBROADCASTB poolS8_Hi(DI), Y9
	MAX_POOL(1, 32, VMOVDQU, Y0)
