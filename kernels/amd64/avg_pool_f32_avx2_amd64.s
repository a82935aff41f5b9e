#include "textflag.h"
#include "go_asm.h"
#include "clamp_avx2_amd64.h"
#include "mask_avx2_amd64.h"

// func AvgPoolF32AVX2(a *abi.PoolF32)
//
// CPU: AVX2. Eight channels a step, over all taps; the last step of a pixel reads up to 7 elements past its channels
// and stores under a mask.
//
//	R8 X+Shift    R9 offsets of the row    R10 y    R11 rows left    R12 bytes of YStride    R13 Taps    R14 C
//	R15 channels done    SI x of the channel    DI y of it    BX count of the row    CX channels left    DX tap    AX scratch
//	Y0 sum    Y1 scratch    Y8 Lo    Y9 Hi    Y10 all lanes where there is a clamp    Y11 NaN    Y12 n
TEXT ·AvgPoolF32AVX2(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), DI
	MOVQ         poolF32_X(DI), R8
	MOVQ         poolF32_Shift(DI), AX
	LEAQ         (R8)(AX*4), R8
	MOVQ         poolF32_Off(DI), R9
	MOVQ         poolF32_Y(DI), R10
	MOVQ         poolF32_Rows(DI), R11
	MOVQ         poolF32_YStride(DI), R12
	SHLQ         $2, R12
	MOVQ         poolF32_Taps(DI), R13
	MOVQ         poolF32_C(DI), R14
	MOVQ         poolF32_Count(DI), BX
	VBROADCASTSS poolF32_Lo(DI), Y8
	VBROADCASTSS poolF32_Hi(DI), Y9
	CLAMPMASK(poolF32_Clamp(DI), X10, Y10)
	MOVL         $0x7fc00000, AX
	VMOVD        AX, X11
	VPBROADCASTD X11, Y11

row:
	VPBROADCASTD (BX), Y12
	VCVTDQ2PS    Y12, Y12
	XORL         R15, R15

step:
	LEAQ   (R8)(R15*4), SI
	VXORPS X0, X0, X0
	XORL   DX, DX

tap:
	MOVLQSX (R9)(DX*4), AX
	INCQ    DX
	TESTQ   AX, AX
	JLT     skip
	VADDPS  (SI)(AX*4), Y0, Y0

skip:
	CMPQ DX, R13
	JLT  tap

	VDIVPS    Y12, Y0, Y0
	VCMPPS    $3, Y0, Y0, Y1
	VBLENDVPS Y1, Y11, Y0, Y0
	CLAMPIF(Y8, Y9, Y10, Y0, Y1)
	LEAQ      (R10)(R15*4), DI
	MOVQ      R14, CX
	SUBQ      R15, CX
	CMPQ      CX, $8
	JLT       part
	VMOVUPS   Y0, (DI)
	ADDQ      $8, R15
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
	LANEMASK(CX, AX, Y1)
	VMASKMOVPS Y0, Y1, (DI)
	JMP        next
