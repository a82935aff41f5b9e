#include "textflag.h"
#include "go_asm.h"

// func Transpose32x3AVX512(a *abi.Transpose)
//
// CPU: AVX512F; BMI2. Cols must be 3: three planes become triples. 16 triples a step; the last step reads up to
// 60 bytes past a plane's end and stores under masks.
//
//	SI plane 0    BX plane 1 - plane 0    CX rows left    DI y    AX DX R8 R9 scratch
//	Z0 Z1 Z2 planes    Z3 Z4 Z5 results    Z16 Z17 Z18 where each element of a result comes from
//	K1 K2 K3 elements that come from plane 2    K4 elements to store

// Element i of the 48 comes from row i/3 of plane i%3; for plane 1 the table adds 16, as the permutation of two registers wants.
DATA triples32<>+0(SB)/8, $0x0000001000000000
DATA triples32<>+8(SB)/8, $0x0000000100000000
DATA triples32<>+16(SB)/8, $0x0000000100000011
DATA triples32<>+24(SB)/8, $0x0000001200000002
DATA triples32<>+32(SB)/8, $0x0000000300000002
DATA triples32<>+40(SB)/8, $0x0000000300000013
DATA triples32<>+48(SB)/8, $0x0000001400000004
DATA triples32<>+56(SB)/8, $0x0000000500000004
DATA triples32<>+64(SB)/8, $0x0000000500000015
DATA triples32<>+72(SB)/8, $0x0000001600000006
DATA triples32<>+80(SB)/8, $0x0000000700000006
DATA triples32<>+88(SB)/8, $0x0000000700000017
DATA triples32<>+96(SB)/8, $0x0000001800000008
DATA triples32<>+104(SB)/8, $0x0000000900000008
DATA triples32<>+112(SB)/8, $0x0000000900000019
DATA triples32<>+120(SB)/8, $0x0000001a0000000a
DATA triples32<>+128(SB)/8, $0x0000000b0000000a
DATA triples32<>+136(SB)/8, $0x0000000b0000001b
DATA triples32<>+144(SB)/8, $0x0000001c0000000c
DATA triples32<>+152(SB)/8, $0x0000000d0000000c
DATA triples32<>+160(SB)/8, $0x0000000d0000001d
DATA triples32<>+168(SB)/8, $0x0000001e0000000e
DATA triples32<>+176(SB)/8, $0x0000000f0000000e
DATA triples32<>+184(SB)/8, $0x0000000f0000001f
GLOBL triples32<>(SB), RODATA|NOPTR, $192

#define STEP \
	VMOVDQU32 (SI), Z0 \
	VMOVDQU32 (SI)(BX*1), Z1 \
	VMOVDQU32 (SI)(BX*2), Z2 \
	VMOVDQA64 Z16, Z3 \
	VMOVDQA64 Z17, Z4 \
	VMOVDQA64 Z18, Z5 \
	VPERMI2D Z1, Z0, Z3 \
	VPERMI2D Z1, Z0, Z4 \
	VPERMI2D Z1, Z0, Z5 \
	VPERMD Z2, Z16, K1, Z3 \
	VPERMD Z2, Z17, K2, Z4 \
	VPERMD Z2, Z18, K3, Z5

// PART stores what is left of a result's 16 elements.
#define PART(z, at, done) \
	CMPQ DX, AX \
	MOVQ AX, R8 \
	CMOVQLT DX, R8 \
	MOVL $-1, R9 \
	BZHIL R8, R9, R9 \
	KMOVW R9, K4 \
	VMOVDQU32 z, K4, at(DI) \
	SUBQ AX, DX \
	JLE done

TEXT ·Transpose32x3AVX512(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	MOVQ transpose_X(AX), SI
	MOVQ transpose_Y(AX), DI
	MOVQ transpose_Rows(AX), CX
	MOVQ transpose_XStride(AX), BX
	SHLQ $2, BX
	VMOVDQU64 triples32<>+0(SB), Z16
	VMOVDQU64 triples32<>+64(SB), Z17
	VMOVDQU64 triples32<>+128(SB), Z18
	MOVL $0x4924, AX
	KMOVW AX, K1
	MOVL $0x2492, AX
	KMOVW AX, K2
	MOVL $0x9249, AX
	KMOVW AX, K3
	JMP next

loop:
	STEP
	VMOVDQU32 Z3, (DI)
	VMOVDQU32 Z4, 64(DI)
	VMOVDQU32 Z5, 128(DI)
	ADDQ $64, SI
	ADDQ $192, DI

next:
	SUBQ $16, CX
	JGE loop
	ADDQ $16, CX
	JEQ done
	STEP
	LEAQ (CX)(CX*2), DX
	MOVQ $16, AX
	PART(Z3, 0, done)
	PART(Z4, 64, done)
	PART(Z5, 128, done)

done:
	VZEROUPPER
	RET
