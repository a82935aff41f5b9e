#include "textflag.h"
#include "go_asm.h"
#include "exp_avx512_amd64.h"

// func SoftmaxF32AVX512(a *abi.SoftmaxF32)
//
// CPU: AVX512F, VL, DQ; BMI2. Sixteen elements a step, three passes over each row: maximum, exponentials and their sum,
// quotients. The last step of a pass reads up to 16 elements past the row's end and stores under a mask.
//
// The sum is fixed.Sum16: its sixteen partial sums are the lanes of Z30. LOG is fixed.LogF32 for a sum, which
// is normal (the largest element adds 1) or a NaN.
//
//	R8 x of the row    R9 y of it    R10 rows left    R11 N    R12 Log    R13 N%16    R14 N&^15    SI x    DI y    CX left
//	Z0-Z4 scratch    Z16 maximum    Z17-Z28 constants of EXP    Z29 NaN    Z30 sum    Z31 log of it
//	K1 lanes of the last step    K2 no NaN so far    K3 scratch

// EXPTOP is Z2 = exp(Z0 − Z16).
#define EXPTOP \
	VSUBPS Z16, Z0, Z0 \
	EXP

#define HORNER(c) VFMADD213PS.BCST explog<>+c(SB), Z0, Z2

// LOG is Z31 = ln Z30. Z0 is f, Z1 the exponent, Z2 the polynomial, Z3 f².
#define LOG \
	VPSRLD            $23, Z30, Z1                  \
	VPSUBD.BCST       explog<>+104(SB), Z1, Z1      \
	VPANDD.BCST       explog<>+108(SB), Z30, Z0     \
	VPORD.BCST        explog<>+112(SB), Z0, Z0      \
	VCMPPS.BCST       $1, explog<>+88(SB), Z0, K3  \
	VPTERNLOGD        $0xff, Z2, Z2, Z2             \
	VPADDD            Z2, Z1, K3, Z1                \
	VADDPS            Z0, Z0, K3, Z0                \
	VSUBPS            Z28, Z0, Z0                   \
	VMULPS            Z0, Z0, Z3                    \
	VBROADCASTSS      explog<>+52(SB), Z2           \
	HORNER(56)                                      \
	HORNER(60)                                      \
	HORNER(64)                                      \
	HORNER(68)                                      \
	HORNER(72)                                      \
	HORNER(76)                                      \
	HORNER(80)                                      \
	HORNER(84)                                      \
	VCVTDQ2PS         Z1, Z1                        \
	VMULPS            Z0, Z2, Z2                    \
	VMULPS            Z3, Z2, Z2                    \
	VFMADD231PS.BCST  explog<>+92(SB), Z1, Z2      \
	VFMADD231PS.BCST  explog<>+96(SB), Z3, Z2      \
	VADDPS            Z2, Z0, Z31                   \
	VFMADD231PS.BCST  explog<>+100(SB), Z1, Z31     \
	VCMPPS            $3, Z30, Z30, K3              \
	VMOVAPS           Z29, K3, Z31

TEXT ·SoftmaxF32AVX512(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	MOVQ         softmaxF32_X(AX), R8
	MOVQ         softmaxF32_Y(AX), R9
	MOVQ         softmaxF32_Rows(AX), R10
	MOVQ         softmaxF32_N(AX), R11
	MOVQ         softmaxF32_Log(AX), R12
	EXPCONSTANTS
	MOVQ         R11, R14
	ANDQ         $-16, R14
	MOVQ         R11, R13
	ANDQ         $15, R13
	MOVL         $-1, AX
	BZHIL        R13, AX, AX
	KMOVW        AX, K1

row:
	VBROADCASTSS (R8), Z16
	VCMPPS       $7, Z16, Z16, K2
	MOVQ         R8, SI
	MOVQ         R14, CX
	JMP          max1

max0:
	VMOVUPS  (SI), Z0
	VCMPPS   $7, Z0, Z0, K2, K2
	VRANGEPS $5, Z0, Z16, Z16
	ADDQ     $64, SI

max1:
	SUBQ          $16, CX
	JGE           max0
	VMOVAPS       Z16, Z0
	VMOVUPS       (SI), K1, Z0
	VCMPPS        $7, Z0, Z0, K2, K2
	VRANGEPS      $5, Z0, Z16, Z16
	VEXTRACTF64X4 $1, Z16, Y0
	VRANGEPS      $5, Y0, Y16, Y16
	VEXTRACTF32X4 $1, Y16, X0
	VRANGEPS      $5, X0, X16, X16
	VPSHUFD       $0x4e, X16, X0
	VRANGEPS      $5, X0, X16, X16
	VPSHUFD       $0xb1, X16, X0
	VRANGEPS      $5, X0, X16, X16
	VBROADCASTSS  X16, Z16
	KNOTW         K2, K2
	KORTESTW      K2, K2
	JEQ           exp
	VMOVAPS       Z29, Z16

exp:
	VPXORD Z30, Z30, Z30
	MOVQ   R8, SI
	MOVQ   R9, DI
	MOVQ   R14, CX
	TESTQ  R12, R12
	JNE    sum1
	JMP    exp1

exp0:
	VMOVUPS (SI), Z0
	EXPTOP
	VMOVUPS Z2, (DI)
	VADDPS  Z2, Z30, Z30
	ADDQ    $64, SI
	ADDQ    $64, DI

exp1:
	SUBQ    $16, CX
	JGE     exp0
	VMOVUPS (SI), Z0
	EXPTOP
	VMOVUPS Z2, K1, (DI)
	JMP     reduce

sum0:
	VMOVUPS (SI), Z0
	EXPTOP
	VADDPS  Z2, Z30, Z30
	ADDQ    $64, SI

sum1:
	SUBQ    $16, CX
	JGE     sum0
	VMOVUPS (SI), Z0
	EXPTOP

reduce:
	VADDPS        Z2, Z30, K1, Z30
	VEXTRACTF64X4 $1, Z30, Y0
	VADDPS        Y0, Y30, Y30
	VEXTRACTF32X4 $1, Y30, X0
	VADDPS        X0, X30, X30
	VPSHUFD       $0x4e, X30, X0
	VADDPS        X0, X30, X30
	VPSHUFD       $0xb1, X30, X0
	VADDPS        X0, X30, X30
	VBROADCASTSS  X30, Z30
	MOVQ          R8, SI
	MOVQ          R9, DI
	MOVQ          R14, CX
	TESTQ         R12, R12
	JNE           log
	JMP           div1

div0:
	VMOVUPS (DI), Z0
	VDIVPS  Z30, Z0, Z0
	VMOVUPS Z0, (DI)
	ADDQ    $64, DI

div1:
	SUBQ    $16, CX
	JGE     div0
	VMOVUPS (DI), Z0
	VDIVPS  Z30, Z0, Z0
	VMOVUPS Z0, K1, (DI)

next:
	LEAQ (R8)(R11*4), R8
	LEAQ (R9)(R11*4), R9
	DECQ R10
	JNZ  row
	VZEROUPPER
	RET

log:
	LOG
	JMP log1

log0:
	VMOVUPS (SI), Z0
	VSUBPS  Z16, Z0, Z0
	VSUBPS  Z31, Z0, Z0
	VMOVUPS Z0, (DI)
	ADDQ    $64, SI
	ADDQ    $64, DI

log1:
	SUBQ    $16, CX
	JGE     log0
	VMOVUPS (SI), Z0
	VSUBPS  Z16, Z0, Z0
	VSUBPS  Z31, Z0, Z0
	VMOVUPS Z0, K1, (DI)
	JMP     next
