#include "textflag.h"
#include "go_asm.h"
#include "mask_avx2_amd64.h"

// func MatMulF32AVX2(a *abi.MatMulF32)
//
// CPU: AVX2, FMA.
//
//	             n0-7  n8-15    <- Y12, Y13: a row of b
//	Y14  m0      Y0    Y1       Y14, Y15 hold one element of a row of a in every lane, row after row
//	Y15  m1      Y2    Y3
//	 ..          ..    ..
//	Y15  m5      Y10   Y11
//
// Columns go in steps of 16, outermost: what a step reads of b is a strip that stays in the cache while the rows pass, in
// tiles of 6, then 4, 2 and 1. A single row takes 64 columns at a time first: two sums alone would wait for each other.
// The last step reads up to 15 elements past the ends of b's rows, and reads and writes c under masks.
//
//	SI a of the tile    DI a of this k    BX b of this k    CX k left    DX c of the tile    AX c of a row, scratch
//	R8 4*AI    R9 R10 3 and 5 times that    R11 4*LDB    R12 4*AK    R14 4*LDC    R15 rows left
//	In the frame: masks of the last columns' halves

#define GET(c0, c1) \
	VMOVUPS (AX), c0   \
	VMOVUPS 32(AX), c1 \
	ADDQ    R14, AX

#define PUT(c0, c1) \
	VMOVUPS c0, (AX)   \
	VMOVUPS c1, 32(AX) \
	ADDQ    R14, AX

#define GETPART(c0, c1) \
	VMASKMOVPS (AX), Y12, c0   \
	VMASKMOVPS 32(AX), Y13, c1 \
	ADDQ       R14, AX

#define PUTPART(c0, c1) \
	VMASKMOVPS c0, Y12, (AX)   \
	VMASKMOVPS c1, Y13, 32(AX) \
	ADDQ       R14, AX

#define EACH1(DO) DO(Y0, Y1)

#define EACH2(DO) \
	EACH1(DO)  \
	DO(Y2, Y3)

#define EACH4(DO) \
	EACH2(DO)  \
	DO(Y4, Y5) \
	DO(Y6, Y7)

#define EACH6(DO) \
	EACH4(DO)    \
	DO(Y8, Y9)   \
	DO(Y10, Y11)

#define FMA(a, x, c0, c1) \
	VBROADCASTSS a, x       \
	VFMADD231PS  Y12, x, c0 \
	VFMADD231PS  Y13, x, c1

#define STEP1 \
	VMOVUPS (BX), Y12      \
	VMOVUPS 32(BX), Y13    \
	FMA((DI), Y14, Y0, Y1)

#define STEP2 \
	STEP1                        \
	FMA((DI)(R8*1), Y15, Y2, Y3)

#define STEP4 \
	STEP2                        \
	FMA((DI)(R8*2), Y14, Y4, Y5) \
	FMA((DI)(R9*1), Y15, Y6, Y7)

#define STEP6 \
	STEP4                           \
	FMA((DI)(R8*4), Y14, Y8, Y9)    \
	FMA((DI)(R10*1), Y15, Y10, Y11)

#define TILE(k, get, got, put, end, EACH, STEP) \
	MOVQ    DX, AX               \
	CMPQ    cols-88(SP), $16     \
	JLT     get                  \
	EACH(GET)                    \
	JMP     got                  \
get:                                 \
	VMOVUPS low-64(SP), Y12      \
	VMOVUPS high-32(SP), Y13     \
	EACH(GETPART)                \
got:                                 \
	MOVQ    SI, DI               \
	MOVQ    b-72(SP), BX         \
	MOVQ    a+0(FP), CX          \
	MOVQ    matMulF32_K(CX), CX  \
	PCALIGN $32                  \
k:                                   \
	STEP                         \
	ADDQ    R12, DI              \
	ADDQ    R11, BX              \
	DECQ    CX                   \
	JNZ     k                    \
	MOVQ    DX, AX               \
	CMPQ    cols-88(SP), $16     \
	JLT     put                  \
	EACH(PUT)                    \
	JMP     end                  \
put:                                 \
	VMOVUPS low-64(SP), Y12      \
	VMOVUPS high-32(SP), Y13     \
	EACH(PUTPART)                \
end:

