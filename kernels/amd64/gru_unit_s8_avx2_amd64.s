#include "textflag.h"
#include "go_asm.h"
#include "unit_amd64.h"
#include "unit_avx2_amd64.h"

// The halves of a GRU's step.
//
// CPU: AVX2, BMI2.
//
//	SI x    DI r    R8 N, in bytes    R10 h    R11 y    R12 candidate    CX units left    AX table

#define OUT MBQM(outM-32(SP), outE-24(SP), outHalf-20(SP), outSign-16(SP))

// CODE stores the codes of Y4, Y5.
#define CODE \
	BOTH(VPSLLVD, gruUnitS8_Left(BX)) \
	OUT                               \
	CODES(gruUnitS8_Zero(BX))

#define HALVE15 \
	BOTH(VPADDD, unitConst<>+24(SB)) \
	BOTHN(VPSRAD, $15)

#define START \
	MULTIPLIER(gruUnitS8_OutM(BX), gruUnitS8_Right(BX), outM-32(SP), outE-24(SP), outHalf-20(SP), outSign-16(SP)) \
	WORDS(gruUnitS8_Lo(BX), X14, Y14) \
	WORDS(gruUnitS8_Hi(BX), X15, Y15) \
	LEAQ ·sigmoidPairs(SB), AX        \
	MOVQ gruUnitS8_X(BX), SI          \
	MOVQ gruUnitS8_R(BX), DI          \
	MOVQ gruUnitS8_H(BX), R10         \
	MOVQ gruUnitS8_Y(BX), R11         \
	MOVQ gruUnitS8_Candidate(BX), R12 \
	MOVQ gruUnitS8_N(BX), CX          \
	LEAQ (CX)(CX*1), R8

// func GRUResetS8AVX2(a *abi.GRUUnitS8)
TEXT ·GRUResetS8AVX2(SB), NOSPLIT, $32-8
	MOVQ a+0(FP), BX
	START
	ADDQ R8, SI
	ADDQ R8, DI
	CMPQ gruUnitS8_Linear(BX), $0
	JEQ  states

linear:
	LOGISTIC((SI), (DI), Y8)
	VMOVDQU (R12), Y9
	PRODUCT(Y8, Y9)
	HALVE15
	VPACKSSDW Y5, Y4, Y4
	VMOVDQU Y4, (R12)
	ADDQ      $32, SI
	ADDQ      $32, DI
	ADDQ      $32, R12
	SUBQ      $16, CX
	JGT       linear
	VZEROUPPER
	RET

states:
	LOGISTIC((SI), (DI), Y8)
	VMOVDQU (R10), Y9
	PRODUCT(Y8, Y9)
	HALVE15
	CODE
	ADDQ $32, SI
	ADDQ $32, DI
	ADDQ $32, R10
	ADDQ $16, R11
	SUBQ $16, CX
	JGT  states
	VZEROUPPER
	RET

// func GRUUnitS8AVX2(a *abi.GRUUnitS8)
//
//	Y10 Exp > 0 ? 1 : 0    X11, X13 Exp and the one below
TEXT ·GRUUnitS8AVX2(SB), NOSPLIT, $32-8
	MOVQ  a+0(FP), BX
	START
	MOVL  gruUnitS8_Exp(BX), DX
	VMOVD DX, X11
	XORL  R9, R9
	CMPL  DX, $1
	CMOVLLT R9, DX
	SETGE R9
	VMOVD R9, X10
	VPBROADCASTW X10, Y10
	SUBL  R9, DX
	VMOVD DX, X13

units:
	LOGISTIC((SI), (DI), Y8)
	TANH((SI)(R8*2), (R12), Y9)
	VPSRAW     X13, Y9, Y1
	VPAND      Y10, Y1, Y1
	VPSRAW     X11, Y9, Y9
	VPADDW     Y1, Y9, Y9
	VMOVDQU  (R10), Y0
	VPXOR      Y3, Y3, Y3
	VPSUBW     Y8, Y3, Y1
	VPUNPCKLWD Y1, Y8, Y4
	VPUNPCKHWD Y1, Y8, Y5
	VPUNPCKLWD Y9, Y0, Y6
	VPUNPCKHWD Y9, Y0, Y7
	VPMADDWD   Y6, Y4, Y4
	VPMADDWD   Y7, Y5, Y5
	VPUNPCKLWD Y9, Y3, Y6
	VPUNPCKHWD Y9, Y3, Y7
	VPSRAD     $1, Y6, Y6
	VPSRAD     $1, Y7, Y7
	VPADDD     Y6, Y4, Y4
	VPADDD     Y7, Y5, Y5
	HALVE15
	VPACKSSDW  Y5, Y4, Y0
	VMOVDQU  Y0, (R10)
	CODE
	ADDQ       $32, SI
	ADDQ       $32, DI
	ADDQ       $32, R10
	ADDQ       $32, R12
	ADDQ       $16, R11
	SUBQ       $16, CX
	JGT        units
	VZEROUPPER
	RET
