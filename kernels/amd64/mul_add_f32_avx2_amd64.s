#include "textflag.h"
#include "go_asm.h"
#include "mask_avx2_amd64.h"

// func MulAddF32AVX2(a *abi.MulAddF32)
//
// CPU: AVX2, FMA. Columns go in steps of 32, then of 8, outermost; the last one reads up to 7 elements past the ends of a's
// and b's rows, and reads and writes c under a mask. Sums of all rows stay in registers.
//
//	SI DI DX a, b, c of the columns    AX BX R12 of this row    R8 R9 R10 4*LDA, 4*LDB, 4*LDC    R11 rows left
//	CX columns left    R13 Rows    Y0-Y3 c    Y4-Y7 a    Y8 columns of the last step

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

#define GET32 \
	VMOVUPS (R12), Y0   \
	VMOVUPS 32(R12), Y1 \
	VMOVUPS 64(R12), Y2 \
	VMOVUPS 96(R12), Y3

#define PUT32 \
	VMOVUPS Y0, (R12)   \
	VMOVUPS Y1, 32(R12) \
	VMOVUPS Y2, 64(R12) \
	VMOVUPS Y3, 96(R12)

#define FMA32 \
	VMOVUPS     (AX), Y4       \
	VMOVUPS     32(AX), Y5     \
	VMOVUPS     64(AX), Y6     \
	VMOVUPS     96(AX), Y7     \
	VFMADD231PS (BX), Y4, Y0   \
	VFMADD231PS 32(BX), Y5, Y1 \
	VFMADD231PS 64(BX), Y6, Y2 \
	VFMADD231PS 96(BX), Y7, Y3

#define FMA8 \
	VMOVUPS     (AX), Y4     \
	VFMADD231PS (BX), Y4, Y0

#define GET8 VMOVUPS (R12), Y0
#define PUT8 VMOVUPS Y0, (R12)
#define GETPART VMASKMOVPS (R12), Y8, Y0
#define PUTPART VMASKMOVPS Y0, Y8, (R12)

// STEP adds the products of one step's columns, all rows.
#define STEP(row, sum, add, next, GET, FMA, PUT) \
	BEGIN             \
	TESTQ R10, R10    \
	JEQ   sum         \
row:                      \
	GET               \
	FMA               \
	PUT               \
	ADDQ  R10, R12    \
	NEXT(row)         \
	JMP   next        \
sum:                      \
	GET               \
add:                      \
	FMA               \
	NEXT(add)         \
	PUT               \
next:

TEXT ·MulAddF32AVX2(SB), NOSPLIT, $0-8
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
	SUBQ $32, CX
	JLT  narrow
	STEP(row32, sum32, add32, next32, GET32, FMA32, PUT32)
	SUBQ $-128, SI
	SUBQ $-128, DI
	SUBQ $-128, DX
	JMP  wide

narrow:
	ADDQ $32, CX

step:
	SUBQ $8, CX
	JLT  part
	STEP(row8, sum8, add8, next8, GET8, FMA8, PUT8)
	ADDQ $32, SI
	ADDQ $32, DI
	ADDQ $32, DX
	JMP  step

part:
	ADDQ $8, CX
	JEQ  done
	LANEMASK(CX, AX, Y8)
	STEP(rowpart, sumpart, addpart, done, GETPART, FMA8, PUTPART)
	VZEROUPPER
	RET
