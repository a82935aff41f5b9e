#include "textflag.h"
#include "go_asm.h"
#include "clamp_amd64.h"

// func MaxPoolF32AVX512(a *abi.PoolF32)
//
// CPU: AVX512F, DQ; BMI2. Sixteen channels a step, over all taps; the last step of a pixel reads up to 15 elements
// past its channels and stores under a mask.
//
//	R8 X+Shift    R9 offsets of the row    R10 y    R11 rows left    R12 bytes of YStride    R13 Taps    R14 C
//	R15 channels done    SI x of the channel    DI y of it    CX channels left    DX tap    AX scratch
//	Z0 maximum    Z1 x    Z16 Lo    Z17 Hi    Z18 NaN    K2 no NaN so far    K3 NaN    K4 all lanes where there is a clamp
//
// VRANGEPS $5 is the larger number: +0 above −0, as fixed.MaxF32 has it, but it drops a NaN, which K2 remembers.
TEXT ·MaxPoolF32AVX512(SB), NOSPLIT, $0-8
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
	VBROADCASTSS poolF32_Lo(DI), Z16
	VBROADCASTSS poolF32_Hi(DI), Z17
	MOVL         $0x7fc00000, AX
	VPBROADCASTD AX, Z18
	CLAMPMASK(poolF32_Clamp(DI), K4)

row:
	XORL R15, R15

step:
	LEAQ    (R8)(R15*4), SI
	MOVLQSX (R9), AX
	VMOVUPS (SI)(AX*4), Z0
	VCMPPS  $7, Z0, Z0, K2
	MOVL    $1, DX
	CMPQ    R13, $1
	JEQ     store

tap:
	MOVLQSX  (R9)(DX*4), AX
	VMOVUPS  (SI)(AX*4), Z1
	VCMPPS   $7, Z1, Z1, K2, K2
	VRANGEPS $5, Z1, Z0, Z0
	INCQ     DX
	CMPQ     DX, R13
	JLT      tap

store:
	KNOTW   K2, K3
	VMOVAPS Z18, K3, Z0
	CLAMP(Z16, Z17, K4, Z0)
	LEAQ    (R10)(R15*4), DI
	MOVQ    R14, CX
	SUBQ    R15, CX
	CMPQ    CX, $16
	JLT     part
	VMOVUPS Z0, (DI)
	ADDQ    $16, R15
	CMPQ    R15, R14
	JLT     step

next:
	LEAQ (R9)(R13*4), R9
	ADDQ R12, R10
	DECQ R11
	JNZ  row
	VZEROUPPER
	RET

part:
	MOVL    $-1, AX
	BZHIL   CX, AX, AX
	KMOVW   AX, K1
	VMOVUPS Z0, K1, (DI)
	JMP     next
