#include "textflag.h"
#include "go_asm.h"
#include "part_avx2_amd64.h"

// func MaxPoolS8AVX2(a *abi.PoolS8)
//
// CPU: AVX2. Thirty-two channels a step, over all taps; the last step of a pixel reads up to 31 bytes past its channels.
//
//	R8 X+Shift    R9 offsets of the row    R10 y    R11 rows left    R12 YStride    R13 Taps    R14 C
//	R15 channels done    SI x of the channel    DI y of it    CX channels left    DX tap    AX scratch
//	Y0 maximum    Y8 Lo    Y9 Hi
TEXT ·MaxPoolS8AVX2(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), DI
	MOVQ         poolS8_X(DI), R8
	ADDQ         poolS8_Shift(DI), R8
	MOVQ         poolS8_Off(DI), R9
	MOVQ         poolS8_Y(DI), R10
	MOVQ         poolS8_Rows(DI), R11
	MOVQ         poolS8_YStride(DI), R12
	MOVQ         poolS8_Taps(DI), R13
	MOVQ         poolS8_C(DI), R14
	VPBROADCASTB poolS8_Lo(DI), Y8
	VPBROADCASTB poolS8_Hi(DI), Y9

row:
	XORL R15, R15

step:
	LEAQ    (R8)(R15*1), SI
	MOVLQSX (R9), AX
	VMOVDQU (SI)(AX*1), Y0
	MOVL    $1, DX
	CMPQ    R13, $1
	JEQ     store

tap:
	MOVLQSX (R9)(DX*4), AX
	VPMAXSB (SI)(AX*1), Y0, Y0
	INCQ    DX
	CMPQ    DX, R13
	JLT     tap

store:
	VPMAXSB Y8, Y0, Y0
	VPMINSB Y9, Y0, Y0
	LEAQ    (R10)(R15*1), DI
	MOVQ    R14, CX
	SUBQ    R15, CX
	CMPQ    CX, $32
	JLT     part
	VMOVDQU Y0, (DI)
	ADDQ    $32, R15
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
	STORELESS32(Y0, X0, DI, CX)
	JMP next
