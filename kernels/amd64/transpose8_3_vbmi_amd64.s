#include "textflag.h"
#include "go_asm.h"

// func Transpose8x3VBMI(a *abi.Transpose)
//
// CPU: AVX512F, BW, VBMI; BMI2. Cols must be 3: three planes become triples. 64 triples a step; the last step reads up to
// 63 bytes past a plane's end and stores under masks.
//
//	SI plane 0    BX plane 1 - plane 0    CX rows left    DI y    AX DX R8 R9 scratch
//	Z0 Z1 Z2 planes    Z3 Z4 Z5 results    Z16 Z17 Z18 where each element of a result comes from
//	K1 K2 K3 elements that come from plane 2    K4 elements to store

// Element i of the 192 comes from row i/3 of plane i%3; for plane 1 the table adds 64, as the permutation of two registers wants.
DATA triples8<>+0(SB)/8, $0x4202014101004000
DATA triples8<>+8(SB)/8, $0x0504440403430302
DATA triples8<>+16(SB)/8, $0x0747070646060545
DATA triples8<>+24(SB)/8, $0x4a0a094909084808
DATA triples8<>+32(SB)/8, $0x0d0c4c0c0b4b0b0a
DATA triples8<>+40(SB)/8, $0x0f4f0f0e4e0e0d4d
DATA triples8<>+48(SB)/8, $0x5212115111105010
DATA triples8<>+56(SB)/8, $0x1514541413531312
DATA triples8<>+64(SB)/8, $0x1757171656161555
DATA triples8<>+72(SB)/8, $0x5a1a195919185818
DATA triples8<>+80(SB)/8, $0x1d1c5c1c1b5b1b1a
DATA triples8<>+88(SB)/8, $0x1f5f1f1e5e1e1d5d
DATA triples8<>+96(SB)/8, $0x6222216121206020
DATA triples8<>+104(SB)/8, $0x2524642423632322
DATA triples8<>+112(SB)/8, $0x2767272666262565
DATA triples8<>+120(SB)/8, $0x6a2a296929286828
DATA triples8<>+128(SB)/8, $0x2d2c6c2c2b6b2b2a
DATA triples8<>+136(SB)/8, $0x2f6f2f2e6e2e2d6d
DATA triples8<>+144(SB)/8, $0x7232317131307030
DATA triples8<>+152(SB)/8, $0x3534743433733332
DATA triples8<>+160(SB)/8, $0x3777373676363575
DATA triples8<>+168(SB)/8, $0x7a3a397939387838
DATA triples8<>+176(SB)/8, $0x3d3c7c3c3b7b3b3a
DATA triples8<>+184(SB)/8, $0x3f7f3f3e7e3e3d7d
GLOBL triples8<>(SB), RODATA|NOPTR, $192

#define STEP \
	VMOVDQU8 (SI), Z0 \
	VMOVDQU8 (SI)(BX*1), Z1 \
	VMOVDQU8 (SI)(BX*2), Z2 \
	VMOVDQA64 Z16, Z3 \
	VMOVDQA64 Z17, Z4 \
	VMOVDQA64 Z18, Z5 \
	VPERMI2B Z1, Z0, Z3 \
	VPERMI2B Z1, Z0, Z4 \
	VPERMI2B Z1, Z0, Z5 \
	VPERMB Z2, Z16, K1, Z3 \
	VPERMB Z2, Z17, K2, Z4 \
	VPERMB Z2, Z18, K3, Z5

// PART stores what is left of a result's 64 elements.
#define PART(z, at, done) \
	CMPQ DX, AX \
	MOVQ AX, R8 \
	CMOVQLT DX, R8 \
	MOVQ $-1, R9 \
	BZHIQ R8, R9, R9 \
	KMOVQ R9, K4 \
	VMOVDQU8 z, K4, at(DI) \
	SUBQ AX, DX \
	JLE done

TEXT ·Transpose8x3VBMI(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	MOVQ transpose_X(AX), SI
	MOVQ transpose_Y(AX), DI
	MOVQ transpose_Rows(AX), CX
	MOVQ transpose_XStride(AX), BX

	VMOVDQU64 triples8<>+0(SB), Z16
	VMOVDQU64 triples8<>+64(SB), Z17
	VMOVDQU64 triples8<>+128(SB), Z18
	MOVQ $0x4924924924924924, AX
	KMOVQ AX, K1
	MOVQ $0x2492492492492492, AX
	KMOVQ AX, K2
	MOVQ $0x9249249249249249, AX
	KMOVQ AX, K3
	JMP next

loop:
	STEP
	VMOVDQU8 Z3, (DI)
	VMOVDQU8 Z4, 64(DI)
	VMOVDQU8 Z5, 128(DI)
	ADDQ $64, SI
	ADDQ $192, DI

next:
	SUBQ $64, CX
	JGE loop
	ADDQ $64, CX
	JEQ done
	STEP
	LEAQ (CX)(CX*2), DX
	MOVQ $64, AX
	PART(Z3, 0, done)
	PART(Z4, 64, done)
	PART(Z5, 128, done)

done:
	VZEROUPPER
	RET
