#include "textflag.h"
#include "go_asm.h"
#include "part_avx2_amd64.h"

// func AvgPoolS8AVX2(a *abi.PoolS8)
//
// CPU: AVX2. Sixteen channels a step, over all taps; the last step of a pixel reads up to 15 bytes past its channels.
// Acc is not used.
//
//	R8 X+Shift    R9 offsets of the row    R10 y    R11 rows left    R12 YStride    R13 Taps    R14 C
//	R15 channels done    SI x of the channel    DI y of it    BX count of the row    CX channels left    DX tap    AX scratch
//	Y0 Y1 sums    Y2-Y5 scratch    Y8 Lo    Y9 Hi    Y10 n/2    Y11 n as float64
//
// DIVIDE truncates (sum ± n/2)/n in float64, exact as avg_pool_s8_avx512_amd64.s shows, and leaves 4 quotients in x and
// 4 in t. VPSIGND gives n/2 the sign of the sum; a sum of 0 takes 0 instead of n/2, and the quotient is 0 either way.
#define DIVIDE(c, x, t, y, yt) \
	VPSIGND      c, Y10, yt    \
	VPADDD       yt, c, c      \
	VEXTRACTI128 $1, c, t      \
	VCVTDQ2PD    x, y          \
	VCVTDQ2PD    t, yt         \
	VDIVPD       Y11, y, y     \
	VDIVPD       Y11, yt, yt   \
	VCVTTPD2DQY  y, x          \
	VCVTTPD2DQY  yt, t

TEXT ·AvgPoolS8AVX2(SB), NOSPLIT, $0-8
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
	VPBROADCASTB poolS8_Lo(DI), X8
	VPBROADCASTB poolS8_Hi(DI), X9

row:
	VPBROADCASTD (BX), Y10
	VCVTDQ2PD    X10, Y11
	VPSRAD       $1, Y10, Y10
	XORL         R15, R15

step:
	LEAQ  (R8)(R15*1), SI
	VPXOR X0, X0, X0
	VPXOR X1, X1, X1
	XORL  DX, DX

tap:
	MOVLQSX   (R9)(DX*4), AX
	INCQ      DX
	TESTQ     AX, AX
	JLT       skip
	VPMOVSXBD (SI)(AX*1), Y2
	VPMOVSXBD 8(SI)(AX*1), Y3
	VPADDD    Y2, Y0, Y0
	VPADDD    Y3, Y1, Y1

skip:
	CMPQ DX, R13
	JLT  tap

	DIVIDE(Y0, X0, X2, Y0, Y2)
	DIVIDE(Y1, X1, X3, Y1, Y3)
	VPACKSSDW X2, X0, X0
	VPACKSSDW X3, X1, X1
	VPACKSSWB X1, X0, X0
	VPMAXSB   X8, X0, X0
	VPMINSB   X9, X0, X0
	LEAQ      (R10)(R15*1), DI
	MOVQ      R14, CX
	SUBQ      R15, CX
	CMPQ      CX, $16
	JLT       part
	VMOVDQU   X0, (DI)
	ADDQ      $16, R15
	CMPQ      R15, R14
	JLT       step

next:
	LEAQ (R9)(R13*4), R9
	ADDQ $4, BX
	ADDQ R12, R10
	DECQ R11
	JNZ  row
	VZEROUPPER
	RET

part:
	STORELESS16(X0, DI, CX)
	JMP next
