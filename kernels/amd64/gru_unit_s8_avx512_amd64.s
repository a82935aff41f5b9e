#include "textflag.h"
#include "go_asm.h"
#include "unit_amd64.h"
#include "unit_avx512_amd64.h"

// The halves of a GRU's step.
//
// CPU: AVX512F, BW, VL, DQ.
//
//	SI x    DI r    R8 N, in bytes    R10 h    R11 y    R12 candidate    CX units left    AX table

#define OUT(v, t) MBQM(outM-32(SP), outE-24(SP), outHalf-20(SP), outSign-16(SP), v, t)

// CODE stores the codes of Z4, Z5.
#define CODE \
	VPSLLVD.BCST gruUnitS8_Left(BX), Z4, Z4 \
	VPSLLVD.BCST gruUnitS8_Left(BX), Z5, Z5 \
	OUT(Z4, Z6)                       \
	OUT(Z5, Z7)                       \
	VPADDD.BCST gruUnitS8_Zero(BX), Z4, Z4  \
	VPADDD.BCST gruUnitS8_Zero(BX), Z5, Z5  \
	VPACKSSDW   Z5, Z4, Z4                  \
	VPMOVSWB    Z4, (R11)

#define HALVE15 \
	VPADDD.BCST unitConst<>+24(SB), Z4, Z4 \
	VPADDD.BCST unitConst<>+24(SB), Z5, Z5 \
	VPSRAD      $15, Z4, Z4                \
	VPSRAD      $15, Z5, Z5

#define START \
	MULTIPLIER(gruUnitS8_OutM(BX), gruUnitS8_Right(BX), outM-32(SP), outE-24(SP), outHalf-20(SP), outSign-16(SP)) \
	TABLES(gruUnitS8_Lo(BX), gruUnitS8_Hi(BX)) \
	MOVQ gruUnitS8_X(BX), SI          \
	MOVQ gruUnitS8_R(BX), DI          \
	MOVQ gruUnitS8_H(BX), R10         \
	MOVQ gruUnitS8_Y(BX), R11         \
	MOVQ gruUnitS8_Candidate(BX), R12 \
	MOVQ gruUnitS8_N(BX), CX          \
	LEAQ (CX)(CX*1), R8

// func GRUResetS8AVX512(a *abi.GRUUnitS8)
TEXT ·GRUResetS8AVX512(SB), NOSPLIT, $32-8
	MOVQ a+0(FP), BX
	START
	ADDQ R8, SI
	ADDQ R8, DI
	CMPQ gruUnitS8_Linear(BX), $0
	JEQ  states

linear:
	LOGISTIC((SI), (DI), Z8)
	VMOVDQU16 (R12), Z9
	PRODUCT(Z8, Z9)
	HALVE15
	VPACKSSDW Z5, Z4, Z4
	VMOVDQU16 Z4, (R12)
	ADDQ      $64, SI
	ADDQ      $64, DI
	ADDQ      $64, R12
	SUBQ      $32, CX
	JGT       linear
	VZEROUPPER
	RET

states:
	LOGISTIC((SI), (DI), Z8)
	VMOVDQU16 (R10), Z9
	PRODUCT(Z8, Z9)
	HALVE15
	CODE
	ADDQ $64, SI
	ADDQ $64, DI
	ADDQ $64, R10
	ADDQ $32, R11
	SUBQ $32, CX
	JGT  states
	VZEROUPPER
	RET

// func GRUUnitS8AVX512(a *abi.GRUUnitS8)
//
//	Z12 Exp > 0 ? 1 : 0    X11, X13 Exp and the one below    Z10 zeros
TEXT ·GRUUnitS8AVX512(SB), NOSPLIT, $32-8
	MOVQ  a+0(FP), BX
	START
	MOVL  gruUnitS8_Exp(BX), DX
	VMOVD DX, X11
	XORL  R9, R9
	CMPL  DX, $1
	CMOVLLT R9, DX
	SETGE R9
	VPBROADCASTW R9, Z12
	SUBL  R9, DX
	VMOVD DX, X13
	VPXORD Z10, Z10, Z10

units:
	LOGISTIC((SI), (DI), Z8)
	TANH((SI)(R8*2), (R12), Z9)
	VPSRAW     X13, Z9, Z1
	VPANDD     Z12, Z1, Z1
	VPSRAW     X11, Z9, Z9
	VPADDW     Z1, Z9, Z9
	VMOVDQU16  (R10), Z0
	VPSUBW     Z8, Z10, Z1
	VPUNPCKLWD Z1, Z8, Z4
	VPUNPCKHWD Z1, Z8, Z5
	VPUNPCKLWD Z9, Z0, Z6
	VPUNPCKHWD Z9, Z0, Z7
	VPMADDWD   Z6, Z4, Z4
	VPMADDWD   Z7, Z5, Z5
	VPUNPCKLWD Z9, Z10, Z6
	VPUNPCKHWD Z9, Z10, Z7
	VPSRAD     $1, Z6, Z6
	VPSRAD     $1, Z7, Z7
	VPADDD     Z6, Z4, Z4
	VPADDD     Z7, Z5, Z5
	HALVE15
	VPACKSSDW  Z5, Z4, Z0
	VMOVDQU16  Z0, (R10)
	CODE
	ADDQ       $64, SI
	ADDQ       $64, DI
	ADDQ       $64, R10
	ADDQ       $64, R12
	ADDQ       $32, R11
	SUBQ       $32, CX
	JGT        units
	VZEROUPPER
	RET
