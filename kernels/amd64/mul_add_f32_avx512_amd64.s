#include "textflag.h"
#include "go_asm.h"

// func MulAddF32AVX512(a *abi.MulAddF32)
//
// CPU: AVX512F; BMI2. Columns go in steps of 64, then of 16, outermost, the last one under a mask; it reads up to 15 elements
// past the ends of a's and b's rows. Sums of all rows stay in registers.
//
//	SI DI DX a, b, c of the columns    AX BX R12 of this row    R8 R9 R10 4*LDA, 4*LDB, 4*LDC    R11 rows left
//	CX columns left    R13 Rows    Z0-Z3 c    Z4-Z7 a    K1 columns of a step of 16

#define BEGIN \
	MOVQ SI, AX  \
	MOVQ DI, BX  \
	MOVQ DX, R12 \
	MOVQ R13, R11

#define NEXT(row) \
	ADDQ R8, AX \
	ADDQ R9, BX \
	DECQ R11    \
	JNZ  row

#define GET64 \
	VMOVUPS (R12), Z0    \
	VMOVUPS 64(R12), Z1  \
	VMOVUPS 128(R12), Z2 \
	VMOVUPS 192(R12), Z3

#define PUT64 \
	VMOVUPS Z0, (R12)    \
	VMOVUPS Z1, 64(R12)  \
	VMOVUPS Z2, 128(R12) \
	VMOVUPS Z3, 192(R12)

#define FMA64 \
	VMOVUPS     (AX), Z4          \
	VMOVUPS     64(AX), Z5        \
	VMOVUPS     128(AX), Z6       \
	VMOVUPS     192(AX), Z7       \
	VFMADD231PS (BX), Z4, Z0      \
	VFMADD231PS 64(BX), Z5, Z1    \
	VFMADD231PS 128(BX), Z6, Z2   \
	VFMADD231PS 192(BX), Z7, Z3

#define FMA16 \
	VMOVUPS     (AX), Z4     \
	VFMADD231PS (BX), Z4, Z0

TEXT ·MulAddF32AVX512(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	MOVQ mulAddF32_A(AX), SI
	MOVQ mulAddF32_B(AX), DI
	MOVQ mulAddF32_C(AX), DX
	MOVQ mulAddF32_LDA(AX), R8
	MOVQ mulAddF32_LDB(AX), R9
	MOVQ mulAddF32_LDC(AX), R10
	SHLQ $2, R8
	SHLQ $2, R9
	SHLQ $2, R10
	MOVQ mulAddF32_Rows(AX), R13
	MOVQ mulAddF32_N(AX), CX

wide:
	SUBQ  $64, CX
	JLT   narrow
	BEGIN
	TESTQ R10, R10
	JEQ   sum64

row64:
	GET64
	FMA64
	PUT64
	ADDQ R10, R12
	NEXT(row64)
	JMP  next64

sum64:
	GET64

add64:
	FMA64
	NEXT(add64)
	PUT64

next64:
	ADDQ $256, SI
	ADDQ $256, DI
	ADDQ $256, DX
	JMP  wide

narrow:
	ADDQ $64, CX
	JEQ  done

step:
	MOVL      $16, BX
	CMPQ      CX, BX
	CMOVQLT   CX, BX
	MOVL      $-1, AX
	BZHIL     BX, AX, AX
	KMOVW     AX, K1
	BEGIN
	VMOVUPS.Z (R12), K1, Z0
	TESTQ     R10, R10
	JEQ       add16

row16:
	VMOVUPS.Z (R12), K1, Z0
	FMA16
	VMOVUPS   Z0, K1, (R12)
	ADDQ      R10, R12
	NEXT(row16)
	JMP       next16

add16:
	FMA16
	NEXT(add16)
	VMOVUPS Z0, K1, (R12)

next16:
	ADDQ $64, SI
	ADDQ $64, DI
	ADDQ $64, DX
	SUBQ $16, CX
	JGT  step

done:
	VZEROUPPER
	RET
