#include "textflag.h"
#include "go_asm.h"
#include "part_avx2_amd64.h"
#include "pool_amd64.h"

// func AvgPoolS8AVX2(a *abi.PoolS8)
//
// CPU: AVX2. Sixteen channels a step, over all taps; the last step of a pixel reads up to 15 bytes past its channels.
// Acc is not used. Registers but these: pool_amd64.h.
//
//	Y0 Y1 sums    Y2-Y5 scratch    Y8 Lo    Y9 Hi    Y10 n/2    Y11 n as float64
//
// DIVIDE truncates (sum ± n/2)/n in float64, exact as avg_pool_s8_avx512_amd64.s shows, and leaves 4 quotients in x and
// 4 in t. VPSIGND gives n/2 the sign of the sum; a sum of 0 takes 0 instead of n/2, and the quotient is 0 either way.
#define DIVIDE(c, x, t, y, yt) \
	VPSIGND      c, Y10, yt  \
	VPADDD       yt, c, c    \
	VEXTRACTI128 $1, c, t    \
	VCVTDQ2PD    x, y        \
	VCVTDQ2PD    t, yt       \
	VDIVPD       Y11, y, y   \
	VDIVPD       Y11, yt, yt \
	VCVTTPD2DQY  y, x        \
	VCVTTPD2DQY  yt, t

#define COUNT \
	VPBROADCASTD (BX), Y10 \
	VCVTDQ2PD    X10, Y11  \
	VPSRAD       $1, Y10, Y10

#define FIRST \
	VPXOR X0, X0, X0 \
	VPXOR X1, X1, X1

#define TAP \
	VPMOVSXBD (SI)(AX*1), Y2  \
	VPMOVSXBD 8(SI)(AX*1), Y3 \
	VPADDD    Y2, Y0, Y0      \
	VPADDD    Y3, Y1, Y1

#define RESULT \
	DIVIDE(Y0, X0, X2, Y0, Y2) \
	DIVIDE(Y1, X1, X3, Y1, Y3) \
	VPACKSSDW X2, X0, X0       \
	VPACKSSDW X3, X1, X1       \
	VPACKSSWB X1, X0, X0       \
	VPMAXSB   X8, X0, X0       \
	VPMINSB   X9, X0, X0

#define PART STORELESS16(X0, DI, CX)

TEXT ·AvgPoolS8AVX2(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), DI
	POOLARGS_S8
	MOVQ         poolS8_Count(DI), BX
	VPBROADCASTB poolS8_Lo(DI), X8
	VPBROADCASTB poolS8_Hi(DI), X9
	AVERAGE_POOL(1, 16, VMOVDQU, X0)
