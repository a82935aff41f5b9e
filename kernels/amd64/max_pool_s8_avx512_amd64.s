#include "textflag.h"
#include "go_asm.h"

// func MaxPoolS8AVX512(a *abi.PoolS8)
//
// CPU: AVX512F, BW; BMI2. Sixty-four channels a step, over all taps; the last step of a pixel reads up to 63 bytes
// past its channels and stores under a mask.
//
//	R8 X+Shift    R9 offsets of the row    R10 y    R11 rows left    R12 YStride    R13 Taps    R14 C
//	R15 channels done    SI x of the channel    DI y of it    CX channels left    DX tap    AX scratch
//	Z0 maximum    Z16 Lo    Z17 Hi
TEXT ·MaxPoolS8AVX512(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), DI
	MOVQ         poolS8_X(DI), R8
	ADDQ         poolS8_Shift(DI), R8
	MOVQ         poolS8_Off(DI), R9
	MOVQ         poolS8_Y(DI), R10
	MOVQ         poolS8_Rows(DI), R11
	MOVQ         poolS8_YStride(DI), R12
	MOVQ         poolS8_Taps(DI), R13
	MOVQ         poolS8_C(DI), R14
	VPBROADCASTB poolS8_Lo(DI), Z16
	VPBROADCASTB poolS8_Hi(DI), Z17

row:
	XORL R15, R15

step:
	LEAQ     (R8)(R15*1), SI
	MOVLQSX  (R9), AX
	VMOVDQU8 (SI)(AX*1), Z0
	MOVL     $1, DX
	CMPQ     R13, $1
	JEQ      store

tap:
	MOVLQSX (R9)(DX*4), AX
	VPMAXSB (SI)(AX*1), Z0, Z0
	INCQ    DX
	CMPQ    DX, R13
	JLT     tap

store:
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
