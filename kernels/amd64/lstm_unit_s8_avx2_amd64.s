#include "textflag.h"
#include "go_asm.h"
#include "unit_amd64.h"
#include "unit_avx2_amd64.h"

// func LSTMUnitS8AVX2(a *abi.LSTMUnitS8)
//
// CPU: AVX2, BMI2.
//
//	SI x    DI r    R8 N, in bytes    R9 3·R8    R10 c    R11 y    CX units left    AX table
//	Y8 i    Y9 f    Y10 o    Y11 g    Y13 scratch

#define ADD MBQM(addM-64(SP), addE-56(SP), addHalf-52(SP), addSign-48(SP))
#define OUT MBQM(outM-40(SP), outE-32(SP), outHalf-28(SP), outSign-24(SP))

TEXT ·LSTMUnitS8AVX2(SB), NOSPLIT, $64-8
	MOVQ a+0(FP), BX
	MULTIPLIER(lstmUnitS8_AddM(BX), lstmUnitS8_AddE(BX), addM-64(SP), addE-56(SP), addHalf-52(SP), addSign-48(SP))
	MULTIPLIER(lstmUnitS8_OutM(BX), lstmUnitS8_OutE(BX), outM-40(SP), outE-32(SP), outHalf-28(SP), outSign-24(SP))
	MOVL  lstmUnitS8_TanhE(BX), CX
	MOVL  $1, DX
	SHLXL CX, DX, DX
	SHRL  $1, DX
	MOVL  DX, tanhHalf-16(SP)
	WORDS(lstmUnitS8_Lo(BX), X14, Y14)
	WORDS(lstmUnitS8_Hi(BX), X15, Y15)
	LEAQ  ·sigmoidPairs(SB), AX

	// Limits of the cell, twice in 32 bits; 2^15 is none.
	MOVL  lstmUnitS8_CellMax(BX), DX
	MOVL  DX, CX
	NEGL  CX
	MOVW  CX, cellLo-12(SP)
	MOVW  CX, cellLo2-10(SP)
	MOVL  $32767, CX
	CMPL  DX, CX
	CMOVLGT CX, DX
	MOVW  DX, cellHi-8(SP)
	MOVW  DX, cellHi2-6(SP)
	MOVQ  lstmUnitS8_X(BX), SI
	MOVQ  lstmUnitS8_R(BX), DI
	MOVQ  lstmUnitS8_C(BX), R10
	MOVQ  lstmUnitS8_Y(BX), R11
	MOVQ  lstmUnitS8_N(BX), CX
	LEAQ  (CX)(CX*1), R8
	LEAQ  (R8)(R8*2), R9

units:
	LOGISTIC((SI), (DI), Y8)
	LOGISTIC((SI)(R8*2), (DI)(R8*2), Y9)
	TANH((SI)(R9*1), (DI)(R9*1), Y11)
	LOGISTIC((SI)(R8*1), (DI)(R8*1), Y10)
	VMOVDQU (R10), Y0
	PRODUCT(Y0, Y9)
	BOTH(VPADDD, unitConst<>+16(SB))
	BOTHN(VPSRAD, $1)
	VPSRAD  $31, Y4, Y6
	VPSRAD  $31, Y5, Y7
	BOTH(VPADDD, unitConst<>+20(SB))
	VPADDD  Y6, Y4, Y4
	VPADDD  Y7, Y5, Y5
	BOTHN(VPSRAD, $14)
	VPACKSSDW Y5, Y4, Y9
	PRODUCT(Y8, Y11)
	ADD
	VPACKSSDW Y5, Y4, Y8
	VPADDSW   Y8, Y9, Y9
	VPBROADCASTD cellLo-12(SP), Y12
	VPMAXSW   Y12, Y9, Y9
	VPBROADCASTD cellHi-8(SP), Y12
	VPMINSW   Y12, Y9, Y9
	VMOVDQU   Y9, (R10)
	VPUNPCKLWD Y9, Y9, Y4
	VPUNPCKHWD Y9, Y9, Y5
	BOTHN(VPSRAD, $16)
	BOTH(VPMULLD, lstmUnitS8_TanhM(BX))
	BOTH(VPADDD, tanhHalf-16(SP))
	BOTH(VPSRAVD, lstmUnitS8_TanhE(BX))
	VPSRAD    $31, Y4, Y8
	VPSRAD    $31, Y5, Y9
	VPABSD    Y4, Y4
	VPABSD    Y5, Y5
	BOTH(VPMINSD, lstmUnitS8_TanhMax(BX))
	VPACKUSDW Y5, Y4, Y1
	VPBROADCASTD unitConst<>+40(SB), Y12
	VPAND     Y12, Y1, Y7
	VPSRLW    $8, Y1, Y1
	LINE(unitConst<>+48(SB))
	ROUND(Y8, Y9, 12, 8, Y11)
	PRODUCT(Y11, Y10)
	OUT
	CODES(lstmUnitS8_Zero(BX))
	ADDQ      $32, SI
	ADDQ      $32, DI
	ADDQ      $32, R10
	ADDQ      $16, R11
	SUBQ      $16, CX
	JGT       units
	VZEROUPPER
	RET