TEXT ·MatMulF32AVX2(SB), NOSPLIT, $88-8
	MOVQ a+0(FP), AX
	MOVQ matMulF32_AI(AX), R8
	SHLQ $2, R8
	LEAQ (R8)(R8*2), R9
	LEAQ (R8)(R8*4), R10
	MOVQ matMulF32_LDB(AX), R11
	SHLQ $2, R11
	MOVQ matMulF32_AK(AX), R12
	SHLQ $2, R12
	MOVQ matMulF32_LDC(AX), R14
	SHLQ $2, R14
	MOVQ matMulF32_B(AX), BX
	MOVQ BX, b-72(SP)
	MOVQ matMulF32_C(AX), DX
	MOVQ DX, c-80(SP)
	MOVQ matMulF32_N(AX), CX
	MOVQ CX, cols-88(SP)
	CMPQ matMulF32_M(AX), $1
	JEQ  one

column:
	MOVQ cols-88(SP), CX
	CMPQ CX, $16
	JGE  rows
	LANEMASKS(CX, BX, AX, Y12, Y13)
	VMOVUPS Y12, low-64(SP)
	VMOVUPS Y13, high-32(SP)

rows:
	MOVQ a+0(FP), AX
	MOVQ matMulF32_A(AX), SI
	MOVQ matMulF32_M(AX), R15
	MOVQ c-80(SP), DX

rows6:
	CMPQ R15, $6
	JLT  rows4
	TILE(k6, get6, got6, put6, end6, EACH6, STEP6)
	LEAQ (SI)(R9*2), SI
	LEAQ (DX)(R14*4), DX
	LEAQ (DX)(R14*2), DX
	SUBQ $6, R15
	JMP  rows6

rows4:
	TESTQ $4, R15
	JEQ   rows2
	TILE(k4, get4, got4, put4, end4, EACH4, STEP4)
	LEAQ  (SI)(R8*4), SI
	LEAQ  (DX)(R14*4), DX

rows2:
	TESTQ $2, R15
	JEQ   rows1
	TILE(k2, get2, got2, put2, end2, EACH2, STEP2)
	LEAQ  (SI)(R8*2), SI
	LEAQ  (DX)(R14*2), DX

rows1:
	TESTQ $1, R15
	JEQ   next
	TILE(k1, get1, got1, put1, end1, EACH1, STEP1)

next:
	SUBQ $16, cols-88(SP)
	JLE  done
	ADDQ $64, b-72(SP)
	ADDQ $64, c-80(SP)
	JMP  column

done:
	VZEROUPPER
	RET

one:
	SUBQ    $64, CX
	JLT     column
	MOVQ    CX, cols-88(SP)
	MOVQ    a+0(FP), AX
	MOVQ    matMulF32_A(AX), DI
	MOVQ    matMulF32_K(AX), SI
	MOVQ    b-72(SP), BX
	VMOVUPS (DX), Y0
	VMOVUPS 32(DX), Y1
	VMOVUPS 64(DX), Y2
	VMOVUPS 96(DX), Y3
	VMOVUPS 128(DX), Y4
	VMOVUPS 160(DX), Y5
	VMOVUPS 192(DX), Y6
	VMOVUPS 224(DX), Y7

k1x64:
	VBROADCASTSS (DI), Y14
	VFMADD231PS  (BX), Y14, Y0
	VFMADD231PS  32(BX), Y14, Y1
	VFMADD231PS  64(BX), Y14, Y2
	VFMADD231PS  96(BX), Y14, Y3
	VFMADD231PS  128(BX), Y14, Y4
	VFMADD231PS  160(BX), Y14, Y5
	VFMADD231PS  192(BX), Y14, Y6
	VFMADD231PS  224(BX), Y14, Y7
	ADDQ         R12, DI
	ADDQ         R11, BX
	DECQ         SI
	JNZ          k1x64

	VMOVUPS Y0, (DX)
	VMOVUPS Y1, 32(DX)
	VMOVUPS Y2, 64(DX)
	VMOVUPS Y3, 96(DX)
	VMOVUPS Y4, 128(DX)
	VMOVUPS Y5, 160(DX)
	VMOVUPS Y6, 192(DX)
	VMOVUPS Y7, 224(DX)
	ADDQ    $256, b-72(SP)
	ADDQ    $256, DX
	MOVQ    DX, c-80(SP)
	TESTQ   CX, CX
	JNE     one
	VZEROUPPER
	RET
