#include "textflag.h"
#include "go_asm.h"

// func MatMulF32AVX512(a *abi.MatMulF32)
//
// CPU: AVX512F; BMI2.
//
//	             n0-15  n16-31    <- Z16, Z17: a row of b
//	Z18  m0      Z0     Z1        Z18..Z21 hold one element of a row of a in every lane, row after row
//	Z19  m1      Z2     Z3
//	 ..          ..     ..
//	Z21  m7      Z14    Z15
//
// Columns go in steps of 32, outermost: what a step reads of b is a strip that stays in the cache while the rows pass, in
// tiles of 8, then 4, 2 and 1. A last step of at most 16 columns takes tiles of half the width. A single row takes 64
// columns at a time first: two sums alone would wait for each other. The last step reads up to 15 elements past the ends
// of b's rows; c is read and written under masks.
//
//	SI a of the tile    DI a of this k    BX b of this k    CX k left    DX c of the tile    AX c of a row, scratch
//	R8 4*AI    R9 R10 R11 3, 5, 7 times that    R12 4*AK    R13 4*LDB    R14 4*LDC    R15 rows left
//	K1, K2 columns of c0 and c1

#define GET2(c0, c1) \
	VMOVUPS.Z (AX), K1, c0   \
	VMOVUPS.Z 64(AX), K2, c1 \
	ADDQ      R14, AX

#define PUT2(c0, c1) \
	VMOVUPS c0, K1, (AX)   \
	VMOVUPS c1, K2, 64(AX) \
	ADDQ    R14, AX

#define GET1(c0, c1) \
	VMOVUPS.Z (AX), K1, c0 \
	ADDQ      R14, AX

#define PUT1(c0, c1) \
	VMOVUPS c0, K1, (AX) \
	ADDQ    R14, AX

#define EACH1(DO) DO(Z0, Z1)

#define EACH2(DO) \
	EACH1(DO)  \
	DO(Z2, Z3)

#define EACH4(DO) \
	EACH2(DO)  \
	DO(Z4, Z5) \
	DO(Z6, Z7)

#define EACH8(DO) \
	EACH4(DO)    \
	DO(Z8, Z9)   \
	DO(Z10, Z11) \
	DO(Z12, Z13) \
	DO(Z14, Z15)

#define FMA2(a, x, c0, c1) \
	VBROADCASTSS a, x      \
	VFMADD231PS  Z16, x, c0 \
	VFMADD231PS  Z17, x, c1

#define FMA1(a, x, c0, c1) VFMADD231PS.BCST a, Z16, c0

#define B2 \
	VMOVUPS (BX), Z16   \
	VMOVUPS 64(BX), Z17

#define B1 VMOVUPS (BX), Z16

#define STEP1(B, FMA) \
	B                      \
	FMA((DI), Z18, Z0, Z1)

#define STEP2(B, FMA) \
	STEP1(B, FMA)                \
	FMA((DI)(R8*1), Z19, Z2, Z3)

#define STEP4(B, FMA) \
	STEP2(B, FMA)                \
	FMA((DI)(R8*2), Z20, Z4, Z5) \
	FMA((DI)(R9*1), Z21, Z6, Z7)

#define STEP8(B, FMA) \
	STEP4(B, FMA)                   \
	FMA((DI)(R8*4), Z18, Z8, Z9)    \
	FMA((DI)(R10*1), Z19, Z10, Z11) \
	FMA((DI)(R9*2), Z20, Z12, Z13)  \
	FMA((DI)(R11*1), Z21, Z14, Z15)

#define TILE(k, EACH, STEP, GET, PUT, B, FMA) \
	MOVQ DX, AX                 \
	EACH(GET)                   \
	MOVQ SI, DI                 \
	MOVQ b-8(SP), BX            \
	MOVQ a+0(FP), CX            \
	MOVQ matMulF32_K(CX), CX    \
	PCALIGN $32                 \
k:                                  \
	STEP(B, FMA)                \
	ADDQ R12, DI                \
	ADDQ R13, BX                \
	DECQ CX                     \
	JNZ  k                      \
	MOVQ DX, AX                 \
	EACH(PUT)

