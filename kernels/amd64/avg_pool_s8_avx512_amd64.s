#include "textflag.h"
#include "go_asm.h"
#include "narrow_amd64.h"

// func AvgPoolS8AVX512(a *abi.PoolS8)
//
// CPU: AVX512F, BW; BMI2. Sixty-four channels a step, over all taps; the last step of a pixel reads up to 63 bytes
// past its channels and stores under a mask. Acc is not used.
//
//	R8 X+Shift    R9 offsets of the row    R10 y    R11 rows left    R12 YStride    R13 Taps    R14 C
//	R15 channels done    SI x of the channel    DI y of it    BX count of the row    CX channels left    DX tap    AX scratch
//	Z0-Z3 sums    Z4-Z6 scratch    Z16 Lo    Z17 Hi    Z18 n/2    Z19 n as float64    Z20 0    Z21 transposition    K3 sum > 0
//
// DIVIDE truncates (sum ± n/2)/n in float64, which is exact: both are integers of 32 bits; an inexact quotient q lies at
// least 1/n from an integer, and with |q·n| ≤ 2^31 that is at least 2^−31·|q|, far more than the rounding's 2^−53·|q|.
#define DIVIDE(c) \
	VPCMPGTD      Z20, c, K3       \
	VPSUBD        Z18, c, Z4       \
	VPADDD        Z18, c, K3, Z4   \
	VEXTRACTI64X4 $1, Z4, Y5       \
	VCVTDQ2PD     Y4, Z4           \
	VCVTDQ2PD     Y5, Z5           \
	VDIVPD        Z19, Z4, Z4      \
	VDIVPD        Z19, Z5, Z5      \
	VCVTTPD2DQ    Z4, Y4           \
	VCVTTPD2DQ    Z5, Y5           \
	VINSERTI64X4  $1, Y5, Z4, c

TEXT ·AvgPoolS8AVX512(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), DI
	MOVQ         poolS8_X(DI), R8
	ADDQ         poolS8_Shift(DI), R8
	MOVQ         poolS8_Off(DI), R9
	MOVQ         poolS8_Y(DI), R10
	MOVQ         poolS8_Rows(DI), R11
	MOVQ         poolS8_YStride(DI), R12
	MOVQ         poolS8_Taps(DI), R13
	MOVQ         poolS8_C(DI), R14
	MOVQ         poolS8_Count(DI), BX
	VPBROADCASTB poolS8_Lo(DI), Z16
	VPBROADCASTB poolS8_Hi(DI), Z17
	VPXORD       Z20, Z20, Z20
	VMOVDQU32    transpose<>(SB), Z21

row:
	VPBROADCASTD (BX), Z18
	VCVTDQ2PD    Y18, Z19
	VPSRAD       $1, Z18, Z18
	XORL         R15, R15

step:
	LEAQ   (R8)(R15*1), SI
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3
	XORL   DX, DX

tap:
	MOVLQSX   (R9)(DX*4), AX
	INCQ      DX
	TESTQ     AX, AX
	JLT       skip
	VPMOVSXBD (SI)(AX*1), Z4
	VPMOVSXBD 16(SI)(AX*1), Z5
	VPADDD    Z4, Z0, Z0
	VPADDD    Z5, Z1, Z1
	VPMOVSXBD 32(SI)(AX*1), Z4
	VPMOVSXBD 48(SI)(AX*1), Z5
	VPADDD    Z4, Z2, Z2
	VPADDD    Z5, Z3, Z3

skip:
	CMPQ DX, R13
	JLT  tap

	DIVIDE(Z0)
	DIVIDE(Z1)
	DIVIDE(Z2)
	DIVIDE(Z3)
	NARROW4(Z21, Z0, Z1, Z2, Z3)
	VPMAXSB Z16, Z0, Z0
	VPMINSB Z17, Z0, Z0
	LEAQ    (R10)(R15*1), DI
	MOVQ    R14, CX
	SUBQ    R15, CX
	CMPQ    CX, $64
	JLT     part
	VMOVDQU8 Z0, (DI)
	ADDQ    $64, R15
	CMPQ    R15, R14
	JLT     step

next:
	LEAQ (R9)(R13*4), R9
	ADDQ $4, BX
	ADDQ R12, R10
	DECQ R11
	JNZ  row
	VZEROUPPER
	RET

part:
	MOVQ     $-1, AX
	BZHIQ    CX, AX, AX
	KMOVQ    AX, K1
	VMOVDQU8 Z0, K1, (DI)
	JMP      next
