#include "textflag.h"
#include "go_asm.h"
#include "unit_amd64.h"
#include "unit_avx512_amd64.h"

// func LSTMUnitS8AVX512(a *abi.LSTMUnitS8)
//
// CPU: AVX512F, BW, VL, DQ.
//
//	SI x    DI r    R8 N, in bytes    R9 3·R8    R10 c    R11 y    CX units left    AX table
//	Z8 i    Z9 f    Z10 o    Z11 g    Z12, Z13 limits of the cell

#define ADD(v, t) MBQM(addM-64(SP), addE-56(SP), addHalf-52(SP), addSign-48(SP), v, t)
#define OUT(v, t) MBQM(outM-40(SP), outE-32(SP), outHalf-28(SP), outSign-24(SP), v, t)

#define KEEP(v, t) \
	VPADDD.BCST unitConst<>+16(SB), v, v \
	VPSRAD      $1, v, v                 \
	VPSRAD      $31, v, t                \
	VPADDD.BCST unitConst<>+20(SB), v, v \
	VPADDD      t, v, v                  \
	VPSRAD      $14, v, v

#define CELL(v, s) \
	VPSRAD       $16, v, v                    \
	VPMULLD.BCST lstmUnitS8_TanhM(BX), v, v   \
	VPADDD.BCST  tanhHalf-16(SP), v, v        \
	VPSRAVD.BCST lstmUnitS8_TanhE(BX), v, v   \
	VPSRAD       $31, v, s                    \
	VPABSD       v, v                         \
	VPMINSD.BCST lstmUnitS8_TanhMax(BX), v, v

TEXT ·LSTMUnitS8AVX512(SB), NOSPLIT, $64-8
	MOVQ a+0(FP), BX
	MULTIPLIER(lstmUnitS8_AddM(BX), lstmUnitS8_AddE(BX), addM-64(SP), addE-56(SP), addHalf-52(SP), addSign-48(SP))
	MULTIPLIER(lstmUnitS8_OutM(BX), lstmUnitS8_OutE(BX), outM-40(SP), outE-32(SP), outHalf-28(SP), outSign-24(SP))
	MOVL  lstmUnitS8_TanhE(BX), CX
	MOVL  $1, DX
	SHLXL CX, DX, DX
	SHRL  $1, DX
	MOVL  DX, tanhHalf-16(SP)
	TABLES(lstmUnitS8_Lo(BX), lstmUnitS8_Hi(BX))
	MOVL  lstmUnitS8_CellMax(BX), DX
	MOVL  DX, CX
	NEGL  CX
	VPBROADCASTW CX, Z12
	MOVL  $32767, CX // 2^15 is no limit
	CMPL  DX, CX
	CMOVLGT CX, DX
	VPBROADCASTW DX, Z13
	MOVQ  lstmUnitS8_X(BX), SI
	MOVQ  lstmUnitS8_R(BX), DI
	MOVQ  lstmUnitS8_C(BX), R10
	MOVQ  lstmUnitS8_Y(BX), R11
	MOVQ  lstmUnitS8_N(BX), CX
	LEAQ  (CX)(CX*1), R8
	LEAQ  (R8)(R8*2), R9

units:
	LOGISTIC((SI), (DI), Z8)
	LOGISTIC((SI)(R8*2), (DI)(R8*2), Z9)
	TANH((SI)(R9*1), (DI)(R9*1), Z11)
	LOGISTIC((SI)(R8*1), (DI)(R8*1), Z10)
	VMOVDQU16 (R10), Z0
	PRODUCT(Z0, Z9)
	KEEP(Z4, Z6)
	KEEP(Z5, Z7)
	VPACKSSDW Z5, Z4, Z9
	PRODUCT(Z8, Z11)
	ADD(Z4, Z6)
	ADD(Z5, Z7)
	VPACKSSDW Z5, Z4, Z8
	VPADDSW   Z8, Z9, Z9
	VPMAXSW   Z12, Z9, Z9
	VPMINSW   Z13, Z9, Z9
	VMOVDQU16 Z9, (R10)
	VPUNPCKLWD Z9, Z9, Z4
	VPUNPCKHWD Z9, Z9, Z5
	CELL(Z4, Z8)
	CELL(Z5, Z9)
	VPACKUSDW Z5, Z4, Z1
	VPANDD    Z27, Z1, Z7
	VPSRLW    $8, Z1, Z1
	LINE(Z29)
	ROUND(Z8, Z9, 12, 8, Z11)
	PRODUCT(Z11, Z10)
	OUT(Z4, Z6)
	OUT(Z5, Z7)
	VPADDD.BCST lstmUnitS8_Zero(BX), Z4, Z4
	VPADDD.BCST lstmUnitS8_Zero(BX), Z5, Z5
	VPACKSSDW Z5, Z4, Z4
	VPMOVSWB  Z4, (R11)
	ADDQ      $64, SI
	ADDQ      $64, DI
	ADDQ      $64, R10
	ADDQ      $32, R11
	SUBQ      $32, CX
	JGT       units
	VZEROUPPER
	RET
