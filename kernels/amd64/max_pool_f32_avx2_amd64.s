#include "textflag.h"
#include "go_asm.h"
#include "clamp_avx2_amd64.h"
#include "mask_avx2_amd64.h"

// func MaxPoolF32AVX2(a *abi.PoolF32)
//
// CPU: AVX2. Eight channels a step, over all taps; the last step of a pixel reads up to 7 elements past its channels
// and stores under a mask.
//
//	R8 X+Shift    R9 offsets of the row    R10 y    R11 rows left    R12 bytes of YStride    R13 Taps    R14 C
//	R15 channels done    SI x of the channel    DI y of it    CX channels left    DX tap    AX scratch
//	Y0 maximum    Y1 x    Y2 Y4 scratch    Y3 a NaN so far    Y8 Lo    Y9 Hi    Y10 all lanes where there is a clamp    Y11 NaN
//
// The instruction gives its second source for two zeros. Taken both ways, the common bits are +0 if one is, as
// fixed.MaxF32 has it. It also drops a NaN, which Y3 remembers.
TEXT ·MaxPoolF32AVX2(SB), NOSPLIT, $0-8
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
	VBROADCASTSS poolF32_Lo(DI), Y8
	VBROADCASTSS poolF32_Hi(DI), Y9
	CLAMPMASK(poolF32_Clamp(DI), X10, Y10)
	MOVL         $0x7fc00000, AX
	VMOVD        AX, X11
	VPBROADCASTD X11, Y11

row:
	XORL R15, R15

step:
	LEAQ    (R8)(R15*4), SI
	MOVLQSX (R9), AX
	VMOVUPS (SI)(AX*4), Y0
	VCMPPS  $3, Y0, Y0, Y3
	MOVL    $1, DX
	CMPQ    R13, $1
	JEQ     store

tap:
	MOVLQSX (R9)(DX*4), AX
	VMOVUPS (SI)(AX*4), Y1
	VCMPPS  $3, Y1, Y1, Y2
	VORPS   Y2, Y3, Y3
	VMAXPS  Y1, Y0, Y2
	VMAXPS  Y0, Y1, Y4
	VANDPS  Y4, Y2, Y0
	INCQ    DX
	CMPQ    DX, R13
	JLT     tap

store:
	VBLENDVPS Y3, Y11, Y0, Y0
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
	ADDQ R12, R10
	DECQ R11
	JNZ  row
	VZEROUPPER
	RET

part:
	LANEMASK(CX, AX, Y1)
	VMASKMOVPS Y0, Y1, (DI)
	JMP        next
