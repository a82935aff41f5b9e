#include "textflag.h"
#include "go_asm.h"
#include "narrow_amd64.h"
#include "pool_amd64.h"

// func AvgPoolS8AVX512(a *abi.PoolS8)
//
// CPU: AVX512F, BW; BMI2. Sixty-four channels a step, over all taps; the last step of a pixel reads up to 63 bytes past
// its channels and stores under a mask. Acc is not used. Registers but these: pool_amd64.h.
//
//	Z0-Z3 sums    Z4-Z6 scratch    Z16 Lo    Z17 Hi    Z18 n/2    Z19 n as float64    Z20 0    Z21 transposition    K3 sum > 0
//
// DIVIDE truncates (sum ± n/2)/n in float64, which is exact: both are integers of 32 bits; an inexact quotient q lies at
// least 1/n from an integer, and with |q·n| ≤ 2^31 that is at least 2^−31·|q|, far more than the rounding's 2^−53·|q|.
#define DIVIDE(c) \
	VPCMPGTD      Z20, c, K3     \
	VPSUBD        Z18, c, Z4     \
	VPADDD        Z18, c, K3, Z4 \
	VEXTRACTI64X4 $1, Z4, Y5     \
	VCVTDQ2PD     Y4, Z4         \
	VCVTDQ2PD     Y5, Z5         \
	VDIVPD        Z19, Z4, Z4    \
	VDIVPD        Z19, Z5, Z5    \
	VCVTTPD2DQ    Z4, Y4         \
	VCVTTPD2DQ    Z5, Y5         \
	VINSERTI64X4  $1, Y5, Z4, c

#define COUNT \
	VPBROADCASTD (BX), Z18 \
	VCVTDQ2PD    Y18, Z19  \
	VPSRAD       $1, Z18, Z18

#define FIRST \
	VPXORD Z0, Z0, Z0 \
	VPXORD Z1, Z1, Z1 \
	VPXORD Z2, Z2, Z2 \
	VPXORD Z3, Z3, Z3

#define TAP \
	VPMOVSXBD (SI)(AX*1), Z4   \
	VPMOVSXBD 16(SI)(AX*1), Z5 \
	VPADDD    Z4, Z0, Z0       \
	VPADDD    Z5, Z1, Z1       \
	VPMOVSXBD 32(SI)(AX*1), Z4 \
	VPMOVSXBD 48(SI)(AX*1), Z5 \
	VPADDD    Z4, Z2, Z2       \
	VPADDD    Z5, Z3, Z3

#define RESULT \
	DIVIDE(Z0)                   \
	DIVIDE(Z1)                   \
	DIVIDE(Z2)                   \
	DIVIDE(Z3)                   \
	NARROW4(Z21, Z0, Z1, Z2, Z3) \
	VPMAXSB Z16, Z0, Z0          \
	VPMINSB Z17, Z0, Z0

#define PART \
	MOVQ     $-1, AX    \
	BZHIQ    CX, AX, AX \
	KMOVQ    AX, K1     \
	VMOVDQU8 Z0, K1, (DI)

TEXT ·AvgPoolS8AVX512(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), DI
	POOLARGS_S8
	MOVQ         poolS8_Count(DI), BX
	VPBROADCASTB poolS8_Lo(DI), Z16
	VPBROADCASTB poolS8_Hi(DI), Z17
	VPXORD       Z20, Z20, Z20
	VMOVDQU32    transpose<>(SB), Z21
	AVERAGE_POOL(1, 64, VMOVDQU8, Z0)