TEXT ·MatMulF32AVX512(SB), NOSPLIT, $24-8
	MOVQ a+0(FP), AX
	MOVQ matMulF32_AI(AX), R8
	SHLQ $2, R8
	LEAQ (R8)(R8*2), R9
	LEAQ (R8)(R8*4), R10
	LEAQ (R9)(R8*4), R11
	MOVQ matMulF32_AK(AX), R12
	SHLQ $2, R12
	MOVQ matMulF32_LDB(AX), R13
	SHLQ $2, R13
	MOVQ matMulF32_LDC(AX), R14
	SHLQ $2, R14
	MOVQ matMulF32_B(AX), BX
	MOVQ BX, b-8(SP)
	MOVQ matMulF32_C(AX), DX
	MOVQ DX, c-16(SP)
	MOVQ matMulF32_N(AX), CX
	MOVQ CX, cols-24(SP)
	CMPQ matMulF32_M(AX), $1
	JEQ  one

column:
	MOVQ    cols-24(SP), CX
	MOVL    $32, BX
	CMPQ    CX, BX
	CMOVQLT CX, BX
	MOVL    $-1, AX
	BZHIL   BX, AX, AX
	KMOVW   AX, K1
	SHRL    $16, AX
	KMOVW   AX, K2
	MOVQ    a+0(FP), AX
	MOVQ    matMulF32_A(AX), SI
	MOVQ    matMulF32_M(AX), R15
	MOVQ    c-16(SP), DX
	CMPQ    CX, $16
	JLE     narrow

rows8x32:
	SUBQ $8, R15
	JLT  rows4x32
	TILE(k8x32, EACH8, STEP8, GET2, PUT2, B2, FMA2)
	LEAQ (SI)(R8*8), SI
	LEAQ (DX)(R14*8), DX
	JMP  rows8x32

rows4x32: // the bits of what is left are those of R15, −8 or not
	TESTQ $4, R15
	JEQ   rows2x32
	TILE(k4x32, EACH4, STEP4, GET2, PUT2, B2, FMA2)
	LEAQ  (SI)(R8*4), SI
	LEAQ  (DX)(R14*4), DX

rows2x32:
	TESTQ $2, R15
	JEQ   rows1x32
	TILE(k2x32, EACH2, STEP2, GET2, PUT2, B2, FMA2)
	LEAQ  (SI)(R8*2), SI
	LEAQ  (DX)(R14*2), DX

rows1x32:
	TESTQ $1, R15
	JEQ   next
	TILE(k1x32, EACH1, STEP1, GET2, PUT2, B2, FMA2)

next:
	SUBQ $32, cols-24(SP)
	JLE  done
	SUBQ $-128, b-8(SP)
	SUBQ $-128, c-16(SP)
	JMP  column

narrow:
	SUBQ $8, R15
	JLT  rows4x16
	TILE(k8x16, EACH8, STEP8, GET1, PUT1, B1, FMA1)
	LEAQ (SI)(R8*8), SI
	LEAQ (DX)(R14*8), DX
	JMP  narrow

rows4x16:
	TESTQ $4, R15
	JEQ   rows2x16
	TILE(k4x16, EACH4, STEP4, GET1, PUT1, B1, FMA1)
	LEAQ  (SI)(R8*4), SI
	LEAQ  (DX)(R14*4), DX

rows2x16:
	TESTQ $2, R15
	JEQ   rows1x16
	TILE(k2x16, EACH2, STEP2, GET1, PUT1, B1, FMA1)
	LEAQ  (SI)(R8*2), SI
	LEAQ  (DX)(R14*2), DX

rows1x16:
	TESTQ $1, R15
	JEQ   done
	TILE(k1x16, EACH1, STEP1, GET1, PUT1, B1, FMA1)

done:
	VZEROUPPER
	RET

one:
	SUBQ    $64, CX
	JLT     column
	MOVQ    CX, cols-24(SP)
	MOVQ    a+0(FP), AX
	MOVQ    matMulF32_A(AX), DI
	MOVQ    matMulF32_K(AX), SI
	MOVQ    b-8(SP), BX
	VMOVUPS (DX), Z0
	VMOVUPS 64(DX), Z1
	VMOVUPS 128(DX), Z2
	VMOVUPS 192(DX), Z3

k1x64:
	VBROADCASTSS (DI), Z18
	VFMADD231PS  (BX), Z18, Z0
	VFMADD231PS  64(BX), Z18, Z1
	VFMADD231PS  128(BX), Z18, Z2
	VFMADD231PS  192(BX), Z18, Z3
	ADDQ         R12, DI
	ADDQ         R13, BX
	DECQ         SI
	JNZ          k1x64

	VMOVUPS Z0, (DX)
	VMOVUPS Z1, 64(DX)
	VMOVUPS Z2, 128(DX)
	VMOVUPS Z3, 192(DX)
	ADDQ    $256, b-8(SP)
	ADDQ    $256, DX
	MOVQ    DX, c-16(SP)
	TESTQ   CX, CX
	JNE     one
	VZEROUPPER
	RET
