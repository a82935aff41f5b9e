#include "textflag.h"
#include "go_asm.h"
#include "transpose_3_avx512_amd64.h"

// func Transpose8x3VBMI(a *abi.Transpose)
//
// CPU: AVX512F, BW, VBMI; BMI2. Cols must be 3. 64 triples a step. Registers, tail and triples<>: TRANSPOSE_3.
DATA triples<>+0(SB)/8, $0x4202014101004000
DATA triples<>+8(SB)/8, $0x0504440403430302
DATA triples<>+16(SB)/8, $0x0747070646060545
DATA triples<>+24(SB)/8, $0x4a0a094909084808
DATA triples<>+32(SB)/8, $0x0d0c4c0c0b4b0b0a
DATA triples<>+40(SB)/8, $0x0f4f0f0e4e0e0d4d
DATA triples<>+48(SB)/8, $0x5212115111105010
DATA triples<>+56(SB)/8, $0x1514541413531312
DATA triples<>+64(SB)/8, $0x1757171656161555
DATA triples<>+72(SB)/8, $0x5a1a195919185818
DATA triples<>+80(SB)/8, $0x1d1c5c1c1b5b1b1a
DATA triples<>+88(SB)/8, $0x1f5f1f1e5e1e1d5d
DATA triples<>+96(SB)/8, $0x6222216121206020
DATA triples<>+104(SB)/8, $0x2524642423632322
DATA triples<>+112(SB)/8, $0x2767272666262565
DATA triples<>+120(SB)/8, $0x6a2a296929286828
DATA triples<>+128(SB)/8, $0x2d2c6c2c2b6b2b2a
DATA triples<>+136(SB)/8, $0x2f6f2f2e6e2e2d6d
DATA triples<>+144(SB)/8, $0x7232317131307030
DATA triples<>+152(SB)/8, $0x3534743433733332
DATA triples<>+160(SB)/8, $0x3777373676363575
DATA triples<>+168(SB)/8, $0x7a3a397939387838
DATA triples<>+176(SB)/8, $0x3d3c7c3c3b7b3b3a
DATA triples<>+184(SB)/8, $0x3f7f3f3e7e3e3d7d
GLOBL triples<>(SB), RODATA|NOPTR, $192

TEXT ·Transpose8x3VBMI(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	MOVQ transpose_XStride(AX), BX
	TRANSPOSE_3(64, VMOVDQU8, KMOVQ, VPERMB, VPERMI2B)
